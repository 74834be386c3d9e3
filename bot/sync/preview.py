"""The preview: what would post, what would not and why, from lists read in Intacct. Nothing is written anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bot.hints.catalogue import hint_for, verdict
from bot.hints.words import Words, render
from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.query import In
from bot.intacct.records import DIMENSION_OBJECTS, AccountRecord, CreditCard, PostingLine
from bot.models import Dimension, PostingState, Transaction, Verdict
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.fetch import file_twins
from bot.sync.introduce import introduce
from bot.sync.mapping import LINE_FIELDS, Composed, Terms, compose, hold, passed_over, posting_date, reference_for
from bot.sync.reach import Reach
from bot.sync.standing import Standing
from bot.sync.terms import locations_inside, terms_of

REQUIRED = {
    "DEPT": ("department", "department"),
    "LOC": ("location", "location"),
    "PROJECT": ("project", "project"),
    "CUSTOMER": ("customer", "customer"),
    "VENDOR": ("vendor", "vendor"),
    "EMPLOYEE": ("employee", "employee"),
    "ITEM": ("item", "item"),
    "CLASS": ("class_", "class"),
}
"""Intacct's REQUIRE… switch to the line's field and its name on the screen."""

SETTLED = (
    PostingState.POSTED,
    PostingState.POSTING,
    PostingState.UNKNOWN,
    PostingState.IGNORED,
    PostingState.REVERSING,
    PostingState.REVERSED,
)
"""What no next sync would send."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One transaction and what would become of it: `verdict` is None when it would post."""

    transaction: str
    state: PostingState
    amount: Decimal
    currency: str
    date: date
    verdict: Verdict | None
    merchant: str = ""


@dataclass(frozen=True, slots=True)
class PreviewCause:
    verdict: Verdict
    n: int
    total: Decimal
    words: Words


@dataclass(frozen=True, slots=True)
class Preview:
    """`would_post` is (number, total). `skipped` counts what is no posting, by reason. `remarks` say what cannot be foreseen."""

    would_post: tuple[int, Decimal]
    would_not: tuple[PreviewCause, ...]
    rows: tuple[PreviewRow, ...]
    skipped: Mapping[str, int]
    currency: str
    first: date | None = None
    last: date | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lists:
    """What Intacct's lists say about the values in use, by ID.

    `active` has a map for each dimension that could be read, `titles` has the names there, `unread` names the others.
    `offsets` are the accounts that belong to a card, to which nothing else may post.
    """

    accounts: Mapping[str, AccountRecord]
    active: Mapping[Dimension, Mapping[str, bool]] = field(default_factory=dict)
    card: CreditCard | None = None
    offsets: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Dimension, ...] = ()
    titles: Mapping[Dimension, Mapping[str, str]] = field(default_factory=dict)


def foresee(line: PostingLine, lists: Lists) -> Verdict | None:
    """What Intacct would say to one line, as far as its lists tell; under the keys that its real answers get."""
    return next(faults(line, lists), None)


def faults(line: PostingLine, lists: Lists) -> Iterator[Verdict]:
    """All that is wrong with one line, in the order in which Intacct would say it."""
    wrong = account_fault(line.account, lists)
    if wrong:
        yield wrong
        return
    for switch in lists.accounts[line.account].required:
        if name := _missing(switch, line):
            yield verdict("dimension-required", f"{line.account} {name}", account=line.account, dimension=name)
    for dimension in lists.active:
        if (value := getattr(line, LINE_FIELDS[dimension])) and (wrong := value_fault(dimension, value, lists)):
            yield wrong


def account_fault(number: str, lists: Lists) -> Verdict | None:
    """Why nothing can be coded to this account, or None."""
    account = lists.accounts.get(number)
    if account is None or not account.active:
        cause = "account-inactive" if account else "account-unknown"
        return verdict(cause, f"account {number}", account=number)
    if card := lists.offsets.get(number):
        return verdict("account-is-card-or-bank", f"account {number}", account=number, card=card)
    if not account.direct_posting:
        return verdict("account-no-direct-posting", f"account {number}", account=number)
    return None


def value_fault(dimension: Dimension, value: str, lists: Lists) -> Verdict | None:
    """Why this value cannot be used, or None; None as well where the user may not list the dimension."""
    known = lists.active.get(dimension)
    return None if known is None or known.get(value) else _invalid(dimension, value, there=value in known)


def _missing(switch: str, line: PostingLine) -> str:
    """The name of the dimension that this switch of an account requires and the line lacks."""
    if switch.startswith("GLDIM"):
        return "" if dict(line.custom_fields).get(switch) else switch
    attribute, name = REQUIRED.get(switch, ("", ""))
    return name if attribute and not getattr(line, attribute) else ""


def _invalid(dimension: Dimension, value: str, *, there: bool) -> Verdict:
    name = dimension.sentence
    if dimension is Dimension.VENDOR:
        return verdict("vendor-inactive" if there else "vendor-unknown", f"vendor {value}", vendor=value)
    causes = {Dimension.PROJECT: "project-closed", Dimension.LOCATION: "location-closed"}
    cause = causes.get(dimension, "dimension-inactive") if there else "dimension-unknown"
    return verdict(cause, f"{name} {value}", dimension=name, value=value)


def judge(
    transaction: Transaction, terms: Terms, lists: Lists, row: Posting | None = None, *, twin: bool = False
) -> Verdict | None:
    """Why a postable transaction would not post, or None; `row` is what is known of it already, with its decisions."""
    decision = row.decision if row else None
    held = hold(transaction, terms, decision, twin=twin)
    if held is not None:
        return held
    made = _made(transaction, terms, row)
    if not isinstance(made, Composed):
        return made
    if lists.card is None or not lists.card.active:
        cause = "card-inactive" if lists.card else "card-missing"
        return verdict(cause, f"card {terms.card}", card=terms.card)
    return next((found for line in made.record.lines if (found := foresee(line, lists))), None)


def _made(transaction: Transaction, terms: Terms, row: Posting | None) -> Composed | Verdict:
    day = row.date if row else posting_date(transaction, terms)
    reference = row.reference if row else reference_for(transaction.uuid)
    return compose(transaction, terms, day=day, reference=reference, decision=row.decision if row else None)


async def preview(reach: Reach, connection: Connection) -> Preview:
    """Read both sides and foresee the next sync.

    Raises:
        IntacctError, SourceError: a side did not answer.
    """
    connection = await introduce(reach, connection)
    company = await connections.get_company(reach.store, connection.company)
    client = await reach.intacct(company)
    inside = await locations_inside(client, connection)
    rules, resting = await Standing().of(reach.store, client, connection, reach.clock(), inside)
    terms = replace(terms_of(connection, company, inside=inside), rules=rules, resting=resting)
    wanted, skipped = await _wanted(reach, connection, terms)
    known = await _known(reach, connection, [one.uuid for one in wanted])
    others = {row.connection_id for row in known.values()} - {connection.id}
    others -= set(await postings.owners_removed(reach.store, others, connection.company))
    taken = {uuid for uuid, row in known.items() if row.connection_id in others}
    if taken:
        skipped["posted by another connection"] = len(taken)
    closed = taken | {uuid for uuid, row in known.items() if row.state in SETTLED}
    open_ones = [one for one in wanted if one.uuid not in closed]
    made = [_made(one, terms, known.get(one.uuid)) for one in open_ones]
    lines = (line for one in made if isinstance(one, Composed) for line in one.record.lines)
    lists = await read_lists(client, used_by(lines), connection)
    if connection.csv is None:
        doubles = _twins(wanted, known)
    else:
        unknown = [one for one in wanted if one.uuid not in known]
        doubles = _known_twins(known) | await file_twins(reach.store, connection, unknown, ())
    rows = []
    for one in open_ones:
        row = known.get(one.uuid)
        found = judge(one, terms, lists, row, twin=one.uuid in doubles)
        rows.append(_row(one, found, row.date if row else posting_date(one, terms)))
    currency = terms.base_currency or company.base_currency or "USD"
    return replace(summary(rows, skipped, currency, names_of(lists)), remarks=remarks_of(rows, lists))


async def _wanted(reach: Reach, connection: Connection, terms: Terms) -> tuple[list[Transaction], dict[str, int]]:
    """Every transaction since the start that is a posting, and how many are not, by reason."""
    source = await reach.source(connection)
    wanted: list[Transaction] = []
    skipped: Counter[str] = Counter()
    async for page in source.transactions(None, on_or_after=terms.start_date):
        skipped.update({"could not be read": len(page.problems)} if page.problems else {})
        for transaction in page.transactions:
            if reason := passed_over(transaction, terms):
                skipped[reason] += 1
            else:
                wanted.append(transaction)
    return wanted, dict(skipped)


async def _known(reach: Reach, connection: Connection, uuids: Sequence[str]) -> dict[str, Posting]:
    found: dict[str, Posting] = {}
    for start in range(0, len(uuids), 500):
        found |= await postings.known(reach.store, connection.spend_company, uuids[start : start + 500])
    return found


def _known_twins(known: Mapping[str, Posting]) -> set[str]:
    return {uuid for uuid, row in known.items() if row.category == "held.twin"}


def _twins(wanted: Sequence[Transaction], known: Mapping[str, Posting]) -> set[str]:
    """Which look like one before them: same authorisation, amount, sign and day. A known row was judged when it was read."""
    seen: set[tuple[str, Decimal, date]] = set()
    found = _known_twins(known)
    for one in wanted:
        alike = (one.authorization_id or "", one.amount.amount, one.occurred.date())
        if one.authorization_id and alike in seen and one.uuid not in known:
            found.add(one.uuid)
        seen.add(alike)
    return found


def _row(transaction: Transaction, found: Verdict | None, day: date) -> PreviewRow:
    held = found is not None and found.category.startswith(("held.", "source.", "currency"))
    state = PostingState.PENDING if found is None else PostingState.HELD if held else PostingState.FAILED
    money = transaction.amount
    return PreviewRow(transaction.uuid, state, money.amount, money.currency, day, found, transaction.merchant)


def remarks_of(rows: Sequence[PreviewRow], lists: Lists) -> tuple[str, ...]:
    """What this preview cannot know."""
    found = []
    if any(row.verdict is None for row in rows):
        found.append(
            "Whether a period is closed shows only when a transaction posts, and so does an account that is restricted to "
            "some departments or locations: Intacct does not tell either before. So some of these may still be held back, "
            "with an alert that says which."
        )
    if lists.unread:
        names = ", ".join(one.sentence for one in lists.unread)
        found.append(f"Not checked, since this user may not list them: {names}.")
    return tuple(found)


def summary(rows: Sequence[PreviewRow], skipped: Mapping[str, int], currency: str, names: Mapping[str, str]) -> Preview:
    """Group the rows that would not post by cause, most rows first."""
    posting = [row for row in rows if row.verdict is None]
    groups: dict[tuple[str, str], list[PreviewRow]] = {}
    for row in rows:
        if row.verdict is not None:
            groups.setdefault((row.verdict.category, row.verdict.subject), []).append(row)
    causes = []
    for group in sorted(groups.values(), key=len, reverse=True):
        verdict = group[0].verdict
        assert verdict is not None
        total = sum((row.amount for row in group), Decimal(0))
        causes.append(
            PreviewCause(verdict, len(group), total, render(hint_for(verdict), verdict, n=len(group), names=names))
        )
    days = [row.date for row in rows]
    return Preview(
        (len(posting), sum((row.amount for row in posting), Decimal(0))),
        tuple(causes),
        tuple(rows),
        skipped,
        currency,
        min(days, default=None),
        max(days, default=None),
    )


def used_by(lines: Iterable[PostingLine]) -> dict[Dimension, set[str]]:
    """The Intacct IDs that these lines are coded to."""
    used: dict[Dimension, set[str]] = {}
    for line in lines:
        for dimension, attribute in LINE_FIELDS.items():
            if value := getattr(line, attribute):
                used.setdefault(dimension, set()).add(value)
    return used


async def read_lists(client: IntacctClient, used: Mapping[Dimension, Collection[str]], connection: Connection) -> Lists:
    """Ask Intacct about the values in use, by dimension: one query for each, and one for the cards."""
    entity = connection.entity_id
    numbers = tuple(sorted(used.get(Dimension.GL_ACCOUNT, ())))
    accounts = await client.accounts(In("ACCOUNTNO", numbers), entity=entity) if numbers else []
    active: dict[Dimension, Mapping[str, bool]] = {}
    titles: dict[Dimension, Mapping[str, str]] = {}
    unread: list[Dimension] = []
    for dimension in [one for one in used if one is not Dimension.GL_ACCOUNT and used[one]]:
        these = In(DIMENSION_OBJECTS[dimension].id_field, tuple(sorted(used[dimension])))
        try:
            values = [value async for value in client.list_values(dimension, these, entity=entity)]
        except FunctionFailure:
            unread.append(dimension)
        else:
            active[dimension] = {value.value_id: value.active for value in values}
            titles[dimension] = {value.value_id: value.name for value in values}
    cards = await client.cards(entity=entity)
    offsets = {number: card.card_id for card in cards for number in _offset_numbers(card, accounts)}
    card = next((card for card in cards if card.card_id == connection.card), None)
    return Lists({one.account_no: one for one in accounts}, active, card, offsets, tuple(unread), titles)


def _offset_numbers(card: CreditCard, accounts: Sequence[AccountRecord]) -> set[str]:
    """The account numbers under which a card's offset account may be used on a line."""
    of_these = {one.account_no for one in accounts if card.is_on(one.account_no, one.record_no)}
    return of_these | ({card.offset_account} if card.offset_account else set())


def names_of(lists: Lists) -> dict[str, str]:
    """Titles for account numbers, as people know them."""
    return {number: f"{number} {account.title}" for number, account in lists.accounts.items()}
