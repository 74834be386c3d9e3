"""Short answers: a sentence to one person, and what `/intacct` understands."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.ui.blocks import Json, message, modal, section
from handlers.ui.text import esc


def said(sentence: str) -> Json:
    """One sentence with foreign parts, made harmless."""
    text = esc(sentence)
    return message(text, [section(text, "said")])


def told(sentence: str, title: str = "Not done") -> Json:
    """The same as the end of a form."""
    return modal(title, [section(esc(sentence), "told")], close="Close")


STANDS = {
    "running": "it is running",
    "waiting": "it waits for its turn and starts by itself",
    "ended": "it has ended",
}


def already(name: str, did: str, when: str, stands: str) -> str:
    """To whoever was second: who was first, when, and how that stands."""
    return f"{name} {did} {when}; {STANDS[stands]}."


def trouble(reference: str) -> str:
    """What people read when something broke; the reference stands in the log beside the reason."""
    return (
        f"That did not work, and what was done before stands. Try once more; if it stays so, give this number to whoever runs "
        f"this app: {reference}"
    )


def database_lost(what: str) -> str:
    """For the owners of connections, once; `what` is the reason, such as "the database file … is gone"."""
    return (
        f"I can no longer rely on my records: {what}. Nothing is lost in Intacct. Please ask whoever runs this app to stop it, "
        "restore the last backup of the database, and start it again. Until then, what I post may not be kept on record here, "
        "so please do not press Retry or change anything in Slack."
    )


def commands(table: Mapping[str, str], unknown: str = "") -> Json:
    """The words behind `/intacct`, each with what it does."""
    first = f"I do not know `{esc(unknown)}`. " if unknown else ""
    lines = "\n".join(f"`/intacct {name}` · {does}" for name, does in table.items())
    text = f"{first}Type /intacct and one of these words: {', '.join(table)}."
    return message(text, [section(f"{first}This is what I understand:", "first"), section(lines, "commands")])
