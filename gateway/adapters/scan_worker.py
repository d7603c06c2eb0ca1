"""A process that scans, one message at a time, with hardly any rights: `python -m gateway.adapters.scan_worker`.

It talks to its broker over standard input and output: a *packet* is a count of frames and each frame's length before it,
in 8 octets. The first packet brings limits and rules, and the rules compiled; then each packet is a message, and each
answer is SCANNED with a scan, MALFORMED, or FAILED with the name of an exception. Rules: it never writes a file, opens none
after its start, and ends with its broker; memory and CPU time are limited by the kernel, wall-clock time by the broker.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

from gateway.adapters.extract import libarchive_reader
from gateway.adapters.scan_now import scan_with
from gateway.adapters.scan_wire import FAILED, MALFORMED, SCANNED, to_frames
from gateway.core import charset
from gateway.core.classify import Classifier
from gateway.core.errors import Malformed
from gateway.core.limits import Limits
from gateway.core.rules import RuleSet

LENGTH = struct.Struct("!Q")
_WARM_UP = b"Subject: =?utf-8?q?x?=\r\nContent-Type: text/html; charset*=utf-8''utf-8\r\n\r\n<p>x</p>"


def main() -> None:
    _die_with_parent()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not stand among the packets
    first = _read(source)
    if first is None:
        return
    told = json.loads(first[0])
    limits = Limits(**told["limits"])
    classifier = Classifier(RuleSet.from_json(told["rules"]), first[1])
    charset.preload()
    libarchive_reader.load()
    scan_with(classifier, _WARM_UP, limits)
    _lock_in(told["memory_bytes"])
    _write(sink, [classifier.rules.digest.encode()])
    while (packet := _read(source)) is not None:
        _allow_cpu(told["seconds"])
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


# -- rights


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the broker's to handle
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        pr_set_pdeathsig, pr_set_dumpable, pr_set_no_new_privs = 1, 4, 38
        libc.prctl(pr_set_pdeathsig, signal.SIGKILL)
        libc.prctl(pr_set_dumpable, 0, 0, 0, 0)  # no core file, and no other process of this user may look inside
        libc.prctl(pr_set_no_new_privs, 1, 0, 0, 0)


def _lock_in(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # those that are open stay so


def _allow_cpu(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds + 1, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
