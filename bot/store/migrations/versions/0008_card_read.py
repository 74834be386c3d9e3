"""When a connection's account and location were read from its card by their IDs; earlier versions read record numbers."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connections", sa.Column("card_read", Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("connections") as batch_op:
        batch_op.drop_column("card_read")
