"""A password that waits to be tried, so that every replica knows it; encrypted, with its user and its time."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("walkthroughs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("password", types.Encrypted(), nullable=True))
        batch_op.add_column(sa.Column("password_user", sa.String(length=255), server_default="", nullable=False))
        batch_op.add_column(sa.Column("password_given", types.Instant(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("walkthroughs", schema=None) as batch_op:
        for column in ("password_given", "password_user", "password"):
            batch_op.drop_column(column)
