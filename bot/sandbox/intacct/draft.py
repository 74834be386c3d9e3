"""A card transaction before it is saved: reading it from its element and checking it as the books would."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.calls import Call
from bot.sandbox.intacct.company import Company, Row
from bot.sandbox.intacct.errors import Problem, Refusal
from bot.sandbox.intacct.fields import DIMENSIONS, amount, month_number, wire

Line = dict[str, Any]


@dataclass
class Draft:
    """What a `record_cctransaction` says, or a saved transaction with an update laid over it.

    `entity` is who will own it ("" = top level). Lines hold field names as CCTRANSACTIONENTRY has them; TRX_AMOUNT is in
    the transaction's currency, AMOUNT in the owner's base currency and set by `check`.
    """

    card: str
    day: date
    entity: str
    lines: list[Line] = field(default_factory=list)
    reference: str = ""
    payee: str = ""
    description: str = ""
    supdoc: str = ""
    currency: str = ""
    rate: str = ""


def child_text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def read_day(element: Element) -> date:
    """The day of a year, month, day element. Raises Refusal with the transaction date error."""
    parts = [child_text(element, name) for name in ("year", "month", "day")]
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        raise errors.wrapped(errors.date_invalid("/".join((parts[1], parts[2], parts[0])))) from None


def read_line(element: Element, number: int, company: Company) -> Line:
    """One line; empty elements count as absent. What the sandbox cannot do with a line is refused loudly."""
    for unsupported in ("accountlabel", "taxentries", "totaltrxamount"):
        if len(found := element.findall(unsupported)) and (found[0].text or len(found[0])):
            raise Refusal(errors.not_simulated(f"<{unsupported}> on a card transaction line"))
    line: Line = {"LINE_NO": number, "ACCOUNTNO": child_text(element, "glaccountno")}
    line["DESCRIPTION"] = element.findtext("description") or ""
    for _, tag, _ in DIMENSIONS.values():
        if value := child_text(element, tag):
            line[tag.upper()] = value
    for custom in element.iterfind("customfields/customfield"):
        name = child_text(custom, "customfieldname")
        if name not in company.custom_fields:
            raise Refusal(errors.not_simulated(f"the custom field '{name}'; the company's dict may list it"))
        line[name] = custom.findtext("customfieldvalue") or ""
    text = child_text(element, "paymentamount")
    if text:
        line["TRX_AMOUNT"] = read_amount(text)
    return line


def read_amount(text: str) -> Decimal:
    try:
        return amount(text)
    except ValueError:
        raise errors.wrapped(errors.illegal("paymentamount")) from None


def check(call: Call, draft: Draft) -> Row:
    """Checks a draft against the books, completes its lines and returns its card.

    Raises:
        Refusal: with the first cause and the wrappers.
    """
    try:
        check_lengths(call, draft)
        card = _card(call, draft)
        for line in draft.lines:
            line.setdefault("LOCATIONID", draft.entity)
        check_periods(call.company, draft.day, draft.entity, draft.lines)
        for line in draft.lines:
            _line(call.company, line, draft.entity)
        _offset(call.company, card, draft)
        _currency(call.company, card, draft)
        _credits(call, draft)
        check_supdoc(call.company, draft.supdoc)
        _own_rules(call.company, draft)
    except Refusal as refusal:
        raise errors.wrapped(*refusal.problems) from None
    return card


def _own_rules(company: Company, draft: Draft) -> None:
    """What the company's Smart Rules say, and whatever else was asked for with the verb `refuse`."""
    for payee, problem in company.refusals.items():
        if payee in draft.payee:
            raise Refusal(problem)


def check_supdoc(company: Company, supdoc: str) -> None:
    if supdoc and company.find("SUPDOC", supdoc) is None:
        raise Refusal(errors.not_found("attachment ID", supdoc))


def check_lengths(call: Call, draft: Draft) -> None:
    texts = {"referenceno": draft.reference, "payee": draft.payee, "description": draft.description}
    for name, text in texts.items():
        if len(text) > (limit := call.habits.max_lengths[name]):
            raise Refusal(errors.too_long(name, limit))
    for line in draft.lines:
        if len(line.get("DESCRIPTION") or "") > (limit := call.habits.max_lengths["memo"]):
            raise Refusal(errors.too_long(f"description on line item {line['LINE_NO']}", limit))


def _card(call: Call, draft: Draft) -> Row:
    company = call.company
    card = company.find("CREDITCARD", draft.card)
    if card is None:
        raise Refusal(errors.card(draft.card, "is invalid"))
    owner, home = str(card.get("MEGAENTITYID") or ""), company.entity_of(str(card.get("LOCATION", "")))
    if not draft.entity and company.multi_base_currency:
        raise Refusal(
            errors.card(draft.card, "cannot be used at the top level: the company has several base currencies")
        )
    if owner != draft.entity and (owner or home != draft.entity or company.multi_base_currency):
        raise Refusal(errors.card(draft.card, "is invalid"))
    if card.get("STATUS", "active") != "active":
        raise Refusal(errors.card(draft.card, "is inactive"))
    last = (int(card.get("EXP_YEAR") or 0), month_number(str(card.get("EXP_MONTH") or 12)))
    if card.get("EXP_YEAR") and last < (call.now.year, call.now.month):
        raise Refusal(errors.card(draft.card, "has expired"))
    if company.preferences.get("CM", {}).get("CARD_JOURNALS") == "none":
        raise Refusal(errors.no_journals(draft.card))
    if draft.card in company.opened:
        raise Refusal(errors.in_use())
    return card


def check_periods(company: Company, day: date, entity: str, lines: list[Line]) -> None:
    """Refuses a day that is closed in General Ledger or Cash Management, for the owner or for any line's entity."""
    places = dict.fromkeys([entity, *(company.entity_of(str(line.get("LOCATIONID", ""))) for line in lines)])
    for ledger in ("GL", "CM"):
        for place in places:
            first = company.first_open(ledger, place)
            if first and day < first:
                raise Refusal(errors.period_closed(ledger, place, wire(day), wire(first)))


def _line(company: Company, line: Line, entity: str) -> None:
    if not line["ACCOUNTNO"]:
        raise Refusal(errors.account_missing(line["LINE_NO"]))
    if "TRX_AMOUNT" not in line:
        raise Refusal(errors.required(f"paymentamount on line item {line['LINE_NO']}"))
    account = _account(company, line["ACCOUNTNO"])
    if owner := company.offset_owner(line["ACCOUNTNO"]):
        raise Refusal(errors.account_taken(line["ACCOUNTNO"], owner))
    _location(company, line, entity)
    for name, tag, word in DIMENSIONS.values():
        if tag != "locationid" and (value := line.get(tag.upper())):
            _dimension(company, name, word, value)
            if (line["ACCOUNTNO"], name, value) in company.restricted:
                title = str((company.find(name, value) or {}).get("TITLE", ""))
                raise Refusal(errors.dimension_restricted(word, value, title))
    _fixed(company, line)
    _project_customer(company, line)
    for suffix, (_, tag, word) in DIMENSIONS.items():
        if account.get(f"REQUIRE{suffix}") == "true" and not line.get(tag.upper()):
            raise Refusal(errors.dimension_missing(word, line["ACCOUNTNO"]))


def _account(company: Company, number: str) -> Row:
    account = company.find("GLACCOUNT", number)
    if account is None:
        raise Refusal(errors.account_invalid(number))
    if account.get("STATUS", "active") != "active":
        raise Refusal(errors.account_inactive(number))
    if account.get("SUBLEDGERCONTROLON") == "true":
        raise Refusal(errors.account_restricted(number, str(account.get("TITLE", ""))))
    return account


def _location(company: Company, line: Line, entity: str) -> None:
    place = line["LOCATIONID"]
    if not place:
        if company.multi_entity:
            raise Refusal(errors.location_missing())
        return
    row = company.find("LOCATION", place) or company.find("LOCATIONENTITY", place)
    if row is None or (entity and company.entity_of(place) != entity):
        raise Refusal(errors.dimension_invalid("Location", place))
    if row.get("STATUS", "active") != "active":
        raise Refusal(errors.dimension_inactive("Location", place))
    if (line["ACCOUNTNO"], "LOCATION", place) in company.restricted:
        title = str((company.find("GLACCOUNT", line["ACCOUNTNO"]) or {}).get("TITLE", ""))
        raise Refusal(errors.account_not_there(line["ACCOUNTNO"], title, place))
    home = company.find("LOCATIONENTITY", company.entity_of(place)) or {}
    if home.get("TAXSOLUTIONID"):
        raise Refusal(errors.tax_missing())


def _dimension(company: Company, name: str, word: str, value: str) -> None:
    row = company.find(name, value) if name in company.tables else None
    if row is None:
        raise Refusal(errors.dimension_invalid(word, value))
    if name == "PROJECT" and str(row.get("PROJECTSTATUS", "")).casefold() == "completed":
        raise Refusal(errors.dimension_invalid(word, value))
    if str(row.get("STATUS") or "active").casefold() != "active":
        raise Refusal(errors.dimension_inactive(word, value))
    if row.get("ONHOLD") == "true":
        raise Refusal(errors.vendor_on_hold(value))


def _fixed(company: Company, line: Line) -> None:
    """A relationship that fills one value in with another takes no different one."""
    tags = {name: (tag.upper(), word) for name, tag, word in DIMENSIONS.values()}
    for (name, value), (other, wanted) in company.fixed.items():
        tag, word = tags[other]
        if line.get(tags[name][0]) == value and line.get(tag) and line[tag] != wanted:
            raise Refusal(errors.dimension_fixed(word, wanted))


def _project_customer(company: Company, line: Line) -> None:
    project = company.find("PROJECT", line.get("PROJECTID", "")) or {}
    customer, wanted = line.get("CUSTOMERID"), project.get("CUSTOMERID")
    if customer and wanted and customer != wanted:
        raise Refusal(errors.project_customer())


def _offset(company: Company, card: Row, draft: Draft) -> None:
    """The card's own account must take the credit too; its line has a location and the card's department, no more."""
    number = str(card.get("LIABACCTKEY", ""))
    account = _account(company, number)
    for suffix, (_, _, word) in DIMENSIONS.items():
        given = suffix == "LOC" or (suffix == "DEPT" and card.get("DEPT"))
        if account.get(f"REQUIRE{suffix}") == "true" and not given:
            raise Refusal(errors.dimension_missing(word, number))
    if account.get("REQUIRELOC") == "true" and not all(line.get("LOCATIONID") for line in draft.lines):
        raise Refusal(errors.dimension_missing("Location", number))


def _currency(company: Company, card: Row, draft: Draft) -> None:
    base = company.currency_of(draft.entity or company.entity_of(str(card.get("LOCATION", ""))))
    draft.currency = draft.currency or base
    rate = Decimal(1)
    if draft.currency != base:
        if not company.multi_currency:
            raise Refusal(errors.foreign_currency_off(draft.currency))
        text = draft.rate or company.rates.get(draft.currency, "")
        if not re.fullmatch(r"\d+(\.\d+)?", text):
            raise Refusal(errors.no_rate(draft.currency, wire(draft.day)))
        rate = Decimal(text)
    for line in draft.lines:
        line["AMOUNT"] = round(line["TRX_AMOUNT"] * rate, 2)


def _credits(call: Call, draft: Draft) -> None:
    amounts = [line["TRX_AMOUNT"] for line in draft.lines]
    entities = {call.company.entity_of(str(line["LOCATIONID"])) for line in draft.lines}
    settings = call.company.preferences.get("GEN", {})
    if len(entities) > 1 and settings.get("INTERENTITY") == "off":
        raise Refusal(errors.between_entities(*sorted(entities)[:2]))
    if len(entities) > 1 and min(amounts) < 0 and settings.get("INTERENTITY_CREDITS") != "any":
        raise Refusal(errors.credit_across_entities())
    if sum(amounts) < 0 and not call.habits.negative_totals:
        raise Refusal(Problem(errors.GENERIC, "The total of a credit card transaction cannot be negative."))
