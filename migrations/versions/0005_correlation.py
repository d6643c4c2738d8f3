"""Correlation keys of the standard's: the rule of a subscription, the receivers of a message.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITS_BY_RULE = sa.text("claimed_by IS NULL AND rule_hash IS NOT NULL")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("message_subscription", sa.Column("rule", sa.LargeBinary(), nullable=True))
    op.add_column("message_subscription", sa.Column("rule_hash", number, nullable=True))
    op.create_index(
        "ix_message_subscription_rule",
        "message_subscription",
        ["tenant_id", "name", "rule_hash"],
        postgresql_where=_WAITS_BY_RULE,
        sqlite_where=_WAITS_BY_RULE,
    )
    op.add_column("message", sa.Column("receivers", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "receivers")
    op.drop_index("ix_message_subscription_rule", "message_subscription")
    op.drop_column("message_subscription", "rule_hash")
    op.drop_column("message_subscription", "rule")
