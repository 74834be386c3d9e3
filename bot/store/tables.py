"""The tables. One row, one fate; whatever can be derived is not stored."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from bot.store.types import Amount, Document, Encrypted, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _words(name: str, size: int = 255) -> Column[str]:
    """Short text that is empty rather than null."""
    return Column(name, String(size), nullable=False, default="", server_default="")


def _count(name: str, start: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, default=start, server_default=str(start))


workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),  # "<enterprise>:<team>"; either half may be empty, never both
    _words("enterprise_id", 32),
    _words("team_id", 32),
    _words("name"),
    _words("state", 16),
    Column("bot_token", Encrypted, nullable=True),  # only where the app is installed into several workspaces
    Column("created", Instant, nullable=False),
)

companies = Table(
    "companies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    _words("company_id"),
    _words("user_id"),
    Column("password", Encrypted, nullable=True),
    _words("name"),
    _words("base_currency", 3),
    _count("requests_at_once", 2),
    Column("refunds_accepted", Boolean, nullable=False, default=False, server_default="0"),
    Column("tested", Instant, nullable=True),
    Column("problem", Document, nullable=True),  # {"category", "subject", "fault"} while Intacct refuses the sign-in
    Column("problem_since", Instant, nullable=True),
    Column("held_until", Instant, nullable=True),  # Intacct said "too many requests": nobody asks it before
    UniqueConstraint("workspace_id", "company_id"),
)

connections = Table(
    "connections",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("company", ForeignKey("companies.id"), nullable=False),
    _words("name"),
    _words("state", 16),
    _words("entity_id"),
    _words("entity_name"),
    _words("card"),
    _words("card_account"),
    _words("default_location"),
    _words("channel", 32),
    _words("schedule"),
    _words("time_zone", 64),
    Column("start_date", Date, nullable=True),
    _words("spend_company"),
    _words("spend_company_name"),
    Column("spend_token", Encrypted, nullable=True),
    _words("client_id"),
    Column("client_secret", Encrypted, nullable=True),
    Column("csv", Document, nullable=True),
    Column("selector", Document, nullable=True),
    Column("mapping", Document, nullable=True),
    Column("options", Document, nullable=True),
    _words("owner", 32),
    Column("watermark", Instant, nullable=True),
    Column("last_fired", Instant, nullable=True),
    Column("activated", Instant, nullable=True),  # when a person started the first sync; the schedule starts then
    Column("removed", Instant, nullable=True),  # disconnected: secrets are gone, postings stay as proof
    Column("card_read", Instant, nullable=True),  # its account and location were read by their IDs, not record numbers
    _count("revision"),
    Column("created", Instant, nullable=False),
    Index("ix_connections_company", "company"),
)

walkthroughs = Table(
    "walkthroughs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    _words("owner", 32),
    _words("state", 16),
    _count("step", 1),
    Column("connection_id", String(16), nullable=True),
    Column("company", ForeignKey("companies.id"), nullable=True),
    Column("answers", Document, nullable=False),
    Column("steps", Document, nullable=False),
    Column("messages", Document, nullable=False),
    Column("spend_token", Encrypted, nullable=True),
    Column("client_secret", Encrypted, nullable=True),
    Column("password", Encrypted, nullable=True),  # of Intacct, typed and not accepted yet; gone once it is, or too old
    _words("password_user"),  # the Web Services user it was typed for
    Column("password_given", Instant, nullable=True),
    _count("revision"),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Index("ix_walkthroughs_owner", "workspace_id", "owner", "state"),
)

postings = Table(
    "postings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id"), nullable=False),
    Column("company", ForeignKey("companies.id"), nullable=False),
    _words("spend_company"),
    _words("transaction"),
    _words("state", 16),
    Column("date", Date, nullable=False),
    Column("amount", Amount, nullable=False),
    _words("currency", 3),
    _words("merchant"),
    _words("cardholder"),
    _words("email"),
    _words("last4", 8),
    _words("authorization_id"),
    _words("reference", 64),
    _count("generation", 1),
    _count("try_no", 1),
    _words("category", 64),
    _words("subject"),
    Column("details", Document, nullable=True),
    Column("fault", Document, nullable=True),
    _words("record_no", 32),
    _words("fingerprint", 64),  # of what was sent; empty until the first send
    Column("source", Document, nullable=False),  # the transaction as last read
    Column("decision", Document, nullable=True),  # what a person decided: coding, date, reason, with their name
    _words("receipt", 16),  # "", "due", "attached", "failed"
    Column("not_before", Instant, nullable=True),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("posted", Instant, nullable=True),
    UniqueConstraint("spend_company", "transaction"),
    UniqueConstraint("company", "reference"),
    Index("ix_postings_due", "connection_id", "state", "id"),
    Index("ix_postings_cause", "connection_id", "category", "subject"),
    Index("ix_postings_posted", "company", "posted"),
    Index("ix_postings_twin", "spend_company", "authorization_id"),
)

REFUND = postings.c.amount < literal_column("0")
RECEIPT_DUE = postings.c.receipt == literal_column("'due'")
"""What the indexes of few rows are for; a query finds such an index only by the very same words, values included."""
Index("ix_postings_refund", postings.c.company, postings.c.state, sqlite_where=REFUND, postgresql_where=REFUND)
Index(
    "ix_postings_receipt",
    *(postings.c[name] for name in ("connection_id", "state", "id")),
    sqlite_where=RECEIPT_DUE,
    postgresql_where=RECEIPT_DUE,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("posting_id", ForeignKey("postings.id"), nullable=False),
    Column("run_id", Integer, nullable=True),
    _words("controlid", 64),
    _words("entity_id"),  # the level that it was sent at, empty at the top
    _count("generation", 1),
    _count("try_no", 1),
    _words("state", 16),
    Column("body", Text, nullable=False),
    Column("resent", Boolean, nullable=False, default=False, server_default="0"),
    _count("looked"),  # empty look-ups since the attempt; two are needed before the same id may be sent again
    Column("committed", Instant, nullable=False),
    Column("answered", Instant, nullable=True),
    _words("record_no", 32),
    Column("fault", Document, nullable=True),
    Index("ix_attempts_posting_id", "posting_id"),
    Index("ix_attempts_controlid", "controlid"),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id"), nullable=False),
    Column(
        "key", String(96), nullable=False, unique=True
    ),  # one due time or one click is one run, however often it is asked for
    _words("trigger", 16),
    _words("actor", 64),
    _words("state", 16),
    Column("created", Instant, nullable=False),
    Column("started", Instant, nullable=True),
    Column("finished", Instant, nullable=True),
    _count("fetched"),
    _count("posted"),
    _count("failed"),
    _count("requests"),
    Column("skipped", Document, nullable=True),  # {"before the start": 3, …}
    _words("category", 64),
    _words("subject"),
    Column("fault", Document, nullable=True),
    Index("ix_sync_runs_connection_id", "connection_id", "id"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("connection_id", String(16), nullable=True),  # empty when the cause is the company's sign-in
    Column("company", ForeignKey("companies.id"), nullable=False),
    _words("category", 64),
    _words("subject"),
    _words("channel", 32),
    _words("ts", 32),
    _words("state", 16),
    _words("assignee", 32),
    Column("snoozed_until", Instant, nullable=True),
    _words("working", 64),  # who asked for the retry that is under way, and nobody when none is
    Column("working_since", Instant, nullable=True),
    _count("most"),  # the largest number of rows it has stood for
    Column("total", Amount, nullable=False, default=Decimal(0), server_default="0"),
    Column("story", Document, nullable=False),  # thread lines already told, in order
    _words("shown", 64),  # digest of what Slack shows, so that an unchanged alert is not edited
    Column("opened", Instant, nullable=False),
    Column("solved", Instant, nullable=True),
    _words("solved_by", 64),
    Index("ix_alerts_cause", "connection_id", "category", "subject", "state"),
    Index("ix_alerts_workspace_id", "workspace_id", "state"),
)

intents = Table(
    "intents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    _words("kind", 32),
    _words("actor", 64),
    Column("target", Document, nullable=False),
    Column("created", Instant, nullable=False),
    Column("done", Instant, nullable=True),
    Index("ix_intents_open", "done"),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", String(16), nullable=True),
    Column("posting_id", Integer, nullable=True),
    _words("actor", 64),
    _words("what", 64),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_events_posting_id", "posting_id"),
    Index("ix_events_connection_id", "connection_id", "id"),
)

replicas = Table(
    "replicas",
    metadata,
    Column("executor_id", String(64), primary_key=True),
    Column("beat", Instant, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("connection_id", ForeignKey("connections.id"), nullable=False),
    _count("number"),  # people's name for it, R-3; counted by workspace
    _words("dimension", 32),
    _words("value"),
    _words("instead"),  # the refused value that it replaces; empty when it fills what is missing
    _words("account"),  # only on lines of this account
    _words("merchant"),  # only of this merchant
    Column("writes_back", Boolean, nullable=False, default=True, server_default="1"),  # to Spend Center, what it filled
    _words("made_by"),  # a name, as people read it
    Column("made", Instant, nullable=False),
    _words("off_by"),
    Column("off", Instant, nullable=True),
    UniqueConstraint("workspace_id", "number"),
    Index("ix_rules_connection_id", "connection_id"),
)

rule_uses = Table(
    "rule_uses",
    metadata,
    Column("rule_id", ForeignKey("rules.id"), primary_key=True),
    Column("controlid", String(64), primary_key=True),  # of the attempt; the attempt says what became of it
    Index("ix_rule_uses_controlid", "controlid"),
)

proofs = Table(
    "proofs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(160), nullable=False, unique=True),  # of the job that read it
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("connection_id", String(16), nullable=False),
    _words("actor", 64),  # who asked, and alone sees it
    Column("content", Document, nullable=False),
    Column("created", Instant, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("connection_id", String(16), nullable=True),  # whose refresh sends it
    _words("kind", 16),
    Column("key", String(160), nullable=False, unique=True),  # what is said once: one run's result, one thread line
    Column("alert", Integer, nullable=True),  # whose message it is, or in whose thread it goes
    _words("channel", 32),  # a channel, or a person for their direct messages
    Column("content", Document, nullable=True),  # empty where the message is drawn anew when it is sent
    _words("state", 16),
    _words("mark", 32),  # kept by Slack beside the message, by which it is known again
    _count("tries"),
    _words("place", 32),  # the channel that Slack answered
    _words("ts", 32),
    Column("created", Instant, nullable=False),
    Column("claimed", Instant, nullable=True),  # when it left; empty again once its answer is known to be lost
    Column("not_before", Instant, nullable=True),
    Column("until", Instant, nullable=True),  # after that it is no news any more
    Index("ix_outbox_state", "state", "connection_id"),
    Index("ix_outbox_channel", "workspace_id", "channel"),
)

lanes = Table(
    "lanes",
    metadata,
    Column("name", String(96), primary_key=True),  # a channel's posts, a method of a workspace, an alert's progress
    Column("free", BigInteger, nullable=False),  # milliseconds since 1970 at which the next call may go
)
