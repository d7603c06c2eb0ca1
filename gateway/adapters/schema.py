"""The tables, for SQLite and PostgreSQL. A column has the name of the record's field it keeps (`gateway.core.records`).

The rule: a change here needs a migration in `migrations/versions`; a test compares the two on both databases.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeEngine

from gateway.adapters.columns import Choice, Companions, Strings, UtcTime
from gateway.core import decision
from gateway.core.cases import CaseKind, CaseState
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import VerificationKind
from gateway.core.login_records import FactorKind, Stage
from gateway.core.records import AccountKind, EventKind, GrantKind, GrantState, MessageState, WrapKind


def _must(name: str, kind: TypeEngine[Any], *more: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **options)


def _id(name: str = "id", *more: Any, **options: Any) -> Column[Any]:
    return _must(name, String(64), *more, **options)


_ENDS = "CASCADE"
_SERIAL = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up INTEGER only

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# -- accounts

accounts = Table(
    "accounts",
    metadata,
    _id(primary_key=True),
    _must("organisation", Text(), index=True),
    _must("address", Text()),
    _must("kind", Choice(AccountKind)),
    _must("name", Text()),
    _must("language", Text()),
    _must("public_key", LargeBinary()),
    _must("created_at", UtcTime()),
    _must("login_hash", Text()),
    _must("aliases", Strings()),
    Column("activated_at", UtcTime()),
)

# Every address and alias, lower-case: the primary key is what makes them unique within the installation.
addresses = Table(
    "addresses",
    metadata,
    _must("address", Text(), primary_key=True),
    _id("account_id", ForeignKey("accounts.id", ondelete=_ENDS), index=True),
)

key_wraps = Table(
    "key_wraps",
    metadata,
    _id("account_id", ForeignKey("accounts.id", ondelete=_ENDS), primary_key=True),
    _must("kind", Choice(WrapKind), primary_key=True),
    _must("wrapped", LargeBinary()),
)

# The digest is of 256 random bits: whoever reads it learns nothing.
api_tokens = Table(
    "api_tokens",
    metadata,
    _id(primary_key=True),
    _id("account_id", ForeignKey("accounts.id", ondelete=_ENDS), index=True),
    _must("name", Text()),
    _must("scopes", Strings()),
    _must("digest", LargeBinary()),
    _must("created_at", UtcTime()),
    _must("expires_at", UtcTime()),
    Column("last_used_at", UtcTime()),
    Index("ix_api_tokens_digest", "digest", unique=True),
)

_SOME_CREDENTIAL = text("length(credential) > 0")

# `sealed` is under the server key; a passkey's public key and id are worth nothing to a thief.
factors = Table(
    "factors",
    metadata,
    _id(primary_key=True),
    _id("account_id", ForeignKey("accounts.id", ondelete=_ENDS), index=True),
    _must("kind", Choice(FactorKind)),
    _must("name", Text()),
    _must("created_at", UtcTime()),
    _must("sealed", LargeBinary()),
    _must("credential", LargeBinary()),
    _must("wrapped", LargeBinary()),
    _must("counter", BigInteger()),
    Column("used_at", UtcTime()),
    Index(
        "ix_factors_credential",
        "credential",
        unique=True,
        sqlite_where=_SOME_CREDENTIAL,
        postgresql_where=_SOME_CREDENTIAL,
    ),
)

# The share alone opens nothing: the wrapped key is in the browser's cookie.
sessions = Table(
    "sessions",
    metadata,
    _id(primary_key=True),
    _id("account_id", ForeignKey("accounts.id", ondelete=_ENDS), index=True),
    _must("stage", Choice(Stage)),
    _must("created_at", UtcTime()),
    _must("seen_at", UtcTime()),
    _must("expires_at", UtcTime(), index=True),
    _must("agent", Text()),
    _must("peer", Text()),
    _must("share", LargeBinary()),
    _must("code_check", LargeBinary()),
    Column("code_sent_at", UtcTime()),
    _must("tries", Integer()),
)

# -- the vault

messages = Table(
    "messages",
    metadata,
    _id(primary_key=True),
    _must("organisation", Text()),
    _id("account_id"),
    _must("mail_from", Text()),
    _must("recipients", Strings()),
    _must("state", Choice(MessageState)),
    _must("size", BigInteger()),
    _must("created_at", UtcTime()),
    _must("expires_at", UtcTime()),
    _must("policy_digest", Text()),
    _must("head", LargeBinary()),
    _must("manage_check", LargeBinary()),
    Column("in_reply_to", Text()),
    Index("ix_messages_expiry", "state", "expires_at"),
    Index("ix_messages_sent", "account_id", "created_at", "id"),
)

# Apart from `messages`, so that looking at a message's state does not read its small attachments.
parts = Table(
    "parts",
    metadata,
    _id("message_id", ForeignKey("messages.id", ondelete=_ENDS), primary_key=True),
    _must("number", Integer(), primary_key=True, autoincrement=False),
    _must("size", BigInteger()),
    Column("inline", LargeBinary()),
    Column("blob", Text()),
)

grants = Table(
    "grants",
    metadata,
    _id(primary_key=True),
    _id("message_id", ForeignKey("messages.id", ondelete=_ENDS), index=True),
    _must("kind", Choice(GrantKind)),
    _must("holder", Text()),
    _must("created_at", UtcTime()),
    _must("wrapped", LargeBinary()),
    _must("state", Choice(GrantState)),
    _must("verification", Choice(VerificationKind)),
    _must("language", Text()),
    Column("expires_at", UtcTime()),
    _must("code_check", LargeBinary()),
    _must("share", LargeBinary()),
    _must("salt", LargeBinary()),
    _must("sealed_factor", LargeBinary()),
    _must("sealed_phone", LargeBinary()),
    _must("sealed_hint", LargeBinary()),
    _must("wrong", Integer()),
    Column("locked_until", UtcTime()),
    Column("first_read_at", UtcTime()),
    Index("ix_grants_holder", "holder", "created_at"),
)

codes = Table(
    "codes",
    metadata,
    _id("grant_id", ForeignKey("grants.id", ondelete=_ENDS), primary_key=True),
    _must("check", LargeBinary()),
    _must("sent_at", UtcTime()),
    _must("expires_at", UtcTime()),
    _must("tries", Integer()),
)

# -- the queue

payloads = Table(
    "payloads",
    metadata,
    _id(primary_key=True),
    _must("organisation", Text()),
    _must("created_at", UtcTime()),
    _must("size", BigInteger()),
    Column("inline", LargeBinary()),
    Column("blob", Text()),
)

# No foreign keys: a delivery outlives its payload, which is shredded when it is done.
deliveries = Table(
    "deliveries",
    metadata,
    _id(primary_key=True),
    _must("organisation", Text()),
    _must("kind", Choice(DeliveryKind)),
    _must("state", Choice(DeliveryState)),
    _id("payload_id", index=True),
    _must("mail_from", Text()),
    _must("rcpt_to", Text()),
    _must("trace", Text()),
    _must("created_at", UtcTime()),
    _must("next_at", UtcTime()),
    _must("attempts", Integer()),
    Column("lease_until", UtcTime()),
    Column("message_id", String(64), index=True),
    Column("grant_id", String(64)),
    _must("last_reply", Text()),
    _must("require_tls", Boolean(), server_default=false()),
    Index("ix_deliveries_due", "state", "next_at", "created_at"),
    Index("ix_deliveries_state", "state", "created_at"),
    Index(
        "ix_deliveries_leased",
        "lease_until",
        sqlite_where=text("lease_until IS NOT NULL"),
        postgresql_where=text("lease_until IS NOT NULL"),
    ),
)

# -- cases

cases = Table(
    "cases",
    metadata,
    _id(primary_key=True),
    _must("organisation", Text()),
    _must("kind", Choice(CaseKind)),
    _must("state", Choice(CaseState)),
    _must("mail_from", Text()),
    _must("trace", Text()),
    _must("created_at", UtcTime(), index=True),
    _must("deadline", UtcTime()),
    _must("unanswered", Choice(decision.Choice)),
    _must("choices", Strings()),
    _must("reason_required", Boolean()),
    _must("policies", Strings()),
    Column("choice", Choice(decision.Choice)),
    _must("by", Text()),
    _must("reason", LargeBinary()),
    Column("ended_at", UtcTime()),
)

# -- history and counters

events = Table(
    "events",
    metadata,
    Column("number", _SERIAL, primary_key=True),
    _id("message_id", index=True),
    _must("recipient", Text()),
    _must("kind", Choice(EventKind)),
    _must("at", UtcTime()),
    _must("detail", Text()),
    _must("peer", Text()),
)

audit = Table(
    "audit",
    metadata,
    Column("number", _SERIAL, primary_key=True),
    _must("at", UtcTime(), index=True),
    _must("organisation", Text()),
    _must("actor", Text()),
    _must("action", Text()),
    _must("subject", Text()),
    _must("detail", Text()),
)

# One row per key and fixed window; `ends_at` says when it may go.
counters = Table(
    "counters",
    metadata,
    _must("key", Text(), primary_key=True),
    _must("seconds", BigInteger(), primary_key=True, autoincrement=False),
    _must("number", BigInteger(), primary_key=True, autoincrement=False),
    _must("hits", BigInteger()),
    _must("ends_at", UtcTime(), index=True),
)

# -- the past

# Keyed hashes of who wrote to whom; an empty writer is the whole organisation.
contacts = Table(
    "contacts",
    metadata,
    _must("organisation", Text(), primary_key=True),
    _must("writer", LargeBinary(), primary_key=True),
    _must("subject", LargeBinary(), primary_key=True),
    _must("times", Integer()),
    _must("last_at", UtcTime(), index=True),
    _must("companions", Companions()),
)

domain_shapes = Table(
    "domain_shapes",
    metadata,
    _must("organisation", Text(), primary_key=True),
    _must("shape", LargeBinary(), primary_key=True),
    _must("domain", LargeBinary(), primary_key=True),
)

decisions = Table(
    "decisions",
    metadata,
    _id(primary_key=True),
    _must("organisation", Text()),
    _must("at", UtcTime(), index=True),
    _must("mail_from", Text()),
    _must("recipients", Strings()),
    _must("actions", Strings()),
    _must("policies", Strings()),
    _must("policy_digest", Text()),
    _must("rules_digest", Text()),
    _must("facts", Text()),
)
