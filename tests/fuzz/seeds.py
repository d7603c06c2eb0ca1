"""Makes the seeds in tests/fuzz/corpus anew, from the vectors: `python -m tests.fuzz.seeds`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.runner import CORPUS
from tests.fuzz.targets import ROOT, TARGETS
from tests.vectors.evasions import coded, compound, container, file, office, pdf, picture, spelling

MIME = ROOT / "tests" / "vectors" / "mime"
MOST = 12  # seeds of a target
LONGEST = 9_000  # octets of one
ASKED = (
    b"Subject: [veilig][sms:+31612345678] Uitslag\0jan@elsewhere.example",
    b"Subject: [secure] [pass:hint=word] x\r\nX-Zegel: seal; expires=P7D\0jan+sms31612345678@elsewhere.example",
    b"Sensitivity: Company-Confidential\r\nDisposition-Notification-To: a@b\0jan+zegel@elsewhere.example",
    b"zivver-access-right: jan@elsewhere.example sms +31612345678\r\nExpires: 25 Dec 2026 10:00\0jan@elsewhere.example",
)


def _named(files: dict[str, tuple[str, bytes]], *starts: str) -> Iterator[bytes]:
    return (content for name, (_, content) in files.items() if name.startswith(starts))


def seeds(target: str) -> Iterator[bytes]:
    match target:
        case "parse" | "scan":
            yield from (path.read_bytes() for path in sorted(MIME.glob("*.eml"))[:: 4 if target == "scan" else 5])
        case "classify":
            for texts in (spelling.WRITTEN, spelling.LINES, spelling.LABELS, coded.TEXTS):
                yield from (text.encode() for text in list(texts.values())[::9])
        case "directives":
            yield from ASKED
        case "rules" | "policies":
            folder = ROOT / ("dlp_rules" if target == "rules" else "policies")
            for path in sorted(folder.glob("*.toml")):
                yield from (b"[" + entry.encode() for entry in path.read_text().split("\n\n[")[1:4])
        case "text":
            yield from (text.encode() for text in list(coded.TEXTS.values())[::5])
        case "html":
            yield from (path.read_bytes().partition(b"\r\n\r\n")[2] for path in sorted(MIME.glob("html-*.eml")))
        case "pdf":
            yield from (content for name, content in pdf.FILES.items() if name in _PDF)
        case "office":
            yield from (content for name, content in office.DOCUMENTS.items() if name in _OFFICE)
        case "archive":
            yield from _named(container.FILES, "7z", "tar-", "cpio", "cab", "rar", "gzip", "xz")
        case "zip":
            yield from _named(container.FILES, "zip-")
            yield from (content for _, content in container.LOCKED.values())
        case "ole":
            yield from _named(compound.FILES, "doc", "xls", "ppt")
        case "msg":
            yield from _named(compound.FILES, "msg")
        case "picture":
            yield from _named(picture.FILES, "png", "gif", "tiff", "webp", "jpeg")
        case _:
            starts = {"calendar": ("calendar", "card"), "mbox": ("mailbox", "mail")}.get(target, (target,))
            yield from _named(file.FILES, *starts)


_PDF = {
    "kerned", "actual-text", "deflated-twice", "ascii-hex", "form-object", "form-field", "form-choice", "note-rich", "link",
    "file-zip", "file-of-note", "bookmark", "xfa", "no-password", "picture",
}  # fmt: skip
_OFFICE = {
    "docx-runs.docx", "docx-deleted.docx", "docx-comment.docx", "docx-embedded-xlsx.docx", "docx-alt-chunk.docx",
    "xlsx-shared-string.xlsx", "xlsx-number.xlsx", "xlsx-comment.xlsx", "pptx-notes.pptx", "odt-spaces.odt", "ods-cells.ods",
    "odt-header.odt",
}  # fmt: skip


def main() -> None:
    for target in TARGETS:
        folder: Path = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("[0-9]*"):  # those called found-... once broke something: they stay
            path.unlink()
        chosen = [seed for seed in seeds(target) if len(seed) <= LONGEST or target == "ole"]
        step = -(-len(chosen) // (3 if target == "ole" else MOST))
        for number, seed in enumerate(chosen[::step]):
            (folder / f"{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main()
