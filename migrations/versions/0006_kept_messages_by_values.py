"""Messages that are kept, by the values of correlation keys that they carry.

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    """Compared byte by byte on every server."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def upgrade() -> None:
    def number(name: str) -> sa.Column[int]:
        type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        return sa.Column(name, type, nullable=False, autoincrement=False)

    op.create_table(
        "message_rule",
        text("tenant_id"),
        text("name"),
        number("rule_hash"),
        sa.Column("rule", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", "rule_hash", name="pk_message_rule"),
    )
    op.create_table(
        "message_key",
        number("message_id"),
        number("rule_hash"),
        text("tenant_id"),
        text("name"),
        number("key_hash"),
        sa.PrimaryKeyConstraint("message_id", "rule_hash", name="pk_message_key"),
    )
    op.create_index(
        "ix_message_key_values", "message_key", ["tenant_id", "name", "rule_hash", "key_hash", "message_id"]
    )


def downgrade() -> None:
    op.drop_table("message_key")
    op.drop_table("message_rule")
