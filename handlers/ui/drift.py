"""What changed in Intacct since the set-up: one message for each change, edited in place until it is right again."""

from __future__ import annotations

from datetime import datetime

import slackblocks as sb

from bot.models import StepState
from bot.store.connections import Connection
from bot.store.drift import Mark
from bot.sync.alerts import place
from bot.walkthrough.steps import CARD, FINISH, PERMISSIONS, STEPS
from handlers.ui.blocks import Json, actions, button, context, header, message, section
from handlers.ui.text import clip, esc, plain, when

STOPS = "Something changed in Intacct: the next sync will not go through"
SOON = "Something in Intacct will stop the sync soon"
CODED = "Something changed in Intacct: transactions coded as before will not go through"
SENTENCE, MOST = 450, 7
"""Characters of a line, and lines."""


def changed(mark: Mark, connection: Connection, checked: datetime | None = None) -> Json:
    """What is wrong, the clicks that mend it, and the step that proves it; `checked` is when somebody asked again."""
    title = CODED if mark.told else STOPS if mark.check.state is StepState.PROBLEM else SOON
    step = STEPS[mark.step]
    who = "the Sage Intacct administrator" if mark.step <= PERMISSIONS else "accountants"
    again = f" · still so, checked {when(checked, _zone(connection))}" if checked else ""
    where = "" if mark.told else f" · step {step.number}, {step.title}"
    said = f"For {who}{where} · seen {when(mark.since, _zone(connection))}{again}"
    blocks = [
        header(title, "title"),
        section(f"{_where(mark, connection)}\n{_sentence(mark)}", "what"),
        context(f"{said}. What was posted before stands.", "state"),
        actions("do", *_buttons(mark, connection)),
    ]
    return message(f"{title}. {_where(mark, connection)}. {_sentence(mark)}", blocks)


def _buttons(mark: Mark, connection: Connection) -> list[sb.Element]:
    """Where transactions come from a file there are no fields to match, and no step to open for that."""
    check = button("Check again", "drift.check", connection.id, style="primary")
    if mark.step == FINISH and connection.csv:
        return [check]
    return [check, button(f"Open step {mark.step}", "drift.open", f"{connection.id}:{mark.step}")]


def solved(mark: Mark, connection: Connection, now: datetime) -> Json:
    """It is right again; of values in use that may be so since they are not used any more, too."""
    title = "Solved: nothing of this stands in the way any more" if mark.told else "Solved: right again in Intacct"
    return _over(title, mark, connection, f"right again {when(now, _zone(connection))}")


def handed_over(mark: Mark, connection: Connection, now: datetime) -> Json:
    """Transactions met it meanwhile, and failed: their alert says which, and has the ways out."""
    title = "Transactions met this: it has an alert of its own now"
    return _over(title, mark, connection, f"told by that alert since {when(now, _zone(connection))}")


def _over(title: str, mark: Mark, connection: Connection, since: str) -> Json:
    where, it_was = _where(mark, connection), f"It was: {_sentence(mark)}"
    blocks = [
        section(f"*{title}* · {where}\n{it_was}", "what"),
        context(f"Seen {when(mark.since, _zone(connection))}, {since}", "state"),
    ]
    return message(f"{title}. {where}. {it_was}", blocks)


def _where(mark: Mark, connection: Connection) -> str:
    card = f" · card {esc(plain(connection.card, 60))}" if mark.step == CARD and connection.card else ""
    return f"{esc(plain(place(connection), 120))}{card}"


def _sentence(mark: Mark) -> str:
    return "\n".join(esc(clip(line, SENTENCE)) for line in mark.check.sentence.splitlines()[:MOST])


def _zone(connection: Connection) -> str:
    return connection.time_zone or "UTC"
