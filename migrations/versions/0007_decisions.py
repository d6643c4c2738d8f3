"""Decisions: the versions of what DMN documents decide.

Revision 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """Compared byte by byte on every server."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=null)


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
    op.create_table(
        "decision",
        sa.Column("id", number, nullable=False, autoincrement=False),
        text("tenant_id"),
        text("key"),
        sa.Column("version", number, nullable=False),
        text("name", null=True),
        text("version_tag", null=True),
        sa.Column("deployment_id", number, nullable=False),
        text("resource_name"),
        text("content_hash"),
        sa.Column("deployed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("uq_decision_tenant_id_key_version", "decision", ["tenant_id", "key", "version"], unique=True)
    op.create_index("ix_decision_tenant_id", "decision", ["tenant_id", "id"])
    op.create_index("ix_decision_deployment_id", "decision", ["deployment_id", "key"])


def downgrade() -> None:
    op.drop_table("decision")
