"""Makes the vectors of this folder anew: python tests/vectors/vault/make.py

What HPKE seals is random, so those ciphertexts change with each run; all else comes from SHAKE-256 of fixed words.
The form of the files is told in docs/vault-format.md, "Vectors".
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.vault import key_files
from gateway.vault.format import HEADER_SIZE, Kind, header
from gateway.vault.queue_key import QueueKeySealer
from gateway.vault.server_key import SymmetricServerKey
from gateway.vault.stream import CHUNK, SEALED_CHUNK
from gateway.vault.transport import HmacTransportGuard
from gateway.vault.vault import Vault

HERE = Path(__file__).parent
MESSAGE, OTHER, GRANT, ACCOUNT, PAYLOAD = (
    "mmmmmmmmmmmmmmmm",
    "oooooooooooooooo",
    "gggggggggggggggg",
    "aaaaaaaaaaaaaaaa",
    "pppppppppppppppp",
)
FRONT = HEADER_SIZE + 16  # before the first chunk of a part
Vector = dict[str, Any]


def stretched(words: str, size: int) -> bytes:
    return hashlib.shake_256(words.encode()).digest(size)


def fixed(words: str) -> Callable[[int], bytes]:
    """A source of bytes that gives the same ones each time."""
    calls = iter(range(1000))
    return lambda size: stretched(f"{words} {next(calls)}", size)


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def bad(base: Vector, about: str, **changes: Any) -> Vector:
    return {**base, "about": about, "expect": "cannot-open", "file": base["file"], **changes}


def flips(base: Vector, places: dict[str, int]) -> list[Vector]:
    return [bad(base, f"one bit flipped in the {name}", flip=[[at, 1]]) for name, at in places.items()]


def cuts(base: Vector, places: dict[str, int]) -> list[Vector]:
    return [bad(base, f"cut {name}", pieces=[[base["file"], 0, at]]) for name, at in places.items()]


def save(name: str, files: dict[str, bytes], vectors: list[Vector]) -> None:
    content = {"format": 1, "files": {key: text(raw) for key, raw in files.items()}, "vectors": vectors}
    (HERE / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def parts() -> None:
    key, other_key = stretched("data key", 32), stretched("other data key", 32)
    sizes = {
        "empty": 0,
        "one": 1,
        "chunk": CHUNK,
        "chunk-and-one": CHUNK + 1,
        "two-chunks": 2 * CHUNK,
        "three": 2 * CHUNK + 5,
    }

    def seal(name: str, size: int, *, message: str = MESSAGE, number: int = 1, key: bytes = key) -> bytes:
        vault = Vault(random=fixed(f"salt {name}"))
        return b"".join(vault.seal_part(key, message, number, (stretched("content", size),)))

    files = {name: seal(name, size) for name, size in sizes.items()}
    files["swapped-from"] = seal("three", sizes["three"], number=2)
    base = {"kind": "part", "data_key": text(key), "message_id": MESSAGE, "number": 1}
    good = {
        name: {
            **base,
            "about": f"{name}: {size} bytes",
            "file": name,
            "size": size,
            "expect": "opens",
            "salt": text(fixed(f"salt {name}")(16)),
        }
        for name, size in sizes.items()
    }
    three, end = good["three"], len(files["three"])
    second, third = FRONT + SEALED_CHUNK, FRONT + 2 * SEALED_CHUNK
    fields = {
        "version": 0,
        "kind": 1,
        "salt": 2,
        "first chunk": FRONT,
        "first tag": second - 1,
        "middle chunk": second + 9,
        "last chunk": third,
        "last tag": end - 1,
    }
    borders = {
        "in the header": 1,
        "after the header": 2,
        "in the salt": 9,
        "after the salt": FRONT,
        "after chunk one": second,
        "after chunk two": third,
        "in the last tag": end - 1,
    }

    def order(about: str, *ranges: tuple[str, int, int]) -> Vector:
        return bad(three, about, pieces=[list(each) for each in ranges])

    first_two = (("three", 0, FRONT), ("three", second, third), ("three", FRONT, second), ("three", third, end))
    vectors = [
        *good.values(),
        *flips(three, fields),
        *cuts(three, borders),
        *flips(good["empty"], {"only tag": len(files["empty"]) - 1}),
        *cuts(good["empty"], {"to no chunk": FRONT}),
        bad(three, "nothing at all", pieces=[]),
        order("chunks swapped", *first_two),
        order("a chunk left out", ("three", 0, second), ("three", third, end)),
        order("a chunk doubled", ("three", 0, second), ("three", FRONT, second), ("three", third, end)),
        order("a byte after the end", ("three", 0, end), ("three", 0, 1)),
        order("a chunk after the end", ("three", 0, end), ("three", FRONT, second)),
        order(
            "first chunk from another part",
            ("three", 0, FRONT),
            ("swapped-from", FRONT, second),
            ("three", second, end),
        ),
        bad(
            good["chunk"],
            "cut at a border, shorter size claimed: no last chunk",
            pieces=[["two-chunks", 0, second]],
            salt=None,
        ),
        bad(
            good["chunk"],
            "a last chunk in the middle: longer size claimed",
            pieces=[["chunk", 0, second], ["two-chunks", second, third]],
            size=2 * CHUNK,
        ),
        bad(good["empty"], "content called empty", pieces=[["one", 0, FRONT + 17]]),
        bad(three, "another part's number", number=2),
        bad(three, "another part in this place", pieces=[["swapped-from", 0, end]]),
        bad(three, "another message", message_id=OTHER),
        bad(three, "another data key", data_key=text(other_key)),
        bad(three, "a smaller size claimed", size=sizes["three"] - 1),
        bad(three, "a larger size claimed", size=sizes["three"] + 1),
    ]
    save("part", files, vectors)


def heads() -> None:
    key = stretched("data key", 32)
    manifest = b'{"v":1,"subject":"Uitslag"}'
    head = Vault(random=fixed("head")).seal_head(key, MESSAGE, manifest)
    base = {
        "kind": "head",
        "about": "a manifest",
        "file": "head",
        "expect": "opens",
        "data_key": text(key),
        "message_id": MESSAGE,
        "plaintext": text(manifest),
    }
    vectors = [
        base,
        *flips(base, {"version": 0, "kind": 1, "nonce": 2, "text": 14, "tag": len(head) - 1}),
        *cuts(base, {"to nothing": 0, "after the header": 2, "after the nonce": 14, "in the tag": len(head) - 1}),
        bad(base, "a byte after the end", pieces=[["head", 0, len(head)], ["head", 0, 1]]),
        bad(base, "another message", message_id=OTHER),
        bad(base, "another data key", data_key=text(stretched("other data key", 32))),
    ]
    save("head", {"head": head}, vectors)


def grants() -> None:
    vault = Vault(random=fixed("grants"))
    data_key = stretched("data key", 32)
    public, private = vault.new_key_pair()
    _, other = vault.new_key_pair()
    files = {"grant": vault.wrap_data_key(public, data_key, MESSAGE, "account", ACCOUNT)}
    base: Vector = {
        "kind": "grant",
        "about": "a grant to an account",
        "file": "grant",
        "expect": "opens",
        "private": text(private),
        "key_id": vault.key_id(public),
        "message_id": MESSAGE,
        "grant_kind": "account",
        "holder": ACCOUNT,
        "plaintext": text(data_key),
    }
    end = len(files["grant"])
    vectors = [
        base,
        *flips(
            base,
            {
                "version": 0,
                "kind": 1,
                "ML-KEM part": 2,
                "X25519 part": 2 + 1088,
                "sealed key": 2 + 1120,
                "tag": end - 1,
            },
        ),
        *cuts(base, {"to nothing": 0, "after the header": 2, "in the encapsulated key": 1000, "in the tag": end - 1}),
        bad(base, "a byte after the end", pieces=[["grant", 0, end], ["grant", 0, 1]]),
        bad(base, "another message", message_id=OTHER),
        bad(base, "another kind of grant", grant_kind="recovery"),
        bad(base, "another holder", holder=OTHER),
        bad(base, "another private key", private=text(other)),
    ]
    save("grant", files, vectors)

    files = {"private": vault.wrap_private_for(public, private, ACCOUNT, "recovery")}
    base = {
        "kind": "private-for-key",
        "about": "an account's key for recovery",
        "file": "private",
        "expect": "opens",
        "private": text(private),
        "account_id": ACCOUNT,
        "wrap_kind": "recovery",
        "plaintext": text(private),
    }
    vectors = [
        base,
        *flips(
            base, {"version": 0, "kind": 1, "ML-KEM part": 2, "sealed key": 2 + 1120, "tag": len(files["private"]) - 1}
        ),
        bad(base, "another account", account_id=OTHER),
        bad(base, "another kind of wrap", wrap_kind="password"),
        bad(base, "another private key", private=text(other)),
    ]
    secret = "één goed wachtwoord".encode()
    files["secret"] = vault.wrap_private_by_secret(secret, private, ACCOUNT, "password")
    base = {
        "kind": "private-by-secret",
        "about": "an account's key by password",
        "file": "secret",
        "expect": "opens",
        "secret": text(secret),
        "account_id": ACCOUNT,
        "wrap_kind": "password",
        "plaintext": text(private),
    }
    vectors += [
        base,
        *flips(base, {"version": 0, "kind": 1, "salt": 2, "sealed key": 18, "tag": len(files["secret"]) - 1}),
        *cuts(base, {"in the salt": 9, "after the salt": 18}),
        bad(base, "another secret", secret=text(secret + b".")),
        bad(base, "another account", account_id=OTHER),
        bad(base, "another kind of wrap", wrap_kind="activation"),
    ]
    share = stretched("share", 32)
    files["session"] = vault.wrap_private_in_session(share, private, ACCOUNT, "ssssssssssssssss")
    base = {
        "kind": "private-in-session",
        "about": "an account's key in a session's cookie",
        "file": "session",
        "expect": "opens",
        "share": text(share),
        "account_id": ACCOUNT,
        "session_id": "ssssssssssssssss",
        "plaintext": text(private),
    }
    vectors += [
        base,
        *flips(base, {"version": 0, "kind": 1, "sealed key": 2, "tag": len(files["session"]) - 1}),
        *cuts(base, {"to nothing": 0, "after the header": 2, "in the tag": len(files["session"]) - 1}),
        bad(base, "another session's share", share=text(stretched("other share", 32))),
        bad(base, "no share: the session has ended", share=""),
        bad(base, "another session", session_id="tttttttttttttttt"),
        bad(base, "another account", account_id=OTHER),
    ]
    save("private", files, vectors)


def recipients() -> None:
    vault = Vault(random=fixed("recipients"))
    data_key, factor = stretched("data key", 32), stretched("factor", 32)
    files, vectors = {}, []
    for name, used in (("none", b""), ("factor", factor)):
        made = vault.new_recipient_key(data_key, MESSAGE, GRANT, used)
        files[name] = made.wrapped
        base: Vector = {
            "kind": "recipient",
            "about": f"a recipient's grant, verification {name}",
            "file": name,
            "expect": "opens",
            "message_id": MESSAGE,
            "grant_id": GRANT,
            "code": text(made.code),
            "printed_code": vault.format_code(made.code),
            "code_check": text(made.code_check),
            "factor": text(used),
            "share": text(made.share),
            "plaintext": text(data_key),
        }
        vectors += [
            base,
            *flips(base, {"version": 0, "kind": 1, "sealed key": 2, "tag": len(made.wrapped) - 1}),
            *cuts(base, {"to nothing": 0, "in the tag": len(made.wrapped) - 1}),
            bad(base, "another code", code=text(stretched("other code", 16))),
            bad(base, "another factor", factor=text(stretched("other factor", 32))),
            bad(base, "the share destroyed", share=""),
            bad(base, "another share", share=text(stretched("other share", 32))),
            bad(base, "share given as factor", factor=text(used + made.share), share=""),
            bad(base, "another message", message_id=OTHER),
            bad(base, "another grant", grant_id=OTHER),
        ]
    vectors.append(bad(vectors[len(vectors) // 2], "the factor left out", factor=""))
    save("recipient", files, vectors)


def payloads() -> None:
    public, private = Vault(random=fixed("queue")).new_key_pair()
    _, other = Vault(random=fixed("other queue")).new_key_pair()
    plain = stretched("payload", 100)
    sealed = QueueKeySealer(public, random=fixed("payload")).seal(plain, PAYLOAD)
    base: Vector = {
        "kind": "payload",
        "about": "a payload",
        "file": "payload",
        "expect": "opens",
        "private": text(private),
        "payload_id": PAYLOAD,
        "plaintext": text(plain),
    }
    places = {
        "version": 0,
        "kind": 1,
        "key id": 2,
        "encapsulated key": 10,
        "payload key": 10 + 1120,
        "salt": 10 + 1168,
        "content": 10 + 1184,
        "tag": len(sealed) - 1,
    }
    vectors = [
        base,
        *flips(base, places),
        *cuts(base, {f"before the {name}": at for name, at in places.items()}),
        bad(base, "a byte after the end", pieces=[["payload", 0, len(sealed)], ["payload", 0, 1]]),
        bad(base, "another payload's id", payload_id=OTHER),
        bad(base, "the key is not here", private=text(other)),
    ]
    save("payload", {"payload": sealed}, vectors)


def servers() -> None:
    key = stretched("server key", 32)
    server = SymmetricServerKey(key, random=fixed("server"))
    sealed, context = server.seal(b"+31612345678", f"phone:{GRANT}"), f"phone:{GRANT}"
    base: Vector = {
        "kind": "server",
        "about": "a phone number",
        "file": "server",
        "expect": "opens",
        "key": text(key),
        "context": context,
        "plaintext": text(b"+31612345678"),
        "mac_of_plaintext": text(server.mac(b"+31612345678", context)),
    }
    vectors = [
        base,
        *flips(base, {"version": 0, "kind": 1, "nonce": 2, "text": 14, "tag": len(sealed) - 1}),
        *cuts(base, {"to nothing": 0, "after the nonce": 14}),
        bad(base, "another context", context=f"phone:{OTHER}"),
        bad(base, "another key", key=text(stretched("other server key", 32))),
    ]
    save("server", {"server": sealed}, vectors)


def words() -> None:
    """Codes, the recovery key on paper, and transport tokens: what is text."""
    vault = Vault(random=fixed("words"))
    codes = [bytes(16), b"\xff" * 16, *(vault.new_code() for _ in range(3))]
    _, private = vault.new_key_pair()
    raw = b"Subject: hoi\r\nX-Other: 1\r\n\r\nTekst\r\n"
    key, recipients = stretched("transport key", 32), ["Piet@Example.ORG", "anna@example.nl"]
    printed = vault.format_code(codes[2])
    content = {
        "format": 1,
        "codes": [{"bytes": text(code), "printed": vault.format_code(code)} for code in codes],
        "not_codes": [
            "",
            "AAAA",
            printed[:-1],
            printed + "0",
            printed[:-1] + "U",
            "8" + printed[1:],
            printed.replace("-", "!"),
            printed[1] + printed[0] + printed[2:],
        ],
        "recovery": {"private": text(private), "printed": key_files.print_recovery(private)},
        "transport": {
            "key": text(key),
            "raw": text(raw),
            "rcpt_tos": recipients,
            "token": HmacTransportGuard(key).token(raw, recipients),
        },
        "public": {
            "seed": text(private[len(header(Kind.PRIVATE_KEY)) :]),
            "key_id": vault.key_id(Vault(random=lambda _: private[2:]).new_key_pair()[0]),
        },
    }
    (HERE / "words.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    for make in (parts, heads, grants, recipients, payloads, servers, words):
        make()
