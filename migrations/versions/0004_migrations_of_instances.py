"""Migrations of wide instances, which take many transactions.

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    """Compared byte by byte on every server."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "migration",
        sa.Column("instance_id", number, nullable=False, autoincrement=False),
        sa.Column("id", number, nullable=False),
        text("tenant_id"),
        sa.Column("source_definition_id", number, nullable=False),
        sa.Column("target_definition_id", number, nullable=False),
        text("state"),
        sa.Column("mapping", sa.LargeBinary(), nullable=False),
        sa.Column("findings", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", name="pk_migration"),
    )
    op.create_index("ix_migration_state", "migration", ["tenant_id", "state", "instance_id"])


def downgrade() -> None:
    op.drop_table("migration")
