"""Structured logs: one line of JSON per event on standard error (or readable lines on a terminal).

The rule: ids, states, addresses and counts are logged; contents, subjects, codes, numbers and passwords are not. The
filter here is the last net, not the first: it blanks fields that carry secrets by name and everything that has the
shape of a message code or of a link with one.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_FIELDS = frozenset(
    {
        "code",
        "password",
        "secret",
        "factor",
        "share",
        "phone",
        "digits",
        "subject",
        "body",
        "text",
        "html",
        "key",
        "token",
    }
)
# A printed message code, alone or behind the '#' of a link: seven groups of Crockford base32 (docs/vault-format.md);
# and an API token.
CODE = re.compile(
    r"#?\b(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z*~$=]{3,4}|zegel_[A-Za-z0-9_-]{43}", re.IGNORECASE
)


def without_secrets(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: blanks what must never be read in a log."""
    for field, value in event.items():
        if field in SECRET_FIELDS:
            event[field] = "…"
        elif isinstance(value, str):
            event[field] = CODE.sub("…", value)
    return event


def configure(role: str, *, readable: bool | None = None, level: int = logging.INFO) -> None:
    """Sets up structlog and the standard library's logging for one process."""
    readable = sys.stderr.isatty() if readable is None else readable
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if readable else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write for each line: the roles share a pipe, and with PYTHONUNBUFFERED print() writes the line's end by itself.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
