"""Records for the store's suites: complete, with every optional field that matters set, and easy to vary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.core.cases import CaseKind, CaseState
from gateway.core.decision import Choice
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import VerificationKind
from gateway.core.records import (
    Account,
    AccountKind,
    ApiToken,
    Case,
    Delivery,
    Grant,
    GrantKind,
    KeyWrap,
    MessageState,
    Payload,
    SealedMessage,
    StoredPart,
    WrapKind,
)

NOW = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)  # a second before summer time begins in Amsterdam
HOUR = timedelta(hours=1)


def account(name: str = "anna", **more: Any) -> Account:
    fields: dict[str, Any] = {
        "id": name,
        "organisation": "example",
        "address": f"{name}@example.nl",
        "kind": AccountKind.PERSONAL,
        "name": "Anna de Vriës",
        "language": "nl",
        "public_key": b"public\0key",
        "created_at": NOW,
    }
    return Account(**{**fields, **more})


def wraps(name: str = "anna") -> list[KeyWrap]:
    return [KeyWrap(name, WrapKind.ACTIVATION, b"by code"), KeyWrap(name, WrapKind.RECOVERY, b"by recovery")]


def api_token(name: str = "t", **more: Any) -> ApiToken:
    fields: dict[str, Any] = {
        "id": name,
        "account_id": "anna",
        "name": "Thunderbird op de werkplek",
        "scopes": ("check",),
        "digest": name.encode() * 8,
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return ApiToken(**{**fields, **more})


def message(name: str = "m", **more: Any) -> SealedMessage:
    fields: dict[str, Any] = {
        "id": name,
        "organisation": "example",
        "account_id": "anna",
        "mail_from": "anna@example.nl",
        "recipients": ("jan@elders.example", "piet@elders.example"),
        "state": MessageState.ACTIVE,
        "size": 50 * 1024**3,
        "created_at": NOW,
        "expires_at": NOW + HOUR,
        "policy_digest": "digest",
        "head": b"sealed head",
        "parts": (StoredPart(0, 3, inline=b"\0\1\2"), StoredPart(1, 2**40, blob=f"{name}.1")),
        "manage_check": b"check",
        "in_reply_to": "an-older-one",
    }
    return SealedMessage(**{**fields, **more})


def grant(name: str = "g", **more: Any) -> Grant:
    fields: dict[str, Any] = {
        "id": name,
        "message_id": "m",
        "kind": GrantKind.RECIPIENT,
        "holder": "jan@elders.example",
        "created_at": NOW,
        "wrapped": b"wrapped key",
        "verification": VerificationKind.SMS,
        "language": "en",
        "expires_at": NOW + HOUR,
        "code_check": b"code check",
        "share": b"share",
        "salt": b"salt",
        "sealed_factor": b"factor",
        "sealed_phone": b"phone",
        "sealed_hint": b"hint",
    }
    return Grant(**{**fields, **more})


def payload(name: str = "p", **more: Any) -> Payload:
    return Payload(**{"id": name, "organisation": "example", "created_at": NOW, "size": 7, "inline": b"sealed", **more})


def delivery(name: str, **more: Any) -> Delivery:
    fields: dict[str, Any] = {
        "id": name,
        "organisation": "example",
        "kind": DeliveryKind.MAIL,
        "state": DeliveryState.QUEUED,
        "payload_id": f"p-{name}",
        "mail_from": "anna@example.nl",
        "rcpt_to": f"{name}@elders.example",
        "trace": "trace",
        "created_at": NOW,
        "next_at": NOW,
    }
    return Delivery(**{**fields, **more})


def case(name: str = "c", **more: Any) -> Case:
    fields: dict[str, Any] = {
        "id": name,
        "organisation": "example",
        "kind": CaseKind.WARN,
        "state": CaseState.OPEN,
        "mail_from": "anna@example.nl",
        "trace": "trace",
        "created_at": NOW,
        "deadline": NOW + HOUR,
        "unanswered": Choice.SEAL,
        "choices": ("seal", "cancel"),
        "reason_required": True,
        "policies": ("bsn-leaves-sealed",),
    }
    return Case(**{**fields, **more})
