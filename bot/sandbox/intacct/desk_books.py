"""By hand: records, periods and preferences. See `desk`."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from bot.sandbox.control import ControlError
from bot.sandbox.intacct.company import Company, Row
from bot.sandbox.intacct.errors import Refusal
from bot.sandbox.intacct.fields import DIMENSIONS, MONTHS, OBJECTS, month_number
from bot.sandbox.intacct.writing import check_account

if TYPE_CHECKING:
    from bot.sandbox.intacct.server import IntacctSim

_BY_HAND = (
    *("GLACCOUNT", "CREDITCARD", "LOCATION", "DEPARTMENT", "CLASS", "PROJECT", "VENDOR", "CUSTOMER", "EMPLOYEE"),
    *("ITEM", "CHECKINGACCOUNT", "LOCATIONENTITY"),
)
_CARD_TYPES = ("Visa", "Mastercard", "Discover", "American Express", "Diners Club", "Other Charge Card")
_DERIVED = frozenset({"MEGAENTITYID", "MEGAENTITYKEY", "ENTITY", "LOCATIONTYPE", "WHENMODIFIED"})
"""Fields of the gateway that no screen writes; those with a `#` are neither."""
_LOCKED = {"LIABACCTKEY": "Offset account", "LIABILITYTYPE": "Account type"}


def create_record(sim: IntacctSim, object: str, record: Any, entity: str = "") -> dict[str, Any]:  # noqa: A002 - the wire's word
    """A list's Add screen, at the top level or in an entity. Field names are those of the gateway."""
    company = sim.gateway.company
    given = _given(object, record)
    _check_entity(company, entity)
    if object == "GLACCOUNT":
        if entity:
            raise ControlError("The chart of accounts lives at the top level. Switch there first.")
        row = _account(company, given, None)
    elif object == "CREDITCARD":
        row = _card(company, given, None, entity)
    else:
        row = _plain(company, object, given, entity)
    made = company.insert(object, _stamped(sim, object, row))
    return {"recordno": made["RECORDNO"], "id": made[OBJECTS[object].id_field]}


def save_record(sim: IntacctSim, object: str, record: Any) -> dict[str, Any]:  # noqa: A002 - as above
    """A list's Edit screen: the record's ID and the fields that change."""
    company = sim.gateway.company
    given = _given(object, record)
    row = _existing(company, object, given)
    if object == "GLACCOUNT":
        changed = _account(company, given, row)
    elif object == "CREDITCARD":
        changed = _card(company, given, row, str(row.get("MEGAENTITYID") or ""))
    else:
        changed = {**row, **given}
    company.change(row, _stamped(sim, object, changed))
    return {"recordno": row["RECORDNO"], "id": row[OBJECTS[object].id_field]}


def delete_record(sim: IntacctSim, object: str, record: Any) -> dict[str, Any]:  # noqa: A002 - as above
    """A list's Delete; refused for a record that transactions use."""
    company = sim.gateway.company
    row = _existing(company, object, _given(object, record))
    key = row[OBJECTS[object].id_field]
    used = {
        str(value)
        for line in company.rows("CCTRANSACTIONENTRY")
        for name, value in line.items()
        if name in {"ACCOUNTNO", *(tag.upper() for _, tag, _ in DIMENSIONS.values())}
    }
    cards = {t["card"] for t in company.rows("CCTRANSACTION")} | {
        c.get("LIABACCTKEY") for c in company.rows("CREDITCARD")
    }
    if key in used or key in cards:
        raise ControlError(f"'{key}' is in use and cannot be deleted. Set it to inactive instead.")
    company.delete(object, row)
    return {"id": key}


def _stamped(sim: IntacctSim, name: str, row: Row) -> Row:
    has = "WHENMODIFIED" in OBJECTS[name].fields
    return row | {"WHENMODIFIED": sim.now().replace(tzinfo=None, microsecond=0)} if has else row


def _given(name: str, record: Any) -> dict[str, str]:
    if name not in _BY_HAND:
        raise ControlError(f"'{name}' has no screen here. There are: {', '.join(_BY_HAND)}.")
    if not isinstance(record, dict) or not record:
        raise ControlError("A record is a map of field names to values.")
    given = {}
    for field, value in record.items():
        field_name = "LIABACCTKEY" if field == "LIABACCT" else field
        if field_name not in OBJECTS[name].fields or field_name in _DERIVED or field_name.endswith("#"):
            raise ControlError(f"The {OBJECTS[name].label} screen has no field '{field}'.")
        given[field_name] = str(value).lower() if isinstance(value, bool) else str(value).strip()
    return given


def _existing(company: Company, name: str, given: dict[str, str]) -> Row:
    number = given.pop("RECORDNO", "")
    key = given.get(OBJECTS[name].id_field, "")
    row = company.tables[name].rows.get(int(number)) if number.isdigit() else company.find(name, key)
    if row is None:
        raise ControlError(f"There is no {OBJECTS[name].label} '{number or key}'.")
    if key and key != str(row[OBJECTS[name].id_field]):
        raise ControlError("Intacct does not change an ID after saving.")
    return row


def _check_entity(company: Company, entity: str) -> None:
    if entity and not company.find("LOCATIONENTITY", entity):
        raise ControlError(f"There is no entity '{entity}'.")


def _account(company: Company, given: dict[str, str], row: Row | None) -> Row:
    try:
        return check_account(company, given, row)
    except Refusal as refusal:
        problem = refusal.problems[0]
        parts = (problem.description, problem.description2, problem.correction)
        raise ControlError(". ".join(part for part in parts if part)) from None


def _card(company: Company, given: dict[str, str], row: Row | None, entity: str) -> Row:
    """The credit card screen: offset account and type are locked after saving; the expiry has a month and a year."""
    for field, label in _LOCKED.items():
        if row is not None and field in given and given[field] != row.get(field):
            raise ControlError(f"{label} cannot be changed: Intacct locks it after saving.")
    card: Row = {**company.defaults("CREDITCARD"), "MEGAENTITYID": entity, **(row or {}), **given}
    card["EXP_MONTH"] = _month(str(card.get("EXP_MONTH", "")))
    if not str(card.get("EXP_YEAR", "")).isdigit() or len(str(card["EXP_YEAR"])) != 4:
        raise ControlError("The expiration year has four digits.")
    _card_choices(card)
    if row is None and (not card.get("CARDID") or company.find("CREDITCARD", card["CARDID"])):
        raise ControlError("The ID is empty." if not card.get("CARDID") else f"The ID '{card['CARDID']}' is taken.")
    if row is None:
        _card_account(company, str(card.get("LIABACCTKEY", "")))
    if card["VENDORID"] and not _active(company, "VENDOR", card["VENDORID"]):
        raise ControlError(f"There is no active vendor '{card['VENDORID']}'.")
    _card_location(company, str(card["LOCATION"]), entity)
    card["CURRENCY_R"] = company.currency_of(entity or company.entity_of(str(card["LOCATION"])))
    return card


def _card_choices(card: Row) -> None:
    if card["LIABILITYTYPE"] not in {"Credit", "Debit"}:
        raise ControlError("The account type is Credit or Debit.")
    if card["STATUS"] not in {"active", "inactive"}:
        raise ControlError("The status is active or inactive.")
    if card["CARDTYPE"] not in _CARD_TYPES:
        raise ControlError(f"The card type is one of: {', '.join(_CARD_TYPES)}.")


def _month(text: str) -> str:
    try:
        return MONTHS[month_number(text) - 1]
    except ValueError:
        raise ControlError("The expiration month is missing.") from None


def _card_account(company: Company, number: str) -> None:
    if not _active(company, "GLACCOUNT", number):
        raise ControlError(f"There is no active account '{number}' for the offset account.")
    if owner := company.offset_owner(number):
        raise ControlError(f"The account {number} already belongs to {owner}.")


def _card_location(company: Company, place: str, entity: str) -> None:
    if not place and company.multi_entity:
        raise ControlError("The default location is missing.")
    if place and not (_active(company, "LOCATION", place) or _active(company, "LOCATIONENTITY", place)):
        raise ControlError(f"There is no active location '{place}'.")
    if place and entity and company.entity_of(place) != entity:
        raise ControlError(f"The location '{place}' does not belong to entity '{entity}'.")


def _active(company: Company, name: str, key: str) -> bool:
    row = company.find(name, key)
    return row is not None and row.get("STATUS", "active") == "active"


def _plain(company: Company, name: str, given: dict[str, str], entity: str) -> Row:
    key = given.get(OBJECTS[name].id_field, "")
    if not key or company.find(name, key):
        raise ControlError(f"The ID '{key}' is taken." if key else "The ID is empty.")
    row: Row = {**company.defaults(name), **given}
    if name == "LOCATION" and entity:
        row.setdefault("PARENTID", entity)  # a location belongs to its entity by what it hangs under
    return row | {"MEGAENTITYID": entity} if "MEGAENTITYID" in row else row


# --- periods ----------------------------------------------------------------------------------------------------------


def close_books(sim: IntacctSim, through: str, entity: str = "", ledger: str = "GL") -> dict[str, Any]:
    """General Ledger > Books > Close, through a day (YYYY-MM-DD) or a month (YYYY-MM); "" is the top level alone."""
    return _set_closed(sim, ledger, entity, _last_day(through))


def open_books(
    sim: IntacctSim,
    entity: str = "",
    through: str = "",
    period: str = "",
    ledger: str = "GL",
    applications: Any = None,
) -> dict[str, Any]:
    """General Ledger > Books > Open.

    `period` (YYYY-MM) is opened from its first day; or the books stay closed `through` a day or month; with neither, the
    newest closed month opens. `applications` opens subledgers too, as ticking them does.
    """
    answer = _open(sim, ledger, entity, through, period)
    for application in applications or ():
        _open(sim, str(application), entity, through, period)
    return answer


def close_subledger(sim: IntacctSim, through: str, application: str = "CM", entity: str = "") -> dict[str, Any]:
    """Cash Management > All > Subledger > Close. With no entity named, only the top level closes."""
    return _set_closed(sim, application, entity, _last_day(through))


def open_subledger(
    sim: IntacctSim, application: str = "CM", entity: str = "", through: str = "", period: str = ""
) -> dict[str, Any]:
    """Cash Management > All > Subledger > Open; as open_books. With no entity named, only the top level opens."""
    return _open(sim, application, entity, through, period)


def _open(sim: IntacctSim, ledger: str, entity: str, through: str, period: str) -> dict[str, Any]:
    _check_ledger(ledger)
    closed = sim.gateway.company.closed.get(ledger, {}).get(entity)
    if period:
        stays = _last_day(period).replace(day=1) - timedelta(days=1)
    elif through:
        stays = _last_day(through)
    elif closed is None:
        raise ControlError("Nothing is closed here.")
    else:
        stays = closed.replace(day=1) - timedelta(days=1)
    return _set_closed(sim, ledger, entity, min(stays, closed) if closed else None)


def _set_closed(sim: IntacctSim, ledger: str, entity: str, day: date | None) -> dict[str, Any]:
    _check_ledger(ledger)
    _check_entity(sim.gateway.company, entity)
    sim.gateway.company.closed.setdefault(ledger, {})[entity] = day
    return {"ledger": ledger, "entity": entity, "closed_through": day.isoformat() if day else None}


def _check_ledger(ledger: str) -> None:
    if ledger not in {"GL", "CM"}:
        raise ControlError("The ledger is GL or CM.")


def _last_day(text: str) -> date:
    """A day as it is; of a month its last day."""
    try:
        if len(text) == 7:
            first = date.fromisoformat(f"{text}-01")
            return first.replace(day=calendar.monthrange(first.year, first.month)[1])
        return date.fromisoformat(text)
    except ValueError:
        raise ControlError(f"'{text}' is neither a day (YYYY-MM-DD) nor a month (YYYY-MM).") from None


def set_preference(sim: IntacctSim, application: str, preference: str, value: str) -> dict[str, Any]:
    """An application's Configure screen."""
    if not preference:
        raise ControlError("The preference has no name.")
    sim.gateway.company.preferences.setdefault(application, {})[preference] = value
    return {"application": application, "preference": preference, "value": value}


DESK_BOOKS: dict[str, Callable[..., dict[str, Any]]] = {
    verb.__name__: verb
    for verb in (
        create_record,
        save_record,
        delete_record,
        close_books,
        open_books,
        close_subledger,
        open_subledger,
        set_preference,
    )
}
