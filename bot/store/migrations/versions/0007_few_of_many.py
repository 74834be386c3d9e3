"""The few refunds of a company and the few receipts that are due, found without reading all that was posted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, columns, few in (
        ("ix_postings_refund", ["company", "state"], sa.text("amount < 0")),
        ("ix_postings_receipt", ["connection_id", "state", "id"], sa.text("receipt = 'due'")),
    ):
        op.create_index(name, "postings", columns, sqlite_where=few, postgresql_where=few)


def downgrade() -> None:
    op.drop_index("ix_postings_receipt", "postings")
    op.drop_index("ix_postings_refund", "postings")
