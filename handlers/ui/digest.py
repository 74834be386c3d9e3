"""The daily digest: figures in one line, then a line for each open alert, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import slackblocks as sb

from bot.models import AlertState
from bot.store.digest import Figures, Sums
from bot.sync.alerts import AlertView
from handlers.ui.alerts import headline, told, where
from handlers.ui.blocks import Json, fitting, section
from handlers.ui.text import count, day, esc, money, person, plain

OVERDUE, AGAIN = 3, 7
"""Days after which an open alert calls somebody by name, and each how many days once more."""


def digest(
    figures: Figures, found: Sequence[tuple[AlertView, str]], now: datetime, today: date, base: str, owner: str = ""
) -> Json:
    """One message for a channel.

    Args:
        figures: of all connections of the channel.
        found: each open alert with the link to its message.
        now: for how long an alert is open.
        today: where the books are.
        base: the currency whose code is left out.
        owner: who is called where an alert belongs to no connection alone.
    """
    parts = [f"Cards to Intacct, {today:%a} {day(today)}", f"posted since yesterday {_sum(figures.posted, base)}"]
    if figures.open:
        parts.append(f"not posted {_sum(figures.open, base)}")
    if found:
        parts.append(f"oldest {count(max(_days(view, now) for view, _ in found), 'day')}")
    text = " · ".join(parts)
    groups: list[list[sb.Block]] = [[section(f"*{parts[0]}* · {' · '.join(parts[1:])}", "figures")]]
    if found:
        groups.append([section("*Needs someone*", "needs")])
        groups += [[section(_line(view, link, now, owner), f"alert.{view.alert.id}")] for view, link in found]
    if figures.waiting:
        groups.insert(1, [section(f"*Waiting for cardholders* {_sum(figures.waiting, base)}", "waiting")])
    return fitting(text, groups, "and {n} smaller ones, under `/intacct errors`")


def _sum(sums: Sums, base: str) -> str:
    """`58, $12,204.77`; further currencies after a plus."""
    n = sum(number for number, _ in sums.values())
    amounts = " + ".join(money(total, plain(currency, 3), base) for currency, (_, total) in sums.items())
    return f"{n:,}, {amounts}" if amounts else "0"


def _days(view: AlertView, now: datetime) -> int:
    return max(0, (now - view.alert.opened).days)


def _call(view: AlertView, now: datetime, owner: str) -> str:
    """Whoever is on a cause that stays open, or who set the connection up, by name and so that Slack tells them.

    On the third day and then once a week: a name that is called every day is not heard any more.
    """
    age = _days(view, now)
    if view.alert.state == AlertState.SNOOZED or not (age == OVERDUE or (age and age % AGAIN == 0)):
        return ""
    if view.alert.assignee:
        return f"{person(view.alert.assignee)} is on it"
    owner = view.connection.owner if view.connection is not None else owner
    return f"nobody is on it, {person(owner)}" if owner else "nobody is on it"


def _line(view: AlertView, link: str, now: datetime, owner: str) -> str:
    """What, where, how much, who acts, since when, who is called, and the way to the message."""
    parts = [esc(headline(view)), *told(view), esc(plain(where(view), 80))]
    if view.n:
        parts.append(money(view.total, view.currency, view.company.base_currency or view.currency))
    parts += [esc(plain(view.words.who, 60)), f"open {count(_days(view, now), 'day')}"]
    if call := _call(view, now, owner):
        parts.append(call)
    if link.startswith("https://"):
        parts.append(f"<{link}|open it>")
    return " · ".join(parts)
