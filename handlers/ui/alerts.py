"""The alert: one message for one cause, in each form of its life, and the modals behind its menu."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import slackblocks as sb

from bot.hints.catalogue import hint_for
from bot.hints.hint import OPERATOR, Hint
from bot.models import AlertState, RetryClass
from bot.store.postings import CHANGED, RECEIPT
from bot.sync.alerts import AlertRow, AlertView, place
from bot.sync.vendors import named_by
from handlers.ui import corrections, story, vendors
from handlers.ui.blocks import Json, actions, button, context, header, message, section
from handlers.ui.text import clip, count, day, days, esc, listed, money, plain, when

REVERSING = (
    "The reversal was sent, and the answer was lost: I ask Intacct whether it was made. Nothing is sent twice and nothing is "
    "posted before Intacct shows it. Do not reverse it by hand."
)
LINE = 900
"""Characters of one foreign sentence, before escaping."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What the words need beside the view: the day, the zone of the company's books, and people's names by user id."""

    today: date
    zone: str = "UTC"
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, user: str) -> str:
        return plain(self.names.get(user, "") or "Someone", 80)


def alert(view: AlertView, cast: Cast) -> Json:
    """The message as it stands now: open, taken, working, snoozed or solved."""
    if view.solved:
        return _solved(view, cast)
    title = headline(view)
    blocks: list[sb.Block] = [header(title, "title"), section(_where(view, cast), "where")]
    if view.alert.working:
        blocks.append(section(_working(view), "working"))
        return message(f"{esc(title)}. {_working(view)}", [*blocks, context(_state(view, cast), "state")])
    if view.reversing:
        blocks.append(section(REVERSING, "why"))
    else:
        blocks += [section(_safe(view.words.why), "why"), section(_ways(view), "ways")]
    if view.words.retry_note:
        blocks.append(section(_safe(view.words.retry_note), "note"))
    blocks += [context(_state(view, cast), "state"), actions("do", *_buttons(view, cast.today))]
    return message(f"{esc(title)}. {_where(view, cast)}. {_safe(view.words.why)}", blocks)


def headline(view: AlertView) -> str:
    """Header and notification say the same. A cause that shrank says what it was."""
    if view.paused and not view.connection:
        return plain(view.words.header, 150)
    was = f", was {view.most:,}" if 0 < view.n < view.most else ""
    return plain(view.words.header, 150 - len(was)) + was


def told(view: AlertView) -> list[str]:
    """The far end's own sentence, where a line of a list says little without it."""
    return [_safe(view.words.why)] if hint(view).quotes and not view.solved else []


def where(view: AlertView) -> str:
    """`100 Portland`, or all connections that wait."""
    if view.connection is not None:
        return place(view.connection)
    return listed(view.waiting) if view.waiting else view.company.company_id


def hint(view: AlertView) -> Hint:
    return hint_for(view.verdict)


def can_check(view: AlertView) -> bool:
    """Whether the cause is a refused door, or a missing right behind it, rather than a refused row."""
    return view.paused or hint(view).stops_run


def _where(view: AlertView, cast: Cast) -> str:
    amount = money(view.total, view.currency, view.company.base_currency or view.currency)
    if view.connection is None:
        waits = f"{count(view.n, 'transaction')} {'waits' if view.n == 1 else 'wait'} ({amount})" if view.n else ""
        parts = [view.company.company_id, clip(where(view), 300)]
        return " · ".join([*(esc(part) for part in parts), f"since {when(view.alert.opened, cast.zone)}", waits]).strip(
            " ·"
        )
    parts = [
        amount if view.n else "",
        esc(plain(where(view), 120)),
        esc(plain(_named(view), 120)) if _named(view) else "",
    ]
    if view.first and view.last:
        parts.append(days(view.first, view.last, cast.today))
    return " · ".join(part for part in parts if part)


def _named(view: AlertView) -> str:
    """The account, value or period that the cause is about."""
    details = view.verdict
    if details.detail("account"):
        return f"account {details.detail('account')} {view.titles.get('account', '')}".strip()
    if details.detail("value"):
        return (
            f"{details.detail('dimension') or 'value'} {details.detail('value')} {view.titles.get('value', '')}".strip()
        )
    return view.alert.subject


def _ways(view: AlertView) -> str:
    return "\n".join(f"{at}. {_safe(way, 600)}" for at, way in enumerate(view.words.ways[:4], 1))


def _working(view: AlertView) -> str:
    """`Posting 37 · 12 done`: of the retry that is under way."""
    last: dict[str, Any] = next((line for line in reversed(view.alert.story) if "intent" in line), {})
    rows = len(last.get("postings") or [])
    if _receipts(view):
        return f"Attaching {count(rows, 'receipt')}…"
    if not rows:
        return "Checking with Intacct…"
    before = {
        one for line in view.alert.story if line is not last and "intent" in line for one in line.get("postings") or []
    }
    done = max(0, min(rows, view.done - len(before - set(last["postings"]))))
    return f"Posting {rows:,} · {done:,} done"


def _state(view: AlertView, cast: Cast) -> str:
    """For whom, who is on it, since when."""
    row = view.alert
    if row.working:
        said = [f"{esc(cast.name(row.working))} asked for it"]
        if row.working_since:
            said.append(when(row.working_since, cast.zone))
        return " · ".join(said)
    said = [f"For {esc(view.words.who)}"]
    said.append(f"{esc(cast.name(row.assignee))} is on it" if row.assignee else "nobody on it")
    said.append(f"first seen {when(row.opened, cast.zone)}")
    if vendors.waits(row.story, cast.today):
        said.append("a question about the vendor waits in the thread for a second person")
    if view.paused and view.company.tested and view.company.tested > row.opened:
        said.append(f"still refused, last checked {when(view.company.tested, cast.zone)}")
    if row.state == AlertState.SNOOZED and row.snoozed_until:
        said.append(f"quiet until {when(row.snoozed_until, cast.zone)}")
    return " · ".join(said)


# --- buttons ----------------------------------------------------------------------------------------------------------


def _buttons(view: AlertView, today: date) -> list[sb.Element]:
    """At most three and a menu, the first the primary one."""
    value = str(view.alert.id)
    take = button("I'll take it", "alert.take", value)
    found: list[sb.Element] = []
    if view.choices:
        recommended = corrections.offer(view, today)
        found += [recommended] if recommended else []
        for key, label in view.choices[:2]:
            found.append(button(label, f"alert.answer.{key}", value, style=None if found else "primary"))
    elif can_check(view):
        found.append(button("Check and resume", "alert.check_and_resume", value, style="primary"))
        if hint(view).who != OPERATOR:  # in whoever's company, nobody can help with this app's own access
            found.append(button("Ask the administrator", "alert.ask", value))
        if step := hint(view).step:
            found.append(button(f"Open step {step}", "alert.open_step", value))
    elif view.alert.category == CHANGED and not view.reversing:
        again = view.verdict.detail("then") != "leave"
        label = "Reverse and post again" if again else "Reverse the record"
        found.append(button(label, "alert.reverse", value, style="primary"))
        found.append(button("Keep as it is", "alert.keep", value))
    elif _receipts(view):
        label = "Attach the receipt" if view.n == 1 else f"Attach {view.n:,} receipts"
        found.append(button(label, "alert.retry", value, style="primary"))
    elif view.reversing or hint(view).retry is RetryClass.LOOK:
        found.append(button("Check now", "alert.check_now", value, style="primary"))
    else:
        label = f"Retry {view.n:,}" if view.n else "Sync again"
        recommended = corrections.offer(view, today)
        found += [recommended] if recommended else []
        found.append(button(label, "alert.retry", value, style=None if recommended else "primary"))
    if len(found) < 3:
        found.append(take)
    return [*found, _menu(view)]


def _receipts(view: AlertView) -> bool:
    """Whether this is about the receipts of what is posted, and of nothing else."""
    return (view.alert.category, view.alert.subject) == RECEIPT


def _stands(view: AlertView) -> bool:
    """Whether the transactions behind it are posted all the same, so that there is nothing to leave out."""
    return view.alert.category == CHANGED or _receipts(view)


def _menu(view: AlertView) -> sb.Element:
    value = str(view.alert.id)
    offered = [("Ask the cardholders", f"people:{value}")] if corrections.missing(view) else []
    if view.n and not view.paused and hint(view).retry is not RetryClass.LOOK and not _stands(view):
        if vendor := named_by(view):
            offered.append((vendors.menu_line(view, vendor), f"{vendors.MENU}:{value}"))
        offered += [("Posted by hand…", f"hand:{value}"), ("Ignore…", f"ignore:{value}")]
    offered += [("Snooze…", f"snooze:{value}"), ("Details", f"details:{value}")]
    return sb.OverflowMenu(
        "alert.menu", [sb.Option(sb.PlainText(plain(label, 75)), chosen) for label, chosen in offered]
    )


# --- solved -----------------------------------------------------------------------------------------------------------


def _solved(view: AlertView, cast: Cast) -> Json:
    title = solved_title(view)
    told = [esc(plain(where(view), 120))]
    if view.connection is None:
        told = [esc(view.company.company_id)]
    elif view.peak and (view.done or _ignored(view)):
        told.insert(0, money(view.peak, view.currency, view.company.base_currency or view.currency))
    first = f"*{esc(title)}* · {' · '.join(told)}"
    blocks: list[sb.Block] = [section(first, "title"), context(_by_whom(view, cast), "state")]
    if view.records:
        blocks.append(actions("do", button("See records", "alert.records", str(view.alert.id))))
    return message(f"{esc(title)} · {' · '.join(told)}. {_by_whom(view, cast)}", blocks)


def _ignored(view: AlertView) -> int:
    """How many were left out, by a person's decision."""
    return sum(int(line.get("rows", 0)) for line in view.alert.story if line.get("did") == "ignore")


def solved_title(view: AlertView) -> str:
    """What became of it, outcome first."""
    if view.connection is not None and view.connection.removed is not None:
        return "Closed: this connection was ended"
    if view.paused:
        return "Solved: syncing again"
    if view.done and view.alert.category == "outcome.unknown":
        return f"Solved: {count(view.done, 'transaction')} posted once, found after the line dropped"
    if _receipts(view):
        return "Solved: no receipt waits for this any more"
    ignored = _ignored(view)
    if any(line.get("did") == "keep" for line in view.alert.story):
        return "Solved: what was posted stays"
    if any(line.get("did") == "reversed" and line.get("then") == "leave" for line in view.alert.story):
        return "Solved: reversed, and nothing posted in its place"
    parts = []
    if view.done:
        again = " again" if view.alert.category == CHANGED else _on_day(view)
        parts.append(f"{count(view.done, 'transaction')} posted{again}")
    for n, what in ((ignored, "left out"), (view.moved, "moved to another alert")):
        if n:
            parts.append(f"{n:,} {what}" if parts else f"{count(n, 'transaction')} {what}")
    if parts:
        return f"Solved: {', '.join(parts)}"
    return "Solved: no transaction waits for this any more" if view.most else "Solved: the sync runs again"


DECIDES = {"retry", "answer", "check", "ignore", "receipts", "keep", "reverse", "reversed", "code", "map", "redate"}
DECIDES |= {"by hand", "vendor"}
"""Deeds of a story that may solve an alert; to put it off or to ask about it does not."""

LATELY = timedelta(hours=1)
"""So long before its end somebody's deed may be what solved an alert; after that the schedule did it."""


def over(view: AlertView) -> bool:
    """Whether nothing is left to do about this alert, though its message may not say so yet: somebody saw to its last row."""
    left = view.n or view.alert.working or not view.alert.most
    return view.solved or (not left and bool(solver(view)[0]))


def solver(view: AlertView) -> tuple[str, datetime | None]:
    """Who solved an alert, and when; no one where it was solved by itself."""
    ended = view.alert.solved
    line = next((one for one in reversed(view.alert.story) if one.get("actor") and one.get("did") in DECIDES), None)
    if line is not None:
        at = datetime.fromisoformat(str(line["at"]))
        if ended is None or ended - at < LATELY:
            return str(line["actor"]), at
    return view.alert.solved_by, ended


def solved_already(view: AlertView, name: str, when_: str) -> str:
    """To whoever comes too late: who did what. `name` is empty where it was nobody in particular."""
    what = solved_title(view).partition(": ")[2]
    words = [html.unescape(story.short(line, view.alert.category)) for line in view.alert.story if line.get("actor")]
    said = " · ".join([what, *list(dict.fromkeys(one for one in words if one))[-2:]])
    return f"{name} solved this {when_}: {said}." if name else f"This was solved {when_}: {said}."


def _on_day(view: AlertView) -> str:
    """` on 1 Nov`, where all that was posted from here was moved to that day."""
    tried = [line for line in view.alert.story if "intent" in line and line.get("postings")]
    moved = [line for line in tried if line.get("did") == "redate"]
    ids = {one for line in moved for one in line["postings"]}
    days_ = {str(line["day"]) for line in moved}
    if len(days_) != 1 or any(one not in ids for line in tried for one in line["postings"]):
        return ""
    return f" on {day(date.fromisoformat(days_.pop()))}"


def _by_whom(view: AlertView, cast: Cast) -> str:
    last = next((line for line in reversed(view.alert.story) if line.get("actor")), None)
    parts = [esc(cast.name(str(last["actor"])))] if last else []
    if view.alert.solved:
        parts.append(when(view.alert.solved, cast.zone))
    said = [story.short(line, view.alert.category) for line in view.alert.story if line.get("actor")]
    parts += list(dict.fromkeys(one for one in said if one))[-3:]
    if view.records:
        parts.append(_records(view.records))
    return " · ".join(parts) or "nothing is left of it"


def _records(numbers: tuple[str, ...]) -> str:
    """`record 10390`, `records 10421 to 10457`; with gaps, how many they are."""
    if len(numbers) == 1:
        return f"record {esc(plain(numbers[0], 20))}"
    if all(number.isdigit() for number in numbers):
        ordered = sorted(int(number) for number in numbers)
        if ordered[-1] - ordered[0] == len(ordered) - 1:
            return f"records {ordered[0]} to {ordered[-1]}"
        return f"{len(ordered):,} records between {ordered[0]} and {ordered[-1]}"
    return f"{len(numbers):,} records"


# --- the thread -------------------------------------------------------------------------------------------------------


def rows(view: AlertView) -> Json:
    """The first reply: the largest transactions as a table."""
    shown = view.rows[:50]
    more = f", the {len(shown)} largest of {view.n:,}" if view.n > len(shown) else ""
    total = money(view.total, view.currency, view.company.base_currency or view.currency)
    text = f"{count(view.n, 'transaction')}, {total}{more}"
    head = ["Date", "Merchant", "Cardholder", "Amount"]
    width = max(8, min(60, 5000 // max(1, len(shown)) // 3))
    table: list[list[sb.RawText | sb.RichTextObject]] = [[sb.RawText(one) for one in head]]
    table += [_cells(view, row, width) for row in shown]
    return message(text, [section(text, "count"), sb.TableBlock(table, block_id="rows")])


def _cells(view: AlertView, row: AlertRow, width: int) -> list[sb.RawText | sb.RichTextObject]:
    base = view.company.base_currency or view.currency
    card = f" ··{plain(row.last4, 4)}" if row.last4 else ""
    return [
        sb.RawText(row.date.isoformat()),
        sb.RawText(plain(row.merchant, width)),
        sb.RawText(plain(row.cardholder, width - 7) + card),
        sb.RawText(money(row.amount, plain(row.currency, 3), base)),
    ]


def details(view: AlertView) -> Json | None:
    """The second reply: Intacct's own words, for whoever administers it."""
    if not view.details:
        return None
    whose = "Spend Center" if view.verdict.category.startswith("source.") else "Sage"
    text = f"Details for your {whose} admin:\n{_safe(view.details, 2400)}"
    return message(text, [section(text, "details")])


def reply(text: str) -> Json:
    """One more line of the story."""
    return message(text, [section(text, "line")])


def moved(view: AlertView, to: str) -> Json:
    """What stays behind when the finance channel is changed."""
    text = f"{esc(headline(view))}. This now stands in {to}."
    return message(text, [section(text, "moved")])


def _safe(text: str, most: int = LINE) -> str:
    """Foreign words, cut and made harmless; line breaks stay."""
    return esc(clip(text, most))
