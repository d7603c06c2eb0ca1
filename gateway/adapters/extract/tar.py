"""Tar archives, also several of them one after another."""

from __future__ import annotations

import io
import tarfile

from gateway.adapters.extract.budget import Budget, Inner, LimitReached

_PIECE = 1 << 16
_SMALL = 1 << 20


def read_tar(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    most = max(_SMALL, len(content) * budget.limits.ratio)  # a sparse file is larger than the archive
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:", ignore_zeros=True, errors="replace") as archive:
            for member in archive:
                budget.file()
                if member.pax_headers:
                    budget.add(place, "\n".join(map(str, member.pax_headers.values())))
                if not member.isreg():
                    budget.add(place, f"{member.name}\n{member.linkname}")
                    continue
                stream = archive.extractfile(member)
                if stream is None or member.size > most:
                    budget.cannot(f"{place}/{member.name}", "limit:ratio")
                    continue
                pieces = []
                while piece := stream.read(_PIECE):
                    budget.unpacked(len(piece))
                    pieces.append(piece)
                inner(f"{place}/{member.name}", member.name, b"".join(pieces))
    except LimitReached:
        raise
    except (tarfile.TarError, ValueError, EOFError, OSError):
        budget.cannot(place, "broken")
