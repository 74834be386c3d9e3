"""From transaction to posting, decided in pure functions: is it ours, is it ready, and how does it read in Intacct."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.hints.catalogue import verdict
from bot.intacct.records import CardTransaction, PostingLine
from bot.intacct.text import PAYEE_LIMIT, REFERENCE_LIMIT, TEXT_LIMIT, cut
from bot.models import (
    Coding,
    Dimension,
    FieldMapping,
    Selector,
    Transaction,
    TransactionKind,
    TransactionLine,
    Verdict,
)
from bot.store.attempts import REVERSAL
from bot.store.rules import Rule
from bot.sync.parts import parts_of
from bot.sync.rules import Line, fill

DESCRIPTION_LIMIT = TEXT_LIMIT
"""Characters of a description: the note gives way, the reference never."""

NAME_LIMIT = 60
BAR = " | "

BARE_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
LINE_FIELDS = {dimension: dimension.value for dimension in Dimension} | {
    Dimension.GL_ACCOUNT: "account",
    Dimension.CLASS: "class_",
}
FIELD_OF = {dimension.value: field for dimension, field in LINE_FIELDS.items()}
"""The same by key, as mapping and decisions name a dimension."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a connection has decided about its transactions; all that the pure functions need of it.

    `inside` are the location IDs that belong to the card's entity, None when lines may go anywhere. `options` is the
    connection's. `base_currency` is that of the books that the card belongs to; empty when it is not known. `rules` are
    the active ones, in the order in which they are asked; of those `resting` speak only where Intacct refused a value.
    """

    zone: ZoneInfo
    start_date: date
    card: str
    default_location: str
    codes: Mapping[str, FieldMapping]
    selector: Selector = field(default_factory=Selector)
    options: Mapping[str, Any] = field(default_factory=dict)
    base_currency: str = ""
    refunds_accepted: bool = False
    inside: frozenset[str] | None = None
    rules: tuple[Rule, ...] = ()
    resting: frozenset[int] = frozenset()


def posting_date(transaction: Transaction, terms: Terms) -> date:
    """The day of the transaction where the cardholder's books are: 23:40 on the 31st stays on the 31st."""
    if terms.options.get("date") == "cleared" and transaction.posted_on:
        return transaction.posted_on
    return transaction.occurred.astimezone(terms.zone).date()


def passed_over(transaction: Transaction, terms: Terms) -> str:
    """Why a row is not a posting at all, in words for a count; empty when it is one."""
    if transaction.kind is TransactionKind.AUTHORIZATION:
        return "not cleared yet"
    if transaction.kind is not TransactionKind.CLEAR or transaction.status in {"DECLINED", "DENIED"}:
        return "declined"
    if transaction.amount.amount == 0:
        return "zero amount"
    if not selected(transaction, terms.selector):
        return "no connection"
    if posting_date(transaction, terms) < terms.start_date:
        return "before the start"
    if transaction.native_sync in {"synced", "manual_synced", "pending"}:
        return "posted by Spend Center itself"
    return ""


def selected(transaction: Transaction, selector: Selector) -> bool:
    if selector.all:
        return True
    if any(one and one in selector.cards for one in (transaction.card_id, transaction.last4)):
        return True
    if transaction.budget_id and transaction.budget_id in selector.budgets:
        return True
    if selector.field:
        chosen = {
            text
            for coding in _codings(transaction)
            if selector.field in {coding.field, coding.field_id}
            for text in (coding.value, coding.value_id)
            if text
        }
        return bool(chosen & set(selector.values))
    return False


def _codings(transaction: Transaction) -> tuple[Coding, ...]:
    return transaction.codings + tuple(coding for line in transaction.lines for coding in line.codings)


def hold(
    transaction: Transaction, terms: Terms, decision: Mapping[str, Any] | None = None, *, twin: bool = False
) -> Verdict | None:
    """Why a postable row has to wait, or None when it is ready.

    Args:
        decision: what a person answered about this row: "refund", "fee", "twin", "whole", "split", "parts" and
            "entity" when asked.
        twin: another clear with the same authorisation, amount, sign and day is known; of a file, another row like it.
    """
    answered = decision or {}
    if not transaction.complete or (terms.options.get("wait_for_approval") and not transaction.approved):
        return verdict("source-incomplete", "")
    money = transaction.amount
    if terms.base_currency and money.currency != terms.base_currency:
        return verdict("currency-mismatch", money.currency, currency=money.currency, base=terms.base_currency)
    total = sum((line.amount for line in transaction.lines), Decimal(0))
    if total != money.amount and "split" not in answered:
        return verdict("split-unequal", "", lines=str(total), amount=str(money.amount))
    if money.amount < 0 and not terms.refunds_accepted and "refund" not in answered:
        return verdict("refund-first", "")
    if transaction.fees and not terms.options.get("fee_inside"):  # beside the amount, it would be missing in the books
        return verdict("fee-question", "", fee=str(transaction.fees))
    if twin and "twin" not in answered:
        told = "" if transaction.authorization_id else "file"
        return verdict("twin-question", transaction.authorization_id or "", source=told)
    if transaction.looks_like_sum and "whole" not in answered:
        return verdict("sum-question", "")
    limit = terms.options.get("receipts_above")
    if limit and abs(money.amount) > Decimal(str(limit)) and not transaction.receipts:
        return verdict("receipt-awaited", "", amount=str(limit))
    return None


@dataclass(frozen=True, slots=True)
class Composed:
    """A posting as Intacct will read it, the fingerprint of what it says, and the rules that filled something in it."""

    record: CardTransaction
    fingerprint: str
    rules: tuple[Rule, ...] = ()


def compose(
    transaction: Transaction,
    terms: Terms,
    *,
    day: date,
    reference: str,
    decision: Mapping[str, Any] | None = None,
    supdoc_id: str = "",
) -> Composed | Verdict:
    """The record to post, or why it cannot be written.

    Args:
        day: the posting date as fixed when the row was first read; `decision["date"]` moves it by a person's act.
        reference: our unique reference in this company.
        decision: {"coding": {dimension key: Intacct ID}, "instead": {dimension key: the ID it replaces}, "date": ISO
            day, "dated_by": name, empty where no person chose that day, "by": name, "refused": {dimension key: [Intacct
            IDs that Intacct refused for it]}, "replaces": the record that was reversed for this one}, each optional.
    """
    decided = decision or {}
    amounts = parts_of(transaction, decided)
    if isinstance(amounts, Verdict):
        return amounts
    lines: list[PostingLine] = []
    used: dict[int, Rule] = {}
    for line, amount in zip(transaction.lines, amounts, strict=True):
        coded_by = _line(transaction, line, terms, decided)
        if isinstance(coded_by, Verdict):
            return coded_by
        made, by_rule = coded_by
        used |= {rule.number: rule for rule in by_rule}
        if terms.inside is not None and made.location not in terms.inside and not terms.options.get("other_entities"):
            return verdict("entity-question", made.location, location=made.location)
        lines.append(made if made.amount == amount else replace(made, amount=amount))
    on = date.fromisoformat(decided["date"]) if decided.get("date") else day
    record = CardTransaction(
        card=terms.card,
        date=on,
        reference=reference,
        payee=cut(transaction.merchant, PAYEE_LIMIT),
        description=describe(
            transaction, reference, decided, day=day, rules=[used[number].name for number in sorted(used)]
        ),
        lines=tuple(lines),
        supdoc_id=supdoc_id,
    )
    return Composed(record, fingerprint(transaction, terms, record), tuple(used.values()))


def _line(
    transaction: Transaction, line: TransactionLine, terms: Terms, decided: Mapping[str, Any]
) -> tuple[PostingLine, list[Rule]] | Verdict:
    """One line as coded, as a person chose, as rules fill it; and those rules. The account is first, since rules ask for it."""
    chosen: Mapping[str, str] = decided.get("coding") or {}
    used: list[Rule] = []
    found: dict[str, str] = {}
    keys = [*terms.codes, *chosen, *(rule.dimension for rule in terms.rules)]
    for key in dict.fromkeys(sorted(keys, key=lambda key: key != Dimension.GL_ACCOUNT)):
        value = coded(transaction, line, terms.codes.get(key, FieldMapping()))
        if key in chosen and gives_way(value, (decided.get("instead") or {}).get(key)):
            found[key] = chosen[key]
            continue
        if isinstance(value, Verdict):
            return value
        if key == Dimension.LOCATION:
            value = value or terms.default_location
        account = found.get(Dimension.GL_ACCOUNT, "")
        asked = Line(account, transaction.merchant, decided.get("refused") or {})
        found[key], by_rule = fill(terms.rules, key, value, asked, terms.resting)
        used += by_rule
    if not found.get(Dimension.GL_ACCOUNT):
        return verdict("source-no-account", "account", dimension="account")
    values: dict[str, Any] = {FIELD_OF[key]: one for key, one in found.items() if one and key in FIELD_OF}
    values.setdefault("location", terms.default_location)
    custom = tuple((key, one) for key, one in found.items() if one and key not in FIELD_OF)
    memo = cut(line.note, TEXT_LIMIT)
    return PostingLine(amount=line.amount, description=memo, custom_fields=custom, **values), used


def gives_way(value: str | Verdict, old: str | None) -> bool:
    """Whether a person's choice replaces what a line has: nothing, a question, or the very value that was wrong.

    `old` is None where the choice was for whatever the line has.
    """
    return not value or isinstance(value, Verdict) or old is None or value == old


def coded(transaction: Transaction, line: TransactionLine, mapping: FieldMapping) -> str | Verdict:
    """The Intacct ID that a line gets from one mapped field: never a guess.

    The line's own coding wins over the transaction's. A value without an entry in the map is a question, except that
    a map without entries takes a bare code as it stands. Two values in one field disagree, which is a question too.
    """
    if mapping.field:
        for codings in (line.codings, transaction.codings):
            filled = (c for c in codings if mapping.field in {c.field, c.field_id} and (c.value_id or c.value))
            found = {c.value_id or c.value: c for c in filled}
            if len(found) > 1:
                texts = " and ".join(sorted(c.value for c in found.values()))
                return verdict("source-fields-disagree", f"{mapping.field}: {texts}", field=mapping.field, value=texts)
            for coding in found.values():
                known = mapping.values.get(coding.value_id) or mapping.values.get(coding.value)
                if known:
                    return known
                if not mapping.values and BARE_CODE.fullmatch(coding.value):
                    return coding.value
                return verdict(
                    "source-mapping", f"{mapping.field}: {coding.value}", field=mapping.field, value=coding.value
                )
    return mapping.default


def describe(
    transaction: Transaction, reference: str, decision: Mapping[str, Any], *, day: date, rules: Sequence[str] = ()
) -> str:
    """What the auditor reads: cardholder, card, note, reference, what a person did, which rules filled something.

    The reference is always whole and the whole never longer than the limit: first the note is shortened, and a name only
    where it alone would not leave room. A bar inside a text becomes a slash, so that no note can pass for a person's act.
    """
    who = _text(transaction.cardholder, NAME_LIMIT)
    if transaction.last4:
        who = f"{who} ··{transaction.last4}".lstrip()
    after = [_foreign(transaction), reference]
    if decision.get("coding") and decision.get("by"):
        after.append(f"coded by {_text(decision['by'], NAME_LIMIT)}")
    if decision.get("date"):
        after.append(f"dated {day.isoformat()}")
    if decision.get("replaces"):
        after.append(f"replaces record {_text(decision['replaces'], NAME_LIMIT)}")
    after += [f"rule {name}" for name in rules]
    fixed = [part for part in (who, *after) if part]
    room = DESCRIPTION_LIMIT - sum(len(part) + len(BAR) for part in fixed)
    return BAR.join(part for part in (who, _text(transaction.note, room), *after) if part)


def _foreign(transaction: Transaction) -> str:
    """What the merchant charged, where that was another currency."""
    if transaction.original is None:
        return ""
    said = f"{transaction.original.currency} {transaction.original.amount}"
    return _text(f"{said} at {transaction.exchange_rate}" if transaction.exchange_rate else said, NAME_LIMIT)


def _text(text: str, limit: int) -> str:
    """One line without bars and control characters, cut at `limit` characters with a sign that it was."""
    if not text.isprintable():
        text = "".join(one if one.isprintable() else " " for one in text)
    return cut(" ".join(text.replace("|", "/").split()), limit)


def fingerprint(transaction: Transaction, terms: Terms, record: CardTransaction) -> str:
    """What must not change at the source once it is posted: amount, day, currency, lines and where they are coded."""
    said = [str(transaction.amount.amount), transaction.amount.currency, posting_date(transaction, terms).isoformat()]
    said += [repr((line.amount, line.account, line.department, line.location, line.project)) for line in record.lines]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def reference_for(transaction: str, generation: int = 1) -> str:
    """The transaction's uuid without its prefix; from the second generation on with its number."""
    bare = transaction.removeprefix("txr_")
    return whole(bare if generation == 1 else f"{bare}-{generation}")


def whole(reference: str) -> str:
    """A reference as Intacct can keep it: never cut, since it is looked up; one over the limit is its hash instead."""
    return (
        reference if len(reference) <= REFERENCE_LIMIT else f"h-{hashlib.sha256(reference.encode()).hexdigest()[:32]}"
    )


def next_reference(reference: str, generation: int) -> str:
    """The reference of the generation after this one: `-2` the first time, then `-3`."""
    bare = reference.removesuffix(f"-{generation}") if generation > 1 else reference
    return whole(f"{bare}-{generation + 1}")


def references_of(reference: str, generation: int) -> list[str]:
    """A posting's reference and those that its earlier generations had."""
    bare = reference.removesuffix(f"-{generation}") if generation > 1 else reference
    return [reference, bare, *(f"{bare}-{n}" for n in range(2, generation))] if bare != reference else [reference]


def control_id(company_id: str, spend_company: str, transaction: str, generation: int, try_no: int) -> str:
    """The function's controlid: the same whoever asks again, so that a second install or set-up cannot double."""
    return "cc-" + _hashed(company_id.casefold(), spend_company, transaction, str(generation), str(try_no))


def reversal_id(company_id: str, spend_company: str, transaction: str, generation: int, try_no: int) -> str:
    """The controlid of the function that reverses what a generation posted, by the same rule."""
    parts = (company_id.casefold(), spend_company, transaction, str(generation), str(try_no), "reversal")
    return REVERSAL + _hashed(*parts)


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]
