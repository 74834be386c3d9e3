"""What changed in Intacct since the set-up: one message for each change, edited in place until it is right again."""

from __future__ import annotations

from datetime import datetime

from bot.models import StepState
from bot.store.connections import Connection
from bot.store.drift import Mark
from bot.sync.alerts import place
from bot.walkthrough.steps import CARD, PERMISSIONS, STEPS
from handlers.ui.blocks import Json, actions, button, context, header, message, section
from handlers.ui.text import clip, esc, plain, when

STOPS = "Something changed in Intacct: the next sync will not go through"
SOON = "Something in Intacct will stop the sync soon"
SENTENCE = 700


def changed(mark: Mark, connection: Connection, checked: datetime | None = None) -> Json:
    """What is wrong, the clicks that mend it, and the step that proves it; `checked` is when somebody asked again."""
    title = STOPS if mark.check.state is StepState.PROBLEM else SOON
    step = STEPS[mark.step]
    who = "the Sage Intacct administrator" if mark.step <= PERMISSIONS else "accountants"
    again = f" · still so, checked {when(checked, _zone(connection))}" if checked else ""
    said = f"For {who} · step {step.number}, {step.title} · seen {when(mark.since, _zone(connection))}{again}"
    blocks = [
        header(title, "title"),
        section(f"{_where(mark, connection)}\n{_sentence(mark)}", "what"),
        context(f"{said}. What was posted before stands.", "state"),
        actions(
            "do",
            button("Check again", "drift.check", connection.id, style="primary"),
            button(f"Open step {mark.step}", "drift.open", f"{connection.id}:{mark.step}"),
        ),
    ]
    return message(f"{title}. {_where(mark, connection)}. {_sentence(mark)}", blocks)


def solved(mark: Mark, connection: Connection, now: datetime) -> Json:
    zone = _zone(connection)
    title = f"*Solved: right again in Intacct* · {_where(mark, connection)}"
    blocks = [
        section(f"{title}\nIt was: {_sentence(mark)}", "what"),
        context(f"Seen {when(mark.since, zone)}, right again {when(now, zone)}", "state"),
    ]
    return message(f"Solved: right again in Intacct. {_where(mark, connection)}. It was: {_sentence(mark)}", blocks)


def _where(mark: Mark, connection: Connection) -> str:
    card = f" · card {esc(plain(connection.card, 60))}" if mark.step == CARD and connection.card else ""
    return f"{esc(plain(place(connection), 120))}{card}"


def _sentence(mark: Mark) -> str:
    return esc(clip(mark.check.sentence, SENTENCE))


def _zone(connection: Connection) -> str:
    return connection.time_zone or "UTC"
