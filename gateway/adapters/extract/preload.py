"""Brings every library that a reader may need into memory, for a process that may open no files later."""

from __future__ import annotations

import importlib
import io
import os
import zipfile

from gateway.adapters.extract import libarchive_reader, ocr
from gateway.adapters.extract.budget import Budget
from gateway.adapters.extract.readers import READERS
from gateway.adapters.extract.sniff import Kind
from gateway.core import charset
from gateway.core.limits import Limits

# What libraries import only when they meet it.
_LATE = (
    "PIL.ImageSequence",
    "PIL.ImageFile",
    "xlrd.sheet",
    "xlrd.formula",
    "xlrd.xldate",
    "html.entities",
    "stringprep",
)
_SAMPLES: dict[Kind, bytes] = {
    Kind.HTML: b"<p style='display:none'>x<!-- <b>y</b> --><style>.a{display:none}</style>",
    Kind.XML: b"<?xml version='1.0'?><a>x</a>",
    Kind.RTF: b"{\\rtf1\\ansicpg1252 \\'e9}",
    Kind.PDF: b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj "
    b"trailer<</Root 1 0 R>>\n%%EOF",
}


def preload(*, images: bool) -> bool:
    """Loads all; whether images can be read. `images` asks for character recognition."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    charset.preload()
    libarchive_reader.load()
    recognises = images and ocr.load()
    for name in _LATE:
        try:
            importlib.import_module(name)
        except ImportError:  # of the optional extra
            continue
    budget = Budget(Limits())
    for kind, sample in (*_SAMPLES.items(), (Kind.ZIP, _zip())):
        READERS[kind]("warm-up", sample, budget, lambda *_: None)
    return recognises


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", "x")
    return buffer.getvalue()
