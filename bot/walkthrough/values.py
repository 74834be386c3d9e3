"""What transactions are coded to, held against Intacct's lists: what would be refused now, before a transaction meets it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.hints.words import MENUS
from bot.intacct.client import IntacctClient
from bot.intacct.records import PostingLine
from bot.models import Dimension, Transaction, Verdict
from bot.store import alerts, in_use, postings
from bot.store.connections import Company, Connection
from bot.store.database import Store
from bot.store.in_use import Coded
from bot.store.rows import from_json
from bot.store.rules import Rule
from bot.sync.alerts import place
from bot.sync.mapping import Composed, Terms, compose
from bot.sync.preview import Lists, account_fault, faults, read_lists, used_by, value_fault
from bot.sync.standing import Standing
from bot.sync.terms import locations_inside, terms_of
from bot.walkthrough.books import ACCOUNTS
from bot.walkthrough.checks import joined

log = logging.getLogger(__name__)

LATELY = timedelta(days=90)
"""How long a value counts as used after a transaction with it posted."""
MOST = 5000
"""Codings that are told apart; of a connection with more of them the newest are looked at."""

Key = str
"""Category and subject of a cause, as an alert of it has them."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that transactions are coded to and that Intacct would refuse; the sentence says so, and what to do."""

    key: Key
    sentence: str


@dataclass(frozen=True, slots=True)
class Values:
    """What one look found wrong, and which causes have an alert of their own, that says the same of real transactions."""

    wrong: tuple[Wrong, ...] = ()
    alerted: frozenset[Key] = frozenset()


@dataclass(slots=True)
class Use:
    """How often something is used, the day of the newest transaction with it, and the rules that name it."""

    n: int = 0
    newest: date = date.min
    rules: set[str] = field(default_factory=set)

    def add(self, n: int, newest: date) -> None:
        self.n, self.newest = self.n + n, max(self.newest, newest)


Coding = frozenset[PostingLine]
"""The lines of a transaction without amount and text; equal for all that are coded alike."""


async def look(store: Store, client: IntacctClient, company: Company, connection: Connection, now: datetime) -> Values:
    """Everything in use that Intacct would refuse: a query for each dimension in use, and a few more, whatever its size.

    Raises:
        IntacctError: Intacct did not answer, or refused to list accounts or cards.
    """
    if connection.start_date is None:
        return Values()
    since = now - LATELY
    inside = await locations_inside(client, connection)
    rules, resting = await Standing().of(store, client, connection, now, inside)
    terms = replace(terms_of(connection, company, inside=None), rules=rules, resting=resting)
    used = await _used(store, connection, terms, since)
    speaking = [rule for rule in rules if rule.id not in resting and rule.dimension in set(Dimension)]
    named = used_by(line for coding in used for line in coding)
    for rule in speaking:
        named.setdefault(Dimension(rule.dimension), set()).add(rule.value)
    lists = await read_lists(client, named, connection) if named else Lists({})
    told = {_key(*cause) for cause in await alerts.causes_since(store, connection.id, since)}
    told |= {_key(one.category, one.subject) for one in await postings.causes(store, connection.id)}
    home = lists.card.location_id if lists.card else ""
    elsewhere = {_key("dimension.invalid", f"{Dimension.LOCATION.sentence} {home}")}  # the card's own check tells it
    found = refused(used, speaking, lists)
    say = Sayer(lists, place(connection), since.date(), by_file=connection.csv is not None)
    wrong = tuple(Wrong(key, say(verdict, use)) for key, (verdict, use) in found.items() if key not in told | elsewhere)
    return Values(wrong, frozenset(told))


async def _used(store: Store, connection: Connection, terms: Terms, since: datetime) -> dict[Coding, Use]:
    """The codings of all that waits and of all that posted lately, as they would be sent today."""
    by_merchant = any(rule.merchant for rule in terms.rules)
    known: dict[str, Coding] = {}
    used: dict[Coding, Use] = {}
    async for page in in_use.pages(store, connection.id, since):
        for row in page:
            said = _said(row, by_merchant=by_merchant)
            if said not in known:
                if len(known) >= MOST:
                    continue
                known[said] = _coding(row, terms)
            used.setdefault(known[said], Use()).add(1, row.date)
    if len(known) >= MOST:
        log.warning("%s is coded in more than %d ways; the older ones are not looked at", connection.id, MOST)
    used.pop(frozenset(), None)
    return used


def _said(row: Coded, *, by_merchant: bool) -> str:
    """What decides how a row is coded: rows that say the same are coded alike."""
    lines = [line.get("codings") for line in row.source["lines"]]
    decided = [(row.decision or {}).get(name) for name in ("coding", "instead", "refused")]
    return json.dumps([row.source.get("codings"), lines, decided, row.merchant if by_merchant else ""])


def _coding(row: Coded, terms: Terms) -> Coding:
    """Empty for a row that cannot be coded: it waits with a question of its own."""
    made = compose(from_json(Transaction, row.source), terms, day=row.date, reference="", decision=row.decision)
    if not isinstance(made, Composed):
        return frozenset()
    return frozenset(replace(line, amount=Decimal(0), description="") for line in made.record.lines)


def refused(used: Mapping[Coding, Use], rules: Iterable[Rule], lists: Lists) -> dict[Key, tuple[Verdict, Use]]:
    """Each thing that Intacct would refuse, most used first, with how it is used."""
    found: dict[Key, tuple[Verdict, Use]] = {}
    for coding, use in used.items():
        wrong = {_key(one.category, one.subject): one for line in coding for one in faults(line, lists)}
        for key, verdict in wrong.items():
            found.setdefault(key, (verdict, Use()))[1].add(use.n, use.newest)
    for rule in rules:
        account = rule.dimension == Dimension.GL_ACCOUNT
        fault = (
            account_fault(rule.value, lists) if account else value_fault(Dimension(rule.dimension), rule.value, lists)
        )
        if fault:
            found.setdefault(_key(fault.category, fault.subject), (fault, Use()))[1].rules.add(rule.name)
    return dict(sorted(found.items(), key=lambda one: (-one[1][1].n, one[0])))


def _key(category: str, subject: str) -> Key:
    return f"{category} {subject}"


def named(keys: Iterable[Key], dimension: Dimension) -> set[str]:
    """The Intacct IDs of this dimension among these causes.

    >>> named(["config.gl_account account 6440", "dimension.required 6420 class"], Dimension.GL_ACCOUNT)
    {'6440'}
    """
    parts = (key.partition(f" {dimension.sentence} ") for key in keys)
    return {value for _, found, value in parts if found}


# --- words ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sayer:
    """Says what is wrong: object, field, present and wanted value, and where that is changed.

    `by_file`: transactions come from a file, for which there is no form to match fields in.
    """

    lists: Lists
    place: str
    since: date
    by_file: bool = False

    def __call__(self, verdict: Verdict, use: Use) -> str:
        uses = "uses" if use.n + len(use.rules) == 1 else "use"
        used = f"{self._used(use)} {uses} it"
        if number := verdict.detail("account"):
            return self._account(verdict, number, use, used)
        return self._value(verdict, use, used)

    def _account(self, verdict: Verdict, number: str, use: Use, used: str) -> str:
        record = self.lists.accounts.get(number)
        label, edit = f"{number} {record.title if record else ''}".strip(), f"{ACCOUNTS} > {number} > Edit"
        match verdict.detail("cause"):
            case "dimension-required":
                name = verdict.detail("dimension").removeprefix("GLDIM").replace("_", " ").lower()
                field = "have the file carry it" if self.by_file else "choose in step 9 which field carries it"
                return (
                    f"Account {label} requires the {name} now, and {self._used(use)} came without it. Fill it in Spend "
                    f"Center, or {field}."
                )
            case "account-inactive":
                wanted = f"Status is inactive, it should be active: {used}. {edit} > Status > Active."
            case "account-no-direct-posting":
                wanted = (
                    f"Disallow direct posting is ticked, it should not be: {used}. {edit} > Disallow direct posting > "
                    "untick."
                )
            case "account-is-card-or-bank":
                return (
                    f"Account {label}: it is the offset account of card `{verdict.detail('card')}` now, which nothing else "
                    f"may be coded to, and {used}. {_capital(self._another(use))}."
                )
            case _:
                return f"Account {label} is not in the chart of {self.place} any more, and {used}. {_capital(self._another(use))}."
        return f"Account {label}: {wanted} Or {self._another(use)}."

    def _value(self, verdict: Verdict, use: Use, used: str) -> str:
        value = verdict.detail("vendor") or verdict.detail("value")
        name = verdict.detail("dimension") or "vendor"
        menu = MENUS.get(name, f"the list of {name}s")
        title = next((texts.get(value, "") for key, texts in self.lists.titles.items() if key.sentence == name), "")
        label = f"{name.capitalize()} {value} {title if title != value else ''}".strip()
        if title:
            edit = f"{menu} > {value} > Edit > Status > Active."
            return f"{label}: Status is inactive, it should be active: {used}. {edit} Or {self._another(use)}."
        return f"{label} is not in {menu} any more, or not shared with {self.place}, and {used}. {_capital(self._another(use))}."

    def _used(self, use: Use) -> str:
        """`12 transactions since 25 Aug, the newest of 3 Nov, and rule R-3`; a verb follows."""
        parts = []
        if use.n:
            several = f"{use.n:,} transactions since {_day(self.since)}, the newest of {_day(use.newest)},"
            parts.append(several if use.n > 1 else f"1 transaction of {_day(use.newest)}")
        if use.rules:
            parts.append(f"rule{'s' if len(use.rules) > 1 else ''} {joined(sorted(use.rules))}")
        return joined(parts)

    def _another(self, use: Use) -> str:
        ways = []
        if use.n:
            ways.append("code it to another one in the file" if self.by_file else "match it to another one in step 9")
        if use.rules:
            ways.append(f"change {joined(sorted(use.rules))} under `/intacct rules`")
        return joined(ways)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def summary(sentences: Sequence[str], few: int = 5) -> str:
    """The first few, one in a line, and how many more there are."""
    more = len(sentences) - few
    lines = [f"• {sentence}" for sentence in sentences[:few]]
    return "\n".join([*lines, f"And {more:,} more, told here as these are put right."] if more > 0 else lines)
