"""The first tables."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=True),
        sa.Column("posting_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=64), server_default="", nullable=False),
        sa.Column("what", sa.String(length=64), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", types.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_connection_id", ["connection_id", "id"], unique=False)
        batch_op.create_index("ix_events_posting_id", ["posting_id"], unique=False)

    op.create_table(
        "replicas",
        sa.Column("executor_id", sa.String(length=64), nullable=False),
        sa.Column("beat", types.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_replicas")),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), server_default="", nullable=False),
        sa.Column("team_id", sa.String(length=32), server_default="", nullable=False),
        sa.Column("name", sa.String(length=255), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("bot_token", types.Encrypted(), nullable=True),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )
    op.create_table(
        "companies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("company_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("user_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("password", types.Encrypted(), nullable=True),
        sa.Column("name", sa.String(length=255), server_default="", nullable=False),
        sa.Column("base_currency", sa.String(length=3), server_default="", nullable=False),
        sa.Column("requests_at_once", sa.Integer(), server_default="2", nullable=False),
        sa.Column("refunds_accepted", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("tested", types.Instant(length=32), nullable=True),
        sa.Column("problem", types.Document(), nullable=True),
        sa.Column("problem_since", types.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_companies_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("workspace_id", "company_id", name=op.f("uq_companies_workspace_id_company_id")),
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), server_default="", nullable=False),
        sa.Column("actor", sa.String(length=64), server_default="", nullable=False),
        sa.Column("target", types.Document(), nullable=False),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.Column("done", types.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_intents_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
    )
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.create_index("ix_intents_open", ["done"], unique=False)

    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=True),
        sa.Column("company", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=64), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=255), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=32), server_default="", nullable=False),
        sa.Column("ts", sa.String(length=32), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("assignee", sa.String(length=32), server_default="", nullable=False),
        sa.Column("snoozed_until", types.Instant(length=32), nullable=True),
        sa.Column("working", sa.String(length=64), server_default="", nullable=False),
        sa.Column("working_since", types.Instant(length=32), nullable=True),
        sa.Column("most", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", types.Amount(), server_default="0", nullable=False),
        sa.Column("story", types.Document(), nullable=False),
        sa.Column("shown", sa.String(length=64), server_default="", nullable=False),
        sa.Column("opened", types.Instant(length=32), nullable=False),
        sa.Column("solved", types.Instant(length=32), nullable=True),
        sa.Column("solved_by", sa.String(length=64), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f("fk_alerts_company")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_alerts_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index("ix_alerts_cause", ["connection_id", "category", "subject", "state"], unique=False)
        batch_op.create_index("ix_alerts_workspace_id", ["workspace_id", "state"], unique=False)

    op.create_table(
        "connections",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("company", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("entity_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("entity_name", sa.String(length=255), server_default="", nullable=False),
        sa.Column("card", sa.String(length=255), server_default="", nullable=False),
        sa.Column("card_account", sa.String(length=255), server_default="", nullable=False),
        sa.Column("default_location", sa.String(length=255), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=32), server_default="", nullable=False),
        sa.Column("schedule", sa.String(length=255), server_default="", nullable=False),
        sa.Column("time_zone", sa.String(length=64), server_default="", nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("spend_company", sa.String(length=255), server_default="", nullable=False),
        sa.Column("spend_company_name", sa.String(length=255), server_default="", nullable=False),
        sa.Column("spend_token", types.Encrypted(), nullable=True),
        sa.Column("client_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("client_secret", types.Encrypted(), nullable=True),
        sa.Column("csv", types.Document(), nullable=True),
        sa.Column("selector", types.Document(), nullable=True),
        sa.Column("mapping", types.Document(), nullable=True),
        sa.Column("options", types.Document(), nullable=True),
        sa.Column("owner", sa.String(length=32), server_default="", nullable=False),
        sa.Column("watermark", types.Instant(length=32), nullable=True),
        sa.Column("last_fired", types.Instant(length=32), nullable=True),
        sa.Column("activated", types.Instant(length=32), nullable=True),
        sa.Column("removed", types.Instant(length=32), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f("fk_connections_company")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_connections_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
    )
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.create_index("ix_connections_company", ["company"], unique=False)

    op.create_table(
        "walkthroughs",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=32), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("step", sa.Integer(), server_default="1", nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=True),
        sa.Column("company", sa.Integer(), nullable=True),
        sa.Column("answers", types.Document(), nullable=False),
        sa.Column("steps", types.Document(), nullable=False),
        sa.Column("messages", types.Document(), nullable=False),
        sa.Column("spend_token", types.Encrypted(), nullable=True),
        sa.Column("client_secret", types.Encrypted(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.Column("updated", types.Instant(length=32), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f("fk_walkthroughs_company")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_walkthroughs_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walkthroughs")),
    )
    with op.batch_alter_table("walkthroughs", schema=None) as batch_op:
        batch_op.create_index("ix_walkthroughs_owner", ["workspace_id", "owner", "state"], unique=False)

    op.create_table(
        "postings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=False),
        sa.Column("company", sa.Integer(), nullable=False),
        sa.Column("spend_company", sa.String(length=255), server_default="", nullable=False),
        sa.Column("transaction", sa.String(length=255), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", types.Amount(), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="", nullable=False),
        sa.Column("merchant", sa.String(length=255), server_default="", nullable=False),
        sa.Column("cardholder", sa.String(length=255), server_default="", nullable=False),
        sa.Column("email", sa.String(length=255), server_default="", nullable=False),
        sa.Column("last4", sa.String(length=8), server_default="", nullable=False),
        sa.Column("authorization_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("reference", sa.String(length=64), server_default="", nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("try_no", sa.Integer(), server_default="1", nullable=False),
        sa.Column("category", sa.String(length=64), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=255), server_default="", nullable=False),
        sa.Column("details", types.Document(), nullable=True),
        sa.Column("fault", types.Document(), nullable=True),
        sa.Column("record_no", sa.String(length=32), server_default="", nullable=False),
        sa.Column("fingerprint", sa.String(length=64), server_default="", nullable=False),
        sa.Column("source", types.Document(), nullable=False),
        sa.Column("decision", types.Document(), nullable=True),
        sa.Column("receipt", sa.String(length=16), server_default="", nullable=False),
        sa.Column("not_before", types.Instant(length=32), nullable=True),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.Column("updated", types.Instant(length=32), nullable=False),
        sa.Column("posted", types.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f("fk_postings_company")),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_postings_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
        sa.UniqueConstraint("company", "reference", name=op.f("uq_postings_company_reference")),
        sa.UniqueConstraint("spend_company", "transaction", name=op.f("uq_postings_spend_company_transaction")),
    )
    with op.batch_alter_table("postings", schema=None) as batch_op:
        batch_op.create_index("ix_postings_cause", ["connection_id", "category", "subject"], unique=False)
        batch_op.create_index("ix_postings_due", ["connection_id", "state", "id"], unique=False)
        batch_op.create_index("ix_postings_twin", ["spend_company", "authorization_id"], unique=False)

    op.create_table(
        "sync_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("trigger", sa.String(length=16), server_default="", nullable=False),
        sa.Column("actor", sa.String(length=64), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.Column("started", types.Instant(length=32), nullable=True),
        sa.Column("finished", types.Instant(length=32), nullable=True),
        sa.Column("fetched", sa.Integer(), server_default="0", nullable=False),
        sa.Column("posted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", types.Document(), nullable=True),
        sa.Column("category", sa.String(length=64), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=255), server_default="", nullable=False),
        sa.Column("fault", types.Document(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_sync_runs_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
        sa.UniqueConstraint("key", name=op.f("uq_sync_runs_key")),
    )
    with op.batch_alter_table("sync_runs", schema=None) as batch_op:
        batch_op.create_index("ix_sync_runs_connection_id", ["connection_id", "id"], unique=False)

    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("controlid", sa.String(length=64), server_default="", nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("try_no", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("resent", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("looked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("committed", types.Instant(length=32), nullable=False),
        sa.Column("answered", types.Instant(length=32), nullable=True),
        sa.Column("record_no", sa.String(length=32), server_default="", nullable=False),
        sa.Column("fault", types.Document(), nullable=True),
        sa.ForeignKeyConstraint(["posting_id"], ["postings.id"], name=op.f("fk_attempts_posting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_controlid", ["controlid"], unique=False)
        batch_op.create_index("ix_attempts_posting_id", ["posting_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_attempts_posting_id")
        batch_op.drop_index("ix_attempts_controlid")

    op.drop_table("attempts")
    with op.batch_alter_table("sync_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_sync_runs_connection_id")

    op.drop_table("sync_runs")
    with op.batch_alter_table("postings", schema=None) as batch_op:
        batch_op.drop_index("ix_postings_twin")
        batch_op.drop_index("ix_postings_due")
        batch_op.drop_index("ix_postings_cause")

    op.drop_table("postings")
    with op.batch_alter_table("walkthroughs", schema=None) as batch_op:
        batch_op.drop_index("ix_walkthroughs_owner")

    op.drop_table("walkthroughs")
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.drop_index("ix_connections_company")

    op.drop_table("connections")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_workspace_id")
        batch_op.drop_index("ix_alerts_cause")

    op.drop_table("alerts")
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.drop_index("ix_intents_open")

    op.drop_table("intents")
    op.drop_table("companies")
    op.drop_table("workspaces")
    op.drop_table("replicas")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_posting_id")
        batch_op.drop_index("ix_events_connection_id")

    op.drop_table("events")
