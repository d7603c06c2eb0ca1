"""What alembic runs for each command: the migrations, in one transaction, on the connection that `migrate.py` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from gateway.adapters.schema import metadata


def plain_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """A written migration names plain column types: it must mean the same when `schema.py` has moved on."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=False,
    transactional_ddl=True,  # both databases roll back half a migration
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=plain_type,
)
with context.begin_transaction():
    context.run_migrations()
