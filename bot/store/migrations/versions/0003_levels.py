"""At which level an attempt was sent, and until when a company that said "too many requests" is left alone."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("entity_id", sa.String(length=255), server_default="", nullable=False))
    op.execute(
        "UPDATE attempts SET entity_id = (SELECT connections.entity_id FROM connections JOIN postings"
        " ON postings.connection_id = connections.id WHERE postings.id = attempts.posting_id)"
    )
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_until", types.Instant(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.drop_column("held_until")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_column("entity_id")
