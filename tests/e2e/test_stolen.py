"""A copy of everything at rest opens no sealed message; one secret that is kept elsewhere does, by the same attempts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.core.records import GrantKind
from gateway.demo import PASSWORD
from gateway.vault.codes import parse_code
from gateway.vault.key_files import parse_recovery
from tests.e2e.demo import link_in
from tests.e2e.site import Site, running_site
from tests.e2e.thief import Opened, Thief

pytestmark = pytest.mark.e2e

# What docs/flow.md says that the SMTP role holds.
OF_SMTP = ("queue.pub", "recovery-example.pub", "transport.key", "history.key", "tls.crt", "tls.key")
AGREED = "Kwakkelstaart-9"
MESSAGES = {  # subject -> directives
    "alleen code": (),
    "sms": ("--header", "X-Zegel-Verify: sms@elders.example sms +31687654321"),
    "wachtwoord": ("--header", f"X-Zegel-Verify: wachtwoord@elders.example password {AGREED}"),
    "wacht": ("--header", "Zivver-Minimum-Recipient-Verification: sms"),  # and no number: the order waits
}
NOTIFIED = ("alleen code", "sms", "wachtwoord")


@dataclass(frozen=True)
class Spoils:
    """The files as they were when the machine was stolen, and what stood elsewhere."""

    site: Site
    codes: dict[str, bytes]  # subject -> message code, from the notification
    recovery: bytes  # from paper


def send(site: Site, subject: str) -> str:
    recipient = f"{subject.replace(' ', '.')}@elders.example"
    options = ("--header", f"Subject: {subject}", *MESSAGES[subject])
    site.swaks("--from", "anna@example.nl", "--to", recipient, *options, body="Het BSN is 111222333.")
    return recipient


@pytest.fixture(scope="module")
def spoils() -> Iterator[Spoils]:
    with running_site() as site:
        codes = {}
        for subject in MESSAGES:
            recipient = send(site, subject)
            if subject in NOTIFIED:
                code = parse_code(link_in(site.arrived(recipient)[0]).code)
                assert code is not None
                codes[subject] = code
        site.arrived("anna@example.nl", len(MESSAGES))
        site.kill()
        lines = [line.strip() for line in site.init_output.splitlines()]
        start = next(number for number, line in enumerate(lines) if line.startswith("RECOVERY KEY")) + 2
        recovery = parse_recovery("\n".join(lines[start : start + 2]))
        assert recovery is not None
        yield Spoils(site, codes, recovery)


def copy(spoils: Spoils, target: Path, *more: str) -> Path:
    """Database with its log, blobs, configuration, the SMTP role's keys and `more` key files."""
    source = spoils.site.folder
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("keys", "run", "world"))
    (target / "keys").mkdir()
    for name in (*OF_SMTP, *more):
        shutil.copy(source / "keys" / name, target / "keys" / name)
    return target


def by(found: list[Opened]) -> set[tuple[str, GrantKind]]:
    return {(opened.subject, opened.by) for opened in found}


@pytest.mark.parametrize("more", [(), ("server.key",)], ids=["keys of smtp", "and the server key"])
async def test_a_copy_of_everything_at_rest_opens_nothing(
    spoils: Spoils, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """Not even for a thief who knows the agreed password; the server key gives the SMS factor, but no message code."""
    thief = Thief(copy(spoils, tmp_path / "copy", *more), passwords=(AGREED,))
    assert await thief.opens() == []
    assert await thief.opens_payloads() == []


async def test_message_codes_open_what_needs_nothing_else(spoils: Spoils, tmp_path: Path) -> None:
    thief = Thief(copy(spoils, tmp_path / "copy"), codes=tuple(spoils.codes.values()))
    assert by(await thief.opens()) == {("alleen code", GrantKind.RECIPIENT)}


async def test_message_codes_with_password_and_server_key_open_the_others(spoils: Spoils, tmp_path: Path) -> None:
    folder = copy(spoils, tmp_path / "copy", "server.key")
    thief = Thief(folder, codes=tuple(spoils.codes.values()), passwords=(AGREED,))
    assert by(await thief.opens()) == {(subject, GrantKind.RECIPIENT) for subject in NOTIFIED}


async def test_the_recovery_key_opens_all(spoils: Spoils, tmp_path: Path) -> None:
    """By its own grants, and by those of the accounts whose keys it opens."""
    thief = Thief(copy(spoils, tmp_path / "copy"), privates=(spoils.recovery,))
    kinds = (GrantKind.RECOVERY, GrantKind.ACCOUNT)
    assert by(await thief.opens()) == {(subject, kind) for subject in MESSAGES for kind in kinds}


async def test_the_senders_password_opens_hers(spoils: Spoils, tmp_path: Path) -> None:
    thief = Thief(copy(spoils, tmp_path / "copy"), passwords=(PASSWORD,))
    assert by(await thief.opens()) == {(subject, GrantKind.ACCOUNT) for subject in MESSAGES}


async def test_the_queue_key_opens_only_what_still_waits(spoils: Spoils, tmp_path: Path) -> None:
    thief = Thief(copy(spoils, tmp_path / "copy", "queue.key"))
    assert by(await thief.opens()) == {("wacht", GrantKind.QUEUE)}
    assert len(await thief.opens_payloads()) == 1
