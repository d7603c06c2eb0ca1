"""What `zegel init` makes: the folder of keys, the database, and the recovery keys that leave the machine on paper."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.adapters.dkim_signer import generate_key, txt_record, zone_line
from gateway.adapters.migrate import upgrade
from gateway.settings import OrganisationSettings, Settings
from gateway.vault import keys
from gateway.vault.history_key import HistoryKey
from gateway.vault.key_files import KeyType, print_recovery, read_key, read_keys, write_keys
from gateway.vault.queue_key import QueueKeyRing, QueueKeySealer
from gateway.vault.server_key import SymmetricServerKey
from gateway.vault.transport import HmacTransportGuard
from gateway.vault.vault import Vault

QUEUE_PUBLIC, QUEUE_PRIVATE = "queue.pub", "queue.key"
SERVER, TRANSPORT, HISTORY, LISTS = "server.key", "transport.key", "history.key", "lists.key"
CERTIFICATE_DAYS = 3650


class KeyFolder:
    """The keys of one installation. Each role calls only what it may hold; a missing file is `Misconfigured`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def queue_sealer(self) -> QueueKeySealer:
        return QueueKeySealer(read_key(self._folder / QUEUE_PUBLIC, KeyType.QUEUE_PUBLIC))

    def queue_ring(self) -> QueueKeyRing:
        return QueueKeyRing(*read_keys(self._folder / QUEUE_PRIVATE, KeyType.QUEUE_PRIVATE))

    def server_key(self) -> SymmetricServerKey:
        return SymmetricServerKey(read_key(self._folder / SERVER, KeyType.SERVER))

    def transport_guard(self) -> HmacTransportGuard:
        return HmacTransportGuard(read_key(self._folder / TRANSPORT, KeyType.TRANSPORT))

    def history_key(self) -> HistoryKey:
        return HistoryKey(read_key(self._folder / HISTORY, KeyType.HISTORY))

    def lists_key(self) -> bytes:
        """For lists of the organisation's own; held by the scan role and used by `zegel lists`."""
        return read_key(self._folder / LISTS, KeyType.LISTS)

    def recovery(self, path: Path) -> bytes:
        """An organisation's public recovery key."""
        return read_key(path, KeyType.RECOVERY_PUBLIC)


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was made. The recovery keys exist only here: print them and forget them."""

    files: tuple[str, ...]
    recovery: tuple[tuple[str, str], ...] = field(repr=False)  # (organisation, printed key)
    records: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person at a terminal."""
        lines = [f"made {name}" for name in self.files]
        for organisation, printed in self.recovery:
            lines += [
                "",
                f"RECOVERY KEY of {organisation}. Shown this once, stored nowhere: write it on paper, keep it offline.",
                "",
                *(f"    {line}" for line in printed.splitlines()),
                "",
                "Without it, nobody can open the messages of an account whose password is lost.",
            ]
        if self.records:
            lines += ["", "Publish in DNS, so that what Zegel signs can be verified:", *self.records]
        return lines or ["nothing to make: every key is there"]


def initialise(settings: Settings) -> Initialised:
    """Makes every key that is not there yet, and the database. Never overwrites a key."""
    vault = Vault()
    for folder, mode in ((settings.keys, 0o750), (settings.data, 0o750), (settings.sockets, 0o750)):
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    made: list[str] = []
    if not (settings.keys / QUEUE_PRIVATE).exists():
        public, private = vault.new_key_pair()
        write_keys(settings.keys / QUEUE_PRIVATE, KeyType.QUEUE_PRIVATE, private)
        write_keys(settings.keys / QUEUE_PUBLIC, KeyType.QUEUE_PUBLIC, public, replace=True)
        made += [QUEUE_PRIVATE, QUEUE_PUBLIC]
    symmetric = {SERVER: KeyType.SERVER, TRANSPORT: KeyType.TRANSPORT, HISTORY: KeyType.HISTORY, LISTS: KeyType.LISTS}
    for name, kind in symmetric.items():
        if not (settings.keys / name).exists():
            write_keys(settings.keys / name, kind, vault.new_data_key())
            made.append(name)
    recovery = [printed for item in settings.organisations if (printed := _recovery(vault, item))]
    made += [item.recovery_file.name for item in settings.organisations if item.fields.id in dict(recovery)]
    records = []
    for item in settings.organisations:
        for key in item.fields.dkim:
            path = Path(key.key_file)
            if not path.exists():
                _write_private(path, generate_key())
                made.append(path.name)
                records.append(zone_line(key.domain, key.selector, txt_record(path.read_bytes())))
    upgrade(settings.store_url)
    return Initialised(tuple(made), tuple(recovery), tuple(records))


def _recovery(vault: Vault, item: OrganisationSettings) -> tuple[str, str] | None:
    if item.recovery_file.exists():
        return None
    public, private = vault.new_key_pair()
    write_keys(item.recovery_file, KeyType.RECOVERY_PUBLIC, public)
    return item.fields.id, print_recovery(private)


def rotate_queue_key(settings: Settings) -> str:
    """A new queue key; the former ones stay in the file behind it, for what still waits. Returns the new key's id."""
    path = settings.keys / QUEUE_PRIVATE
    former = read_keys(path, KeyType.QUEUE_PRIVATE)
    vault = Vault()
    public, private = vault.new_key_pair()
    # The private half first: whatever the new public half seals can then be opened.
    write_keys(path, KeyType.QUEUE_PRIVATE, private, *former, replace=True)
    write_keys(settings.keys / QUEUE_PUBLIC, KeyType.QUEUE_PUBLIC, public, replace=True)
    return keys.key_id(public)


def self_signed(folder: Path, hostname: str, now: dt.datetime) -> None:
    """A certificate of one's own for STARTTLS, `tls.crt` and `tls.key`: for the demo and for first tries."""
    if (folder / "tls.crt").exists():
        return
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname), x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_private(folder / "tls.key", pem)
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
