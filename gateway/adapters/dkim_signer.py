"""DKIM signatures (RFC 6376, RFC 8463) on the final bytes: relaxed/relaxed, RSA-SHA256 or Ed25519-SHA256.

The rule: signing is the last thing that happens to a message, and changes nothing but to put one field in front. Header
selection, canonicalisation and folding are dkimpy's; keys and signatures are `cryptography`'s, since dkimpy's own RSA is
plain Python and its Ed25519 wants another library. The body's canonicalisation stands here: dkimpy's takes quadratic
time on a long run of blanks.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from dkim.canonicalization import Relaxed

from gateway.core.errors import Misconfigured, Mistake
from gateway.core.line_ends import crlf
from gateway.core.organisation import DkimKey, Organisation

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

SIGNED = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"content-language", b"auto-submitted",
)  # fmt: skip
# Named once more than they occur, so that nobody can add another one that a mail client would show instead.
OVERSIGNED = (
    b"from", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"mime-version", b"content-type",
    b"content-transfer-encoding",
)  # fmt: skip

_HEAD_END = re.compile(rb"\r?\n\r?\n")


class DkimSigner:
    """Signs for the domains that have a key. Keys are read once, at the start; a wrong one refuses the start."""

    def __init__(self, organisations: Iterable[Organisation]) -> None:
        """Raises `Misconfigured` with every key file that can't be read."""
        self._keys: dict[tuple[str, str], list[tuple[DkimKey, PrivateKey]]] = {}
        mistakes: list[Mistake] = []
        for organisation in organisations:
            for key in organisation.dkim:
                try:
                    private = read_key(Path(key.key_file))
                except (OSError, ValueError, TypeError) as exc:
                    mistakes.append(Mistake(key.key_file, 0, "key_file", f"no DKIM key: {type(exc).__name__}"))
                else:
                    self._keys.setdefault((organisation.id, key.domain.lower()), []).append((key, private))
        if mistakes:
            raise Misconfigured(tuple(mistakes))

    def sign(self, raw: bytes, organisation: Organisation, domain: str, now: datetime) -> bytes:
        """One signature for each key of the domain (so RSA and Ed25519 can stand side by side)."""
        keys = self._keys.get((organisation.id, domain.lower()), [])
        if not keys:
            return raw
        headers, body_hash = _parse(raw)
        fields = [_signature(headers, body_hash, key, private, now) for key, private in keys]
        return b"".join([*fields, raw])


def read_key(path: Path) -> PrivateKey:
    """An RSA (2048 bits or more) or Ed25519 key in PEM. Raises OSError, ValueError or TypeError."""
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return private
    raise ValueError("a DKIM key is RSA of 2048 bits or more, or Ed25519")


def generate_key(algorithm: str = "rsa") -> bytes:
    """A new private key as PEM (PKCS #8): `rsa` of 2048 bits, which everybody verifies, or `ed25519`."""
    private: PrivateKey
    if algorithm == "ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
    elif algorithm == "rsa":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        raise ValueError(f"no such algorithm: {algorithm}")
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def txt_record(pem: bytes) -> str:
    """The text of the TXT record at `SELECTOR._domainkey.DOMAIN` (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
    private = serialization.load_pem_private_key(pem, password=None)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"
    if isinstance(private, rsa.RSAPrivateKey):
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    raise ValueError("a DKIM key is RSA or Ed25519")


def zone_line(domain: str, selector: str, record: str) -> str:
    """The record as a line of a zone file; a string in it holds at most 255 bytes."""
    strings = " ".join(f'"{record[start : start + 255]}"' for start in range(0, len(record), 255))
    return f"{selector}._domainkey.{domain}. IN TXT ( {strings} )"


# -- One signature --------------------------------------------------------------------------------------------------


def _parse(raw: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The header fields as dkimpy reads them, and the hash of the canonical body."""
    end = _HEAD_END.search(raw)
    head, body = (raw[: end.end()], raw[end.end() :]) if end else (raw, b"")
    headers, _ = dkim.rfc822_parse(head)
    return [(name, value) for name, value in headers], hashlib.sha256(canonical_body(body)).digest()


def canonical_body(body: bytes) -> bytes:
    """Relaxed (RFC 6376 section 3.4.4), in linear time: runs of blanks to one, none before a line's end, no empty lines at
    the end, and a last line end. Line ends become CRLF, as the wire will have them."""
    body = crlf(body).replace(b"\t", b" ")
    while b"  " in body:  # each pass halves every run
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n")
    body = body.removesuffix(b" ")
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _signature(
    headers: list[tuple[bytes, bytes]], body_hash: bytes, key: DkimKey, private: PrivateKey, now: datetime
) -> bytes:
    """The DKIM-Signature field with its line end."""
    names = _names(headers)
    is_rsa = isinstance(private, rsa.RSAPrivateKey)
    tags = [
        (b"v", b"1"),
        (b"a", b"rsa-sha256" if is_rsa else b"ed25519-sha256"),
        (b"c", b"relaxed/relaxed"),
        (b"d", key.domain.lower().encode("idna")),
        (b"s", key.selector.encode("ascii")),
        (b"t", str(int(now.timestamp())).encode()),
        (b"h", b" : ".join(names)),
        (b"bh", base64.b64encode(body_hash)),
        (b"b", b""),
    ]
    unsigned: bytes = dkim.fold(b"; ".join(b"=".join(tag) for tag in tags), namelen=len("DKIM-Signature: "))
    hasher = hashlib.sha256()
    dkim.hash_headers(
        hasher,
        Relaxed,
        Relaxed.canonicalize_headers(headers),
        names,
        (b"DKIM-Signature", b" " + unsigned),
        dict(tags),
    )
    signature = base64.b64encode(_sign(private, hasher.digest()))
    # Verifiers take b='s value out, white space included, so it may be folded anywhere.
    folded = b"\r\n ".join(signature[start : start + 72] for start in range(0, len(signature), 72))
    return b"DKIM-Signature: " + unsigned + b"\r\n " + folded + b"\r\n"


def _names(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    """The h= tag: each signed field as often as it occurs, those that must stay alone once more."""
    present = [name.lower() for name, _ in headers]
    names: list[bytes] = []
    for name in SIGNED:
        names += [name] * (present.count(name) + (name in OVERSIGNED))
    return tuple(names)


def _sign(private: PrivateKey, digest: bytes) -> bytes:
    """RSA signs the digest itself; Ed25519 takes the digest as its message (RFC 8463 section 3)."""
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    return private.sign(digest)
