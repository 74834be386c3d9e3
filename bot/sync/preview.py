"""The preview: what would post, what would not and why, from lists read in Intacct. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bot.hints.catalogue import hint_for
from bot.hints.words import Words, render
from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.query import In
from bot.intacct.records import AccountRecord, CreditCard, PostingLine
from bot.models import Dimension, PostingState, RetryClass, Transaction, Verdict
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.sync.introduce import introduce
from bot.sync.mapping import LINE_FIELDS, Composed, Terms, compose, hold, passed_over, posting_date, reference_for
from bot.sync.reach import Reach
from bot.sync.run import locations_inside, terms_of

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
    """What Intacct's lists say about the values in use: by ID; `active` per dimension, None where it could not be read."""

    accounts: Mapping[str, AccountRecord]
    active: Mapping[Dimension, Mapping[str, bool]] = field(default_factory=dict)
    card: CreditCard | None = None
    offsets: Mapping[str, str] = field(default_factory=dict)


def foresee(line: PostingLine, lists: Lists) -> Verdict | None:
    """What Intacct would say to one line, as far as its lists tell: periods and rights show only with a posting."""
    account = lists.accounts.get(line.account)
    if account is None or not account.active:
        state = "inactive" if account else "missing"
        return _no("config.gl_account", f"account {line.account}", account=line.account, state=state)
    if line.account in lists.offsets:
        return _no("config.gl_restricted", line.account, account=line.account, card=lists.offsets[line.account])
    for switch in account.required:
        attribute, name = REQUIRED.get(switch, ("", ""))
        missing = attribute and not getattr(line, attribute)
        if switch.startswith("GLDIM") and not dict(line.custom_fields).get(switch):
            missing, name = True, switch
        if missing:
            return _no("dimension.required", f"{line.account} {name}", account=line.account, dimension=name)
    for dimension, known in lists.active.items():
        value = getattr(line, LINE_FIELDS[dimension])
        if value and not known.get(value, False):
            return _no("dimension.invalid", f"{dimension.sentence} {value}", dimension=dimension.sentence, value=value)
    return None


def _no(category: str, subject: str, **details: str) -> Verdict:
    return Verdict(category, subject, RetryClass.NO, tuple(details.items()))


def judge(transaction: Transaction, terms: Terms, lists: Lists) -> Verdict | None:
    """Why a postable transaction would not post, or None."""
    verdict = hold(transaction, terms)
    if verdict is not None:
        return verdict
    made = compose(transaction, terms, day=posting_date(transaction, terms), reference=reference_for(transaction.uuid))
    if not isinstance(made, Composed):
        return made
    return next((found for line in made.record.lines if (found := foresee(line, lists))), None)


async def preview(reach: Reach, connection: Connection) -> Preview:
    """Read both sides and foresee the next sync.

    Raises:
        IntacctError, SourceError: a side did not answer.
    """
    connection = await introduce(reach, connection)
    company = await connections.get_company(reach.store, connection.company)
    client = await reach.intacct(company)
    inside = await locations_inside(client, connection.entity_id) if connection.entity_id else None
    terms = terms_of(connection, company, inside=inside)
    source = await reach.source(connection)
    wanted: list[Transaction] = []
    skipped: dict[str, int] = {}
    async for page in source.transactions(None, on_or_after=terms.start_date):
        for transaction in page.transactions:
            reason = passed_over(transaction, terms)
            if reason:
                skipped[reason] = skipped.get(reason, 0) + 1
            else:
                wanted.append(transaction)
    known = await _settled(reach, connection, [one.uuid for one in wanted])
    open_ones = [one for one in wanted if one.uuid not in known]
    lists = await read_lists(client, open_ones, terms, connection)
    rows = [_row(one, judge(one, terms, lists), terms) for one in open_ones]
    return summary(rows, skipped, company.base_currency or "USD", names_of(lists))


async def _settled(reach: Reach, connection: Connection, uuids: Sequence[str]) -> set[str]:
    """Transactions that need no preview: posted, on their way, or ignored."""
    closed = {PostingState.POSTED, PostingState.POSTING, PostingState.UNKNOWN, PostingState.IGNORED}
    found: set[str] = set()
    for start in range(0, len(uuids), 500):
        rows = await postings.known(reach.store, connection.spend_company, uuids[start : start + 500])
        found |= {uuid for uuid, row in rows.items() if row.state in closed}
    return found


def _row(transaction: Transaction, verdict: Verdict | None, terms: Terms) -> PreviewRow:
    held = verdict is not None and verdict.category.startswith(("held.", "source."))
    state = PostingState.PENDING if verdict is None else PostingState.HELD if held else PostingState.FAILED
    money = transaction.amount
    return PreviewRow(
        transaction.uuid,
        state,
        money.amount,
        money.currency,
        posting_date(transaction, terms),
        verdict,
        transaction.merchant,
    )


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


async def read_lists(
    client: IntacctClient, transactions: Iterable[Transaction], terms: Terms, connection: Connection
) -> Lists:
    """Ask Intacct about the values in use, one query for each kind."""
    used: dict[Dimension, set[str]] = {}
    for transaction in transactions:
        made = compose(transaction, terms, day=posting_date(transaction, terms), reference="preview")
        if isinstance(made, Composed):
            for line in made.record.lines:
                for dimension, attribute in LINE_FIELDS.items():
                    if value := getattr(line, attribute):
                        used.setdefault(dimension, set()).add(value)
    entity = connection.entity_id
    numbers = tuple(sorted(used.pop(Dimension.GL_ACCOUNT, set())))
    accounts = await client.accounts(In("ACCOUNTNO", numbers), entity=entity) if numbers else []
    active: dict[Dimension, Mapping[str, bool]] = {}
    for dimension in used:
        try:
            values = [value async for value in client.list_values(dimension, entity=entity)]
        except FunctionFailure:
            continue  # not readable, so it is not foreseen either
        active[dimension] = {value.value_id: value.active for value in values}
    cards = await client.cards(entity=entity)
    offsets = {card.offset_account: card.card_id for card in cards if card.offset_account}
    card = next((card for card in cards if card.card_id == connection.card), None)
    return Lists({account.account_no: account for account in accounts}, active, card, offsets)


def names_of(lists: Lists) -> dict[str, str]:
    """Titles for account numbers, as people know them."""
    return {number: f"{number} {account.title}" for number, account in lists.accounts.items()}
