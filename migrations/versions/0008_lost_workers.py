"""Jobs: how many workers were lost with them, so that one that kills its workers ends as an incident.

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("job", sa.Column("lost", number, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    op.drop_column("job", "lost")
