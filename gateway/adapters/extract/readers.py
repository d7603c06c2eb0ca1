"""Which reader takes which kind of file. A mail is read by the extractor itself, since it holds files of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.adapters.extract.archive import read_zip
from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.compressed import read_compressed
from gateway.adapters.extract.html import read_html
from gateway.adapters.extract.image import read_image
from gateway.adapters.extract.libarchive_reader import read_archive
from gateway.adapters.extract.mailbox import read_mailbox
from gateway.adapters.extract.office import read_office
from gateway.adapters.extract.ole import read_ole
from gateway.adapters.extract.pdf import read_pdf
from gateway.adapters.extract.rtf import read_rtf
from gateway.adapters.extract.signed import read_signed
from gateway.adapters.extract.sniff import Kind
from gateway.adapters.extract.tar import read_tar
from gateway.adapters.extract.text import read_text
from gateway.adapters.extract.tnef import read_tnef
from gateway.adapters.extract.xml_text import read_xml_file

Reader = Callable[[str, bytes, Budget, Inner], None]  # place, content


def _encrypted(place: str, _content: bytes, budget: Budget, _inner: Inner) -> None:
    budget.cannot(place, "encrypted")


def _unknown(place: str, _content: bytes, budget: Budget, _inner: Inner) -> None:
    budget.cannot(place, "unknown-type")


def _nothing(_place: str, _content: bytes, _budget: Budget, _inner: Inner) -> None:
    """A detached signature holds no words."""


READERS: Mapping[Kind, Reader] = {
    Kind.TEXT: read_text,
    Kind.XML: read_xml_file,
    Kind.HTML: read_html,
    Kind.RTF: read_rtf,
    Kind.PDF: read_pdf,
    Kind.OFFICE: read_office,
    Kind.OPEN_DOCUMENT: read_office,
    Kind.OLE: read_ole,
    Kind.ZIP: read_zip,
    Kind.COMPRESSED: read_compressed,
    Kind.TAR: read_tar,
    Kind.ARCHIVE: read_archive,
    Kind.MAILBOX: read_mailbox,
    Kind.TNEF: read_tnef,
    Kind.SIGNED: read_signed,
    Kind.IMAGE: read_image,
    Kind.SIGNATURE: _nothing,
    Kind.ENCRYPTED: _encrypted,
    Kind.UNKNOWN: _unknown,
}
