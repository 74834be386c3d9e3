"""Rules: remembered codings, and which attempts they had a part in."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dimension", sa.String(length=32), server_default="", nullable=False),
        sa.Column("value", sa.String(length=255), server_default="", nullable=False),
        sa.Column("instead", sa.String(length=255), server_default="", nullable=False),
        sa.Column("account", sa.String(length=255), server_default="", nullable=False),
        sa.Column("merchant", sa.String(length=255), server_default="", nullable=False),
        sa.Column("made_by", sa.String(length=255), server_default="", nullable=False),
        sa.Column("made", types.Instant(length=32), nullable=False),
        sa.Column("off_by", sa.String(length=255), server_default="", nullable=False),
        sa.Column("off", types.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_rules_connection_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_rules_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("workspace_id", "number", name=op.f("uq_rules_workspace_id_number")),
    )
    with op.batch_alter_table("rules", schema=None) as batch_op:
        batch_op.create_index("ix_rules_connection_id", ["connection_id"], unique=False)

    op.create_table(
        "rule_uses",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("controlid", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_rule_uses_rule_id")),
        sa.PrimaryKeyConstraint("rule_id", "controlid", name=op.f("pk_rule_uses")),
    )
    with op.batch_alter_table("rule_uses", schema=None) as batch_op:
        batch_op.create_index("ix_rule_uses_controlid", ["controlid"], unique=False)


def downgrade() -> None:
    op.drop_table("rule_uses")
    op.drop_table("rules")
