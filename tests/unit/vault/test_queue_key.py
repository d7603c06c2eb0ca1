"""The queue key ring, the server key and the loop guard."""

from __future__ import annotations

import os

import pytest

from gateway.core.errors import CannotOpen
from gateway.core.ports import QueueOpener, QueueSealer, ServerKey, TransportGuard
from gateway.vault.queue_key import QueueKeyRing, QueueKeySealer
from gateway.vault.server_key import SymmetricServerKey
from gateway.vault.transport import HmacTransportGuard
from gateway.vault.vault import Vault

RAW = b"Subject: hoi\r\nTo: a@example.nl\r\n\r\nTekst\r\n\r\nmeer\r\n"


@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
def test_a_payload_comes_back(size: int) -> None:
    public, private = Vault().new_key_pair()
    sealer: QueueSealer = QueueKeySealer(public)
    opener: QueueOpener = QueueKeyRing(private)
    content = os.urandom(size)
    assert opener.open(sealer.seal(content, "p"), "p") == content


def test_after_a_rotation_the_former_key_opens_what_waits() -> None:
    vault = Vault()
    (old_public, old), (new_public, new) = vault.new_key_pair(), vault.new_key_pair()
    waiting = QueueKeySealer(old_public).seal(b"mail", "p")
    holder = vault.key_id(old_public)
    grant = vault.wrap_data_key(old_public, bytes(32), "m", "queue", holder)
    ring = QueueKeyRing(new, old)
    assert ring.ids == (vault.key_id(new_public), holder)
    assert ring.open(waiting, "p") == b"mail"
    assert ring.unwrap_data_key(grant, "m", holder) == bytes(32)
    for call in (
        lambda: QueueKeyRing(new).open(waiting, "p"),
        lambda: QueueKeyRing(new).unwrap_data_key(grant, "m", holder),
    ):
        with pytest.raises(CannotOpen):
            call()


def test_a_ring_shows_ids_only() -> None:
    public, private = Vault().new_key_pair()
    assert repr(QueueKeyRing(private)) == f"QueueKeyRing({Vault().key_id(public)})"


def test_a_sealer_with_a_broken_key_is_refused_at_once() -> None:
    with pytest.raises(CannotOpen):
        QueueKeySealer(b"\x01\x09 no key")


def test_contexts_are_kept_apart() -> None:
    server: ServerKey = SymmetricServerKey(bytes(32))
    sealed = server.seal(b"+31600000000", "phone:g")
    assert server.open(sealed, "phone:g") == b"+31600000000"
    assert server.seal(b"+31600000000", "phone:g") != sealed
    with pytest.raises(CannotOpen):
        server.open(sealed, "hint:g")
    assert server.mac(b"123456", "a") != server.mac(b"123456", "b")
    assert len(server.mac(b"123456", "a")) == 32


@pytest.mark.parametrize("make", [SymmetricServerKey, HmacTransportGuard])
def test_a_short_key_is_refused(make: type[SymmetricServerKey] | type[HmacTransportGuard]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make(b"short")


def test_a_token_holds_for_its_body_and_recipients_only() -> None:
    guard: TransportGuard = HmacTransportGuard(bytes(32))
    token = guard.token(RAW, ["B@example.org", "a@example.org"])
    assert guard.valid(token, b"Received: by us\r\n" + RAW, ["a@example.org", "b@EXAMPLE.org"])
    assert not guard.valid(token, RAW + b"more", ["a@example.org", "b@example.org"])
    assert not guard.valid(token, RAW, ["a@example.org"])
    assert not guard.valid(token, RAW, ["a@example.org", "b@example.org", "c@example.org"])
    assert not HmacTransportGuard(bytes(31) + b"1").valid(token, RAW, ["a@example.org", "b@example.org"])


@pytest.mark.parametrize("token", ["", "v2.", "v1.00", "v1.é", "\udc80"])
def test_what_is_no_token_is_not_valid(token: str) -> None:
    assert not HmacTransportGuard(bytes(32)).valid(token, RAW, ["a@example.org"])


@pytest.mark.parametrize(
    "other",
    [
        b"Subject: other\r\nTo: a@b.nl\r\n\r\nTekst",
        b"Subject: hoi\r\nTo: a@b.nl\r\nContent-Type: text/html\r\n\r\nTekst",
        b"Subject: hoi\r\nTo: a@b.nl\r\nComments: more\r\n\r\nTekst",
        b"Subject: hoi\r\nSubject: hoi\r\nTo: a@b.nl\r\n\r\nTekst",
        b"Subject: hoi\r\nTo: a@b.nl\r\nno field\r\n\r\nTekst",
        b"Subject: hoi\r\n\r\nTo: a@b.nl\r\n\r\nTekst",
    ],
)
def test_a_token_holds_for_its_header_only(other: bytes) -> None:
    guard = HmacTransportGuard(bytes(32))
    token = guard.token(b"Subject: hoi\r\nTo: a@b.nl\r\n\r\nTekst", ["a@b.nl"])
    assert not guard.valid(token, other, ["a@b.nl"])


def test_servers_may_fold_sort_and_add_what_they_add() -> None:
    guard = HmacTransportGuard(bytes(32))
    token = guard.token(b"Subject: hoi daar\r\nTo: a@b.nl\r\n\r\nTekst", ["a@b.nl"])
    moved = b"DKIM-Signature: a=b\r\nReceived: by x\r\nTO: a@b.nl\nSubject: hoi\n\tdaar\n\nTekst"
    assert guard.valid(token, moved, ["a@b.nl"])
