"""Reading: query, readByQuery with readMore, read, readByName and lookup."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.access import derived_rows
from bot.sandbox.intacct.calls import Answer, Call, function
from bot.sandbox.intacct.company import Company, Row
from bot.sandbox.intacct.fields import BEHIND_THE_SCREEN, OBJECTS, wire
from bot.sandbox.intacct.filters import Conditions
from bot.sandbox.intacct.forbidden import carried
from bot.sandbox.intacct.helpers import element, record

_DERIVED = frozenset({"USERINFO", "USERROLES", "ROLES", "ROLEUSERS"})
_MODULES = {"CREDITCARD": "CM", "CCTRANSACTION": "CM", "CCTRANSACTIONENTRY": "CM"}


def kinds_of(company: Company, name: str) -> dict[str, str]:
    """The fields that an object has in this company, with their kinds; the company's dict may add `extra_fields` and drop `absent_fields`."""
    known = {field: kind for field, kind in OBJECTS[name].fields.items() if company.has_field(name, field)}
    return known | dict.fromkeys(company.extra_fields.get(name, ()), "text")


def value_of(company: Company, name: str) -> Callable[[Row, str], Any]:
    """How a field of an object is read. What follows from another record is looked up there, and kept nowhere else."""

    def plain(row: Row, field: str) -> Any:
        return row.get(field, "")

    def of_card(row: Row, field: str) -> Any:
        """As recorded: LIABACCTKEY, DEPT and LOCATION are what people see, and each `#` is that record's number."""
        if field in _NUMBERED:
            there, named = _NUMBERED[field]
            return _record(company, there, str(row.get(named, ""))).get("RECORDNO")
        if field == "LOCATIONNAME":
            return _record(company, "LOCATION", str(row.get("LOCATION", ""))).get("NAME", "")
        return row.get(field, "")

    def of_entity(row: Row, field: str) -> Any:
        if field == "STARTOPEN":  # read-only, of the General Ledger alone: recorded as "Open books from"
            return company.first_open("GL", str(row["LOCATIONID"])) or ""
        return row.get(field, "")

    def of_location(row: Row, field: str) -> Any:
        """As recorded: an entity's own row names itself, and what lies below names the entity as well as its parent."""
        if field == "ENTITY":
            return company.entity_of(str(row["LOCATIONID"]))
        if field == "LOCATIONTYPE":
            return "E" if company.find("LOCATIONENTITY", str(row["LOCATIONID"])) else "N"
        return row.get(field, "")

    return {"CREDITCARD": of_card, "LOCATION": of_location, "LOCATIONENTITY": of_entity}.get(name, plain)


_NUMBERED = {
    "LIABACCT#": ("GLACCOUNT", "LIABACCTKEY"),
    "DEPT#": ("DEPARTMENT", "DEPT"),
    "LOCATION#": ("LOCATION", "LOCATION"),
    "MEGAENTITYKEY": ("LOCATIONENTITY", "MEGAENTITYID"),
}
"""A card's fields that hold record numbers: of which object, and the field that names the record as people see it."""


def _record(company: Company, name: str, key: str) -> Row:
    """A record by its ID, empty where there is none; an entity counts as a location."""
    found = company.find(name, key)
    return found or (company.find("LOCATIONENTITY", key) if name == "LOCATION" else None) or {}


def _readable(call: Call, name: str, operation: str, right: str) -> None:
    """Refuses an object that does not exist, is not subscribed or not permitted."""
    if name not in OBJECTS or name in BEHIND_THE_SCREEN or (name not in call.company.tables and name not in _DERIVED):
        raise errors.Refusal(errors.unknown_object(name))
    if (module := _MODULES.get(name)) and module not in call.company.applications:
        raise errors.Refusal(errors.not_subscribed("Cash Management"))
    call.need(OBJECTS[name].policy, right, operation, name)


def _rows(call: Call, name: str, *, private: bool) -> list[Row]:
    """What the visitor sees, newest first: there is no default order, so none is to be relied on."""
    derived = derived_rows(call.company, name)
    if name == "CCTRANSACTION":
        call.company.reversals_that_came_due(call.now.date())
    rows = list(call.company.rows(name)) if derived is None else derived
    return [row for row in reversed(rows) if call.visitor.sees(row, private)]


def _flag(options: Element | None, name: str) -> bool:
    return options is not None and (options.findtext(name) or "").strip() in {"true", "1"}


# --- query ------------------------------------------------------------------------------------------------------------


@function("query")
def query(call: Call) -> Answer:
    name = call.text("object").strip()
    _readable(call, name, "QUERY", "List")
    options = call.element.find("options")
    if options is not None and (options.findtext("returnformat") or "xml") != "xml":
        raise errors.Refusal(errors.not_simulated("any returnformat but xml"))
    kinds, read = kinds_of(call.company, name), value_of(call.company, name)
    select = [(str(part.tag), (part.text or "").strip()) for part in call.element.iterfind("select/*")]
    if any("." in field for _, field in select):
        raise errors.Refusal(errors.not_simulated("fields of related objects in a query"))
    if any(field not in kinds for _, field in select):
        raise errors.Refusal(errors.unprocessable())
    rows = _rows(call, name, private=_flag(options, "showprivate"))
    condition = call.element.find("filter")
    if condition is not None:
        fits = Conditions(kinds, read, fold=_flag(options, "caseinsensitive")).of(condition[0])
        rows = [row for row in rows if fits(row)]
    rows = _ordered(rows, call.element.find("orderby"), kinds, read)
    found = _selected(rows, select, read)
    offset, size = int(call.text("offset", "0")), int(call.text("pagesize", "100"))
    page = found[offset : offset + size]
    attributes = {
        "listtype": name,
        "totalcount": str(len(found)),
        "offset": str(offset),
        "count": str(len(page)),
        "numremaining": str(max(0, len(found) - offset - len(page))),
    }
    return Answer(data=[_element(name, cells()) for cells in page], attributes=attributes)


Cells = Callable[[], list[tuple[str, Any]]]


def _selected(rows: list[Row], select: list[tuple[str, str]], read: Callable[[Row, str], Any]) -> list[Cells]:
    """One entry per record, or per group where an aggregate is asked for."""
    fields = [field for what, field in select if what == "field"]
    totals = [(what, field) for what, field in select if what != "field"]
    if not totals:
        return [partial(_plain, fields, read, row) for row in rows]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(read(row, field) for field in fields), []).append(row)
    return [partial(_grouped, dict(zip(fields, key, strict=True)), totals, read, rows) for key, rows in groups.items()]


def _plain(fields: list[str], read: Callable[[Row, str], Any], row: Row) -> list[tuple[str, Any]]:
    return [(field, read(row, field)) for field in fields]


def _grouped(
    key: dict[str, Any], totals: list[tuple[str, str]], read: Callable[[Row, str], Any], rows: list[Row]
) -> list[tuple[str, Any]]:
    values = [
        (f"{what.upper()}.{field}", _aggregate(what, [read(row, field) for row in rows])) for what, field in totals
    ]
    return [*key.items(), *values]


def _aggregate(what: str, values: list[Any]) -> Any:
    known = [value for value in values if value not in {None, ""}]
    if what == "count":
        return len(known)
    if not known:
        return ""
    if what in {"min", "max"}:
        return min(known) if what == "min" else max(known)
    if not all(isinstance(value, (int, Decimal)) for value in known):
        raise errors.Refusal(errors.unprocessable())
    total = sum(known)
    return total if what == "sum" else total / len(known)


def _ordered(
    rows: list[Row], orderby: Element | None, kinds: dict[str, str], read: Callable[[Row, str], Any]
) -> list[Row]:
    for order in reversed([] if orderby is None else list(orderby)):
        field = (order.findtext("field") or "").strip()
        if field not in kinds:
            raise errors.Refusal(errors.unprocessable())
        keyed = [(read(row, field), row) for row in rows]
        filled = [pair for pair in keyed if pair[0] is not None]
        filled.sort(key=itemgetter(0), reverse=order.find("descending") is not None)
        rows = [row for _, row in filled] + [row for value, row in keyed if value is None]
    return rows


def _element(tag: str, cells: list[tuple[str, Any]]) -> Element:
    """A record; `#` falls out of names, so that LOCATION and LOCATION# come back as two elements of one name."""
    made = etree.Element(tag)
    for name, value in cells:
        etree.SubElement(made, name.replace("#", "")).text = carried(wire(value)) or None
    return made


# --- read, readByName, readByQuery, readMore --------------------------------------------------------------------------


def _fields(call: Call, name: str) -> list[str]:
    """The fields asked for, all of them by default; a field that does not exist puts its text into the errorno."""
    kinds = kinds_of(call.company, name)
    wanted = call.text("fields", "*").strip()
    if wanted in {"", "*"}:
        return list(kinds)
    fields = [part.strip() for part in wanted.split(",")]
    if unknown := [field for field in fields if field not in kinds]:
        raise errors.Refusal(errors.bad_fields(", ".join(unknown)))
    return fields


def _legacy(call: Call, name: str, rows: list[Row], fields: list[str]) -> list[Element]:
    read = value_of(call.company, name)
    return [_element(name.lower(), [(field, read(row, field)) for field in fields]) for row in rows]


def _read(call: Call, key_of: Callable[[str, Row], str]) -> Answer:
    name = call.text("object").strip().upper()
    _readable(call, name, "READ", "View")
    if call.text("returnFormat", "xml") not in {"", "xml"}:
        raise errors.Refusal(errors.not_simulated("any returnFormat but xml"))
    fields = _fields(call, name)
    by_key = {key_of(name, row): row for row in _rows(call, name, private=True)}
    found = [by_key[key] for part in call.text("keys").split(",") if (key := part.strip()) in by_key]
    read = value_of(call.company, name)
    data = [_element(name, [(field, read(row, field)) for field in fields]) for row in found]
    return Answer(data=data, attributes={"listtype": name, "count": str(len(data))})


@function("read")
def read_records(call: Call) -> Answer:
    return _read(call, lambda _name, row: str(row["RECORDNO"]))


@function("readByName")
def read_by_name(call: Call) -> Answer:
    return _read(call, lambda name, row: str(row.get(OBJECTS[name].id_field, "")))


@function("readByQuery")
def read_by_query(call: Call) -> Answer:
    name = call.text("object").strip().upper()
    _readable(call, name, "READ_BY_QUERY", "List")
    fields = _fields(call, name)
    size = call.text("pagesize", "100").strip()
    if not size.isdigit() or not 1 <= int(size) <= 1000:
        raise errors.Refusal(errors.unprocessable())
    fits = Conditions(kinds_of(call.company, name), value_of(call.company, name)).of_text(call.text("query"))
    rows = [row for row in _rows(call, name, private=False) if fits(row)]
    return _page(call, {"name": name, "fields": fields, "rows": rows, "size": int(size), "at": 0, "id": ""})


@function("readMore")
def read_more(call: Call) -> Answer:
    wanted = call.text("resultId").strip()
    cursor = call.cursors.get(wanted)
    if cursor is None:
        raise errors.Refusal(errors.not_found("result", wanted))
    return _page(call, cursor)


def _page(call: Call, cursor: dict[str, Any]) -> Answer:
    rows, start = cursor["rows"], cursor["at"]
    page = rows[start : start + cursor["size"]]
    cursor["at"] = start + len(page)
    remaining = len(rows) - cursor["at"]
    if remaining and not cursor["id"]:
        cursor["id"] = f"r{len(call.cursors) + 1:08d}"
        call.cursors[cursor["id"]] = cursor
    if not remaining:
        call.cursors.pop(cursor["id"], None)
    attributes = {
        "listtype": cursor["name"].lower(),
        "count": str(len(page)),
        "totalcount": str(len(rows)),
        "numremaining": str(remaining),
        "resultId": cursor["id"],
    }
    return Answer(data=_legacy(call, cursor["name"], page, cursor["fields"]), attributes=attributes)


# --- lookup -----------------------------------------------------------------------------------------------------------

_DATATYPES = {"int": "INTEGER", "money": "DECIMAL", "date": "DATE", "datetime": "TIMESTAMP"}


@function("lookup")
def lookup(call: Call) -> Answer:
    name = call.text("object").strip().upper()
    if name not in OBJECTS or name in BEHIND_THE_SCREEN:
        raise errors.Refusal(errors.unknown_object(name))
    fields = [
        record(
            "Field",
            {
                "ID": field,
                "LABEL": field,
                "DESCRIPTION": "",
                "REQUIRED": "false",
                "READONLY": "false",
                "DATATYPE": _DATATYPES.get(kind, "TEXT"),
                "ISCUSTOM": "false",
            },
        )
        for field, kind in kinds_of(call.company, name).items()
    ]
    made = element("Type", element("Fields", *fields), element("Relationships"))
    made.set("Name", name)
    made.set("DocumentType", "")
    return Answer(data=[made], attributes={"listtype": "All", "count": "1"})
