"""Conditions: the start events that begin an instance where one is fulfilled.

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    """Compared byte by byte on every server."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "condition_start",
        text("tenant_id"),
        text("definition_key"),
        sa.Column("definition_id", number, nullable=False, autoincrement=False),
        text("element_id"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "definition_key", "definition_id", "element_id", name="pk_condition_start"
        ),
    )


def downgrade() -> None:
    op.drop_table("condition_start")
