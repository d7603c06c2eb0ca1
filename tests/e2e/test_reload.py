"""SIGHUP: a new policy file takes effect between two messages of one connection; a broken one changes nothing but the log."""

from __future__ import annotations

import signal
import smtplib

import pytest

from tests.e2e.demo import until
from tests.e2e.processes import roles_below
from tests.e2e.site import Site, running_site

pytestmark = pytest.mark.e2e

BLOCK = """[[policy]]
id = "block-{word}"
when.subject = "*{word}*"
then.action = "block"
then.explain.nl = "{word} mag niet."
then.explain.en = "{word} is not allowed."
"""


def reload(site: Site, event: str) -> dict[str, object]:
    """Sends SIGHUP to the supervisor, as `systemctl reload` does; the line in which the SMTP role says what came of it."""
    assert site.process is not None

    def told() -> list[dict[str, object]]:
        return [line for line in site.events(event) if line["role"] == "smtp"]

    before = len(told())
    site.process.send_signal(signal.SIGHUP)
    return until(lambda: told()[before:])[0]


def mail(client: smtplib.SMTP, recipient: str, subject: str) -> tuple[int, bytes]:
    client.mail("anna@example.nl")
    client.rcpt(recipient)
    answer = client.data(f"From: anna@example.nl\r\nSubject: {subject}\r\n\r\nDag.\r\n")
    client.rset()
    return answer


def test_new_policies_come_into_force_without_a_dropped_connection() -> None:
    with running_site() as site, smtplib.SMTP("127.0.0.1", site.smtp_port, timeout=30) as client:
        assert site.process is not None
        processes = roles_below(site.process.pid)
        client.ehlo("client.example")
        assert mail(client, "een@elders.example", "peren")[0] == 250

        # In the middle of a message.
        client.mail("anna@example.nl")
        client.rcpt("twee@elders.example")
        assert client.docmd("DATA")[0] == 354
        client.send(b"From: anna@example.nl\r\nSubject: appels\r\n\r\nEerste ")
        (site.policies / "fruit.toml").write_text(BLOCK.format(word="peren"), encoding="utf-8")
        reload(site, "policies_reloaded")
        client.send(b"helft.\r\n.\r\n")
        assert client.getreply()[0] == 250
        assert b"\r\n\r\nEerste helft.\r\n" in site.arrived("twee@elders.example")[0]
        refused = mail(client, "een@elders.example", "peren")
        assert refused == (554, b"5.7.1 peren mag niet.")

        # One mistake: everything stays as it was, and the log says where it is.
        good = BLOCK.format(word="appels")
        (site.policies / "fruit.toml").write_text(good + BLOCK.format(word="peren").replace("block", "blok"))
        told = reload(site, "policies_not_reloaded")
        assert told["level"] == "error"
        [mistake] = told["mistakes"]
        assert "fruit.toml:10: policy[2].then.action:" in mistake
        assert mail(client, "een@elders.example", "peren")[0] == 554
        assert mail(client, "drie@elders.example", "appels")[0] == 250

        (site.policies / "fruit.toml").write_text(good, encoding="utf-8")
        reload(site, "policies_reloaded")
        assert mail(client, "een@elders.example", "peren")[0] == 250
        assert mail(client, "drie@elders.example", "appels")[0] == 554
        assert len(site.arrived("een@elders.example", 2)) == 2

        # Scan workers are replaced to read the rules anew; nothing else was.
        now = roles_below(site.process.pid)
        assert {role: pids for role, pids in now.items() if role != "worker"} == {
            role: pids for role, pids in processes.items() if role != "worker"
        }
        assert site.events("role_ended") == []
