"""What became of the transactions that were tried from an alert: posted, left, or waiting for another cause now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.models import PostingState, RetryClass, RunState, Verdict
from bot.store import alerts, attempts, postings, runs
from bot.store.alerts import Alert
from bot.store.database import Store
from bot.store.postings import OPEN, Posting
from bot.store.runs import Run


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows that wait for another cause now, with the titles of what it names."""

    verdict: Verdict
    n: int
    titles: Mapping[str, str]


def elsewhere(rows: Sequence[Posting], alert: Alert) -> list[Moved]:
    """Of these rows, those that wait for another cause than the alert's, by that cause."""
    found: dict[tuple[str, str], list[Posting]] = {}
    for row in rows:
        if row.state in OPEN and row.category and (row.category, row.subject) != (alert.category, alert.subject):
            found.setdefault((row.category, row.subject), []).append(row)
    moved = []
    for (category, subject), group in found.items():
        verdict = Verdict(category, subject, RetryClass.NO, tuple((group[0].details or {}).items()))
        moved.append(Moved(verdict, len(group), titles_of(group[0], verdict)))
    return moved


def titles_of(row: Posting | None, verdict: Verdict) -> dict[str, str]:
    """What Spend Center calls the account or value at fault: its own value reads `6420 - Travel`."""
    if row is None:
        return {}
    transaction = row.read()
    texts = [one.value for line in transaction.lines for one in line.codings] + [
        one.value for one in transaction.codings
    ]
    found = {}
    for part in ("account", "value"):
        wanted = verdict.detail(part)
        rests = (text[len(wanted) :] for text in texts if wanted and text.startswith(wanted))
        title = next((rest.lstrip(" -–·:") for rest in rests if rest[:1] in set(" -–·:")), "")
        if title:
            found[part] = title
    return found


async def all_on_alert(store: Store, run: Run) -> bool:
    """Whether everything that a run did can be read on the alert from which it was asked for.

    It can where the run was about the alert's own transactions, tried no other, and each of them is posted now or left
    where it was.
    """
    intent = await runs.get_intent(store, run.key.removeprefix("intent:"))
    alert = await alerts.get(store, int(intent.target.get("alert") or 0)) if intent is not None else None
    if intent is None or alert is None or not alert.ts or run.state != RunState.FINISHED:
        return False
    ids = [int(one) for one in intent.target.get("postings") or []]
    rows = await postings.get(store, ids)
    settled = (PostingState.POSTED, PostingState.IGNORED)
    stay = all(row.state in settled or (row.category, row.subject) == (alert.category, alert.subject) for row in rows)
    return bool(rows) and stay and await attempts.tried_by(store, run.id) <= set(ids)
