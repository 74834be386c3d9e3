"""An alert's story: what people did about it, a line for the thread and a few words for the solved form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.hints.catalogue import hint_for
from bot.hints.words import render
from bot.sync.alerts import CHOICES
from bot.sync.outcome import Moved
from handlers.ui import vendors
from handlers.ui.text import clip, count, day, days, esc, plain, when

Line = Mapping[str, Any]
"""One entry of `alerts.story`: `did`, `actor`, `at` and what belongs to the deed."""


def reply(line: Line, category: str, name: str, posted: int, zone: str, moved: str = "") -> str:
    """The sentence for the thread, or nothing when the line has none.

    Args:
        line: the entry.
        category: the alert's.
        name: the actor's, as people know it.
        posted: how many of the line's postings are posted by now.
        zone: of the company's books.
        moved: what became of those that wait for another cause now, as `moved` says it; of a check, that it failed.
    """
    who = esc(plain(name, 80))
    rows = len(line.get("postings") or [])
    outcome = _outcome(rows, posted) + moved
    match line.get("did"):
        case "retry":
            return f"{who} pressed Retry: {outcome}." if rows else f"{who} asked for another sync."
        case "answer":
            label = dict(CHOICES.get(category, ())).get(str(line.get("choice")), "")
            return f"{who} answered *{esc(label)}*: {outcome}." if rows else f"{who} answered *{esc(label)}*."
        case "check":
            return f"{who} asked Intacct again{moved}."
        case "ignore":
            left = count(int(line.get("rows", 0)), "transaction")
            return f"{who} left out {left}: {_reason(line)}"
        case "receipts":
            return f"{who} asked to attach {count(rows, 'receipt')} again."
        case "keep":
            return f"{who} keeps what was posted: {_reason(line)}"
        case "reverse":
            again = " and to post it again" if line.get("then") == "post" else ""
            return f"{who} asked to reverse record {_record(line)} on {_day(line)}{again}."
        case "reversed":
            by = f" by record {_number(line, 'by')}" if line.get("by") else ""
            after = _again(posted) if line.get("then") == "post" else " Nothing is posted in its place."
            return f"Record {_record(line)} is reversed{by}.{after}"
        case "not reversed":
            return f"Record and books stay as they are. {_reason(line)}"
        case "snooze":
            until = when(datetime.fromisoformat(str(line["until"])), zone)
            return f"{who} wants this quiet until {until}: {_reason(line)}"
        case "code":
            kept = f", also for future ones (rule {_rule(line)})" if line.get("rule") else ""
            return f"{who} chose {_value(line)} for {count(rows, 'transaction')}{kept}: {outcome}."
        case "map":
            return f"{who} matched {_matched(line)} for good: {outcome}."
        case "by hand":
            return f"{who} marked one as posted by hand, record {esc(plain(str(line.get('record', '')), 20))}: {_reason(line)}"
        case "ask":
            people, asked = int(line.get("people", 0)), count(int(line.get("rows", 0)), "transaction")
            return f"{who} asked {count(people, 'cardholder')} about {asked}."
        case "vendor":
            return vendors.told(line, who, outcome if rows else "")
        case "redate":
            return (
                f"{who} moved {count(rows, 'transaction')} to {_day(line)}{_instead(line)}: {outcome}.{_accrual(line)}"
            )
        case "write back":
            said = written(int(line.get("written", 0)), int(line.get("locked", 0)))
            return f"What a rule filled: {said[:1].lower()}{said[1:]}" if line.get("by_rule") else said
        case _:
            return ""


def written(n: int, locked: int) -> str:
    """How many transactions Spend Center took a coding for, and how many are locked there."""
    if not n and not locked:
        return "Nothing was written to Spend Center: no value there stands for it."
    rest = f"; {locked:,} {'is' if locked == 1 else 'are'} locked there" if locked else ""
    return f"Written to {n:,} in Spend Center{rest}."


def short(line: Line, category: str) -> str:
    """The deed in a few words, for the context of a solved alert."""
    match line.get("did"):
        case "answer":
            return esc(dict(CHOICES.get(category, ())).get(str(line.get("choice")), ""))
        case "ignore":
            return _reason(line)
        case "keep":
            return _reason(line)
        case "reversed":
            return f"record {_record(line)} reversed"
        case "by hand":
            return "posted by hand"
        case "code":
            return f"{_value(line)}, rule {_rule(line)}" if line.get("rule") else _value(line)
        case "map":
            return _matched(line)
        case "vendor":
            return vendors.short(line)
        case "redate":
            first = [f"originally {_from(line)}"] if line.get("first") else []
            return ", ".join([f"{len(line.get('postings') or []):,} posted on {_day(line)}", *first])
        case _:
            return ""


def moved(found: Sequence[Moved]) -> str:
    """`, 3 moved to *3 transactions fall in a closed period*`: the alerts on which they stand now."""
    said = [(one.n, render(hint_for(one.verdict), one.verdict, n=one.n, names=one.titles).header) for one in found[:5]]
    return "".join(f", {n:,} moved to another alert: *{esc(clip(header, 150))}*" for n, header in said)


def _outcome(rows: int, posted: int) -> str:
    if posted >= rows:
        return f"{count(posted, 'transaction')} posted"
    return f"{posted:,} of {count(rows, 'transaction')} posted" if posted else "none of them posted"


def _reason(line: Line) -> str:
    return esc(plain(str(line.get("reason", "")), 300))


def _again(posted: int) -> str:
    return " The transaction is posted again." if posted else " The transaction is to be posted again."


def _record(line: Line) -> str:
    return _number(line, "record")


def _number(line: Line, name: str) -> str:
    return esc(plain(str(line.get(name, "")), 20))


def _value(line: Line) -> str:
    return esc(plain(f"{line.get('dimension', '')} {line.get('value', '')}", 80))


def _matched(line: Line) -> str:
    """`GL Account 6120 - Office to account 6120`."""
    said = f"{line.get('field', '')} {line.get('text', '')}"
    return f"{esc(plain(said, 80))} to {_value(line)}"


def _rule(line: Line) -> str:
    return f"R-{int(line['rule'])}"


def _from(line: Line) -> str:
    """The days on which moved transactions were, where the line says so."""
    return days(date.fromisoformat(str(line["first"])), date.fromisoformat(str(line["last"])))


def _instead(line: Line) -> str:
    return f" instead of {_from(line)}" if line.get("first") else ""


def _accrual(line: Line) -> str:
    """What is left to do where a month was left: the bot posts no accrual, and reverses none."""
    left, day_ = line.get("first"), date.fromisoformat(str(line["day"]))
    if not left or (month := date.fromisoformat(str(left))).replace(day=1) == day_.replace(day=1):
        return ""
    return f" If {month:%B} has an accrual for them, reverse it on {_day(line)}."


def _day(line: Line) -> str:
    return day(date.fromisoformat(str(line["day"])))
