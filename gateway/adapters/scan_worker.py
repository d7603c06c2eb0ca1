"""A process that scans, one message at a time, with hardly any rights: `python -m gateway.adapters.scan_worker`.

It talks to its broker over standard input and output: a *packet* is a count of frames and each frame's length before it,
in 8 octets. The first packet brings limits and rules, and the rules compiled; then each packet is a message, and each
answer is SCANNED with a scan, MALFORMED, or FAILED with the name of an exception. Rules: it never writes a file, opens none
after its start, and ends with its broker. The kernel limits memory, CPU time and system calls (`sandbox`), the broker the time
on the clock.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

import structlog

from gateway.adapters import logs, sandbox
from gateway.adapters.extract.preload import preload
from gateway.adapters.own_lists import from_shared
from gateway.adapters.scan_now import scan_with
from gateway.adapters.scan_wire import FAILED, MALFORMED, SCANNED, to_frames
from gateway.core.classify import Classifier
from gateway.core.errors import Malformed
from gateway.core.limits import Limits
from gateway.core.rules import RuleSet

log = structlog.get_logger()

LENGTH = struct.Struct("!Q")
_WARM_UP = b"Subject: =?utf-8?q?x?=\r\nContent-Type: text/html; charset*=utf-8''utf-8\r\n\r\n<p>x</p>"


def main() -> None:
    sandbox.die_with_parent()
    logs.configure("scan")
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not stand among the packets
    first = _read(source)
    if first is None:
        return
    told = json.loads(first[0])
    limits = Limits(**told["limits"])
    lists = from_shared(told["lists"], bytes.fromhex(told["lists_key"]))
    classifier = Classifier(RuleSet.from_json(told["rules"]), first[1], lists)
    preload(images=limits.images > 0)
    scan_with(classifier, _WARM_UP, limits)
    if not sandbox.lock_in(told["memory_bytes"]):
        log.warning("scan_worker_without_seccomp")
    _write(sink, [classifier.rules.digest.encode()])
    while (packet := _read(source)) is not None:
        sandbox.allow_cpu(told["seconds"])
        _write(sink, _answer(classifier, packet[0], limits))


def _answer(classifier: Classifier, raw: bytes, limits: Limits) -> Sequence[bytes]:
    try:
        return [SCANNED, *to_frames(scan_with(classifier, raw, limits))]
    except Malformed:
        return [MALFORMED]
    except (Exception, RecursionError) as error:
        return [FAILED, type(error).__name__.encode()]


# -- packets


def packet_head(frames: Sequence[bytes]) -> bytes:
    """What goes before the frames themselves."""
    return b"".join(LENGTH.pack(number) for number in (len(frames), *(len(frame) for frame in frames)))


def _read(source: BinaryIO) -> list[bytes] | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    lengths = [LENGTH.unpack(source.read(LENGTH.size))[0] for _ in range(LENGTH.unpack(head)[0])]
    frames = [source.read(length) for length in lengths]
    return frames if [len(frame) for frame in frames] == lengths else None


def _write(sink: BinaryIO, frames: Sequence[bytes]) -> None:
    sink.write(packet_head(frames))
    sink.writelines(frames)
    sink.flush()


if __name__ == "__main__":
    main()
