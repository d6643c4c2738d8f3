"""Signals: the start events that wait for one; vacuum of the subscriptions as for messages.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    """Compared byte by byte on every server."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "signal_start",
        text("tenant_id"),
        text("signal_name"),
        sa.Column("definition_id", number, nullable=False, autoincrement=False),
        text("element_id"),
        text("definition_key"),
        sa.PrimaryKeyConstraint("tenant_id", "signal_name", "definition_id", "element_id", name="pk_signal_start"),
    )
    op.create_index("ix_signal_start_tenant_id_definition_key", "signal_start", ["tenant_id", "definition_key"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE signal_subscription "
            "SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500)"
        )


def downgrade() -> None:
    op.drop_table("signal_start")
