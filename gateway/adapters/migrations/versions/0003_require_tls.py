"""Deliveries that a policy lets leave over TLS only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("require_tls", sa.Boolean(), server_default=sa.false(), nullable=False))
