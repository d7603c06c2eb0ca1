"""A large message, once relayed and once sealed: peak memory of every process, and the time until 250.

    python -m benchmarks.large_message [--mib 25]

The size is that of the message as it is sent: headers, bodies and base64. Times go from the first octet of the message, and
from the final dot, to the reply; and to the arrival at the next server. Memory is VmHWM of /proc, before and after it.
"""

from __future__ import annotations

import argparse
import os
import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage

from tests.e2e.demo import until
from tests.e2e.processes import peak_memory, roles_below
from tests.e2e.site import Site, running_site

MIB = 1024 * 1024
BODIES = {"relayed": "Zoals afgesproken de stukken.", "sealed": "Zoals afgesproken het dossier; het BSN is 111222333."}
LINE = b"2026-11-24;artikel;een omschrijving zonder iets bijzonders;12,50\r\n"


@dataclass(frozen=True)
class Figures:
    """Seconds, and bytes by role: the largest of the role's processes before and after."""

    from_first_octet: float
    from_final_dot: float
    until_arrival: float
    memory: dict[str, tuple[int, int]]


def message(body: str, size: int) -> bytes:
    """Text that is scanned and pictures that are not, half and half."""
    mail = EmailMessage()
    mail["From"] = "anna@example.nl"
    mail["To"] = "jan@elders.example"
    mail["Subject"] = "Stukken"
    mail.set_content(body)
    half = size * 57 // 78 // 2  # base64 makes 78 octets, line end included, of 57
    mail.add_attachment(LINE * (half // len(LINE)), maintype="text", subtype="csv", filename="lijst.csv")
    for number in range(2):
        picture = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + os.urandom(half // 2)
        mail.add_attachment(picture, maintype="image", subtype="jpeg", filename=f"foto{number}.jpg")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def peaks(site: Site) -> dict[str, int]:
    assert site.process is not None
    return {role: max(map(peak_memory, pids)) for role, pids in roles_below(site.process.pid).items()}


def measure(raw: bytes) -> Figures:
    assert b"\n." not in raw  # so no dot needs another one before it
    with running_site() as site, smtplib.SMTP("127.0.0.1", site.smtp_port, timeout=300) as client:
        before = peaks(site)
        client.ehlo("client.example")
        client.mail("anna@example.nl", [f"SIZE={len(raw)}"])
        client.rcpt("jan@elders.example")
        client.docmd("DATA")
        began = time.perf_counter()
        client.send(raw)
        dotted = time.perf_counter()
        client.send(b".\r\n")
        reply = client.getreply()
        answered = time.perf_counter()
        assert reply[0] == 250, reply
        until(lambda: site.world.to("jan@elders.example"), 120, every=0.01)
        arrived = time.perf_counter()
        size = len(site.world.to("jan@elders.example")[0].raw)
        print(f"  {len(raw) / MIB:.1f} MiB sent, {size / MIB:.1f} MiB left")
        after = peaks(site)
    memory = {role: (before[role], after[role]) for role in before}
    return Figures(answered - began, answered - dotted, arrived - answered, memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=float, default=25)
    size = int(parser.parse_args().mib * MIB)
    for name, body in BODIES.items():
        print(f"{name}:")
        figures = measure(message(body, size))
        print(f"  first octet to 250 {figures.from_first_octet:8.2f} s")
        print(f"  final dot to 250   {figures.from_final_dot:8.2f} s")
        print(f"  250 to arrival     {figures.until_arrival:8.2f} s")
        for role, (idle, peak) in sorted(figures.memory.items()):
            print(f"  {role:18} {idle / MIB:8.0f} MiB idle {peak / MIB:8.0f} MiB peak")


if __name__ == "__main__":
    main()
