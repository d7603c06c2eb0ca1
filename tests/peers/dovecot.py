"""A real Dovecot: IMAP and LMTP, and SASL for Postfix. Runs as root, keeps everything in a scratch folder."""

from __future__ import annotations

import imaplib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.place import fill, free_ports, greets, scratch, wait_until


@dataclass(frozen=True)
class Dovecot:
    """`users` holds passwords by address; the ports are on 127.0.0.1, without TLS."""

    folder: Path
    users: Mapping[str, str]
    imap: int
    lmtp: int
    sasl: int

    @contextmanager
    def mailbox(self, user: str) -> Iterator[imaplib.IMAP4]:
        """An IMAP connection that is logged in."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=10) as connection:
            connection.login(user, self.users[user])
            yield connection

    def messages(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """All messages of a folder, oldest first."""
        with self.mailbox(user) as connection:
            status, _ = connection.select(folder, readonly=True)
            assert status == "OK", folder
            numbers = connection.search(None, "ALL")[1][0].split()
            return [connection.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index,misc]

    def wait(self, user: str, count: int = 1, folder: str = "INBOX") -> list[bytes]:
        """The messages of a folder, as soon as there are `count`."""
        wait_until(lambda: len(self.messages(user, folder)) >= count, f"mail {count} for {user}")
        return self.messages(user, folder)


@contextmanager
def dovecot(users: Mapping[str, str]) -> Iterator[Dovecot]:
    """Running while the context lasts."""
    with scratch("dovecot") as folder:
        imap, lmtp, sasl = free_ports(3)
        for part in ("run", "state", "mail"):
            (folder / "dovecot" / part).mkdir(parents=True)
        shutil.chown(folder / "dovecot" / "mail", "mail", "mail")
        lines = (f"{address}:{{PLAIN}}{password}\n" for address, password in users.items())
        (folder / "dovecot" / "users").write_text("".join(lines))
        configuration = folder / "dovecot.conf"
        configuration.write_text(fill("dovecot.conf", dir=folder, imap=imap, lmtp=lmtp, sasl=sasl))
        process = subprocess.Popen(["dovecot", "-F", "-c", str(configuration)])
        try:
            wait_until(lambda: greets(imap) and greets(lmtp) and greets(sasl), "Dovecot's greeting")
            yield Dovecot(folder, dict(users), imap, lmtp, sasl)
        finally:
            process.terminate()
            process.wait(20)
