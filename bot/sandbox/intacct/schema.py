"""The strict table: which elements the gateway takes, in which order, and what it says about any other.

Written by hand after the published request schema, in the notation of a DTD: `a, b?` in this order, `a | b` one of the
two, `+` and `*` repeat, `&` for parts in any order. What is not in the table is a leaf that holds text. Like the gateway
it checks names, order and presence; values only where the published schema gives a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from lxml.etree import _Element as Element

DATE = "year, month, day"
RATE = "(currency, ((exchratedate?, exchratetype) | exchrate))?"
FILTER = (
    "and | or | equalto | notequalto | lessthan | lessthanorequalto | greaterthan | greaterthanorequalto"
    " | between | in | notin | like | notlike | isnull | isnotnull"
)
DIMENSIONS = (
    "departmentid?, locationid?, customerid?, vendorid?, employeeid?, (projectid, (taskid, costtypeid?)?)?, itemid?,"
    " classid?, contractid?, warehouseid?, customfields?, totaltrxamount?, taxentries?, billable?"
)
VENDOR = (
    "parentid?, termname?, glaccountno?, accountlabel?, vendtype?, taxid?, creditlimit?, paymethod?, outsourcecheck?,"
    " outsourceach?, billingtype?, vendoraccountno?, displocacctnocheck?, onhold?, donotcutcheck?, comments?, status?,"
    " currency?,"
)
VENDOR_CONTACTS = (
    "primary?, returnto?, payto?, contactinfo?, contactto1099?, contactlist?, name1099?, form1099type?, form1099box?"
)
VENDOR_PAYMENT = (
    "customfields?, paymentnotify?, achenabled?, wireenabled?, checkenabled?, achbankroutingnumber?, achaccountnumber?,"
    " achaccounttype?, achremittancetype?, wirebankname?, wirebankroutingnumber?, wireaccountnumber?, wireaccounttype?,"
    " pmplusremittancetype?, pmplusemail?, pmplusfax?, displaytermdiscount?, visibility?, supdocid?, mergepaymentreq?,"
    " offsetglaccountno?, retainagepercentage?"
)
SUPDOC = "supdocid, supdocname?, supdocfoldername?, supdocdescription?, attachments?"

MODELS: dict[str, str] = {
    "request": "control, operation+",
    "control": (
        "appid?, senderid, password?, controlid, uniqueid?, dtdversion?, policyid?, debug?, includewhitespace?,"
        " showadditionalerrorinfo?"
    ),
    "operation": "authentication, preferences*, content*",
    "authentication": "login | sessionid | oauth",
    "login": "userid, companyid, password, clientid?, locationid?",
    "preferences": "ANY",
    "content": "function+",
    "getAPISession": "locationid?",
    "create": "ANY",
    "update": "ANY",
    "read": "object & keys & fields? & returnFormat? & docparid?",
    "readByName": "object & keys & fields? & returnFormat? & docparid?",
    "readByQuery": "object & query & fields? & pagesize? & returnFormat? & docparid?",
    "readByQuery/query": "TEXT",
    "readMore": "object | view | reportId | resultId",
    "lookup": "object & docparid?",
    "query": "object & select & filter? & orderby? & options? & pagesize? & offset? & docparid?",
    "select": "(field | count | avg | min | max | sum)+",
    "filter": FILTER,
    "and": f"({FILTER}), ({FILTER})+",
    "or": f"({FILTER}), ({FILTER})+",
    **dict.fromkeys(
        ("equalto", "notequalto", "lessthan", "lessthanorequalto", "greaterthan", "greaterthanorequalto"),
        "field, value",
    ),
    **dict.fromkeys(("like", "notlike"), "field, value"),
    **dict.fromkeys(("in", "notin"), "field, value+"),
    **dict.fromkeys(("isnull", "isnotnull"), "field"),
    "between": "field, value, value",
    "orderby": "order+",
    "order": "field, (ascending | descending)?",
    "options": "caseinsensitive?, showprivate?, returnformat?",
    "getUserPermissions": "userId",
    "readUserFormatting": "key | userId",
    **dict.fromkeys(("get_applications", "get_companyprefs", "getFinancialSetup", "readEntityDetails"), "EMPTY"),
    "create_supdocfolder": "supdocfoldername, supdocfolderdescription?, supdocparentfoldername?",
    "create_supdoc": SUPDOC,
    "update_supdoc": SUPDOC,
    "attachments": "attachment+",
    "attachment": "attachmentname, attachmenttype, attachmentdata",
    "record_cctransaction": (
        f"chargecardid, paymentdate, referenceno?, payee?, description?, supdocid?, {RATE}, customfields?, inclusivetax?,"
        " taxsolutionid?, ccpayitems"
    ),
    "ccpayitems": "ccpayitem+",
    "ccpayitem": f"(glaccountno | accountlabel), description?, paymentamount, {DIMENSIONS}",
    "update_cctransaction": (
        f"paymentdate?, referenceno?, payee?, description?, supdocid?, {RATE}, customfields?, inclusivetax?,"
        " updateccpayitems?"
    ),
    "updateccpayitems": "(ccpayitem | updateccpayitem)+",
    "updateccpayitem": f"(glaccountno | accountlabel)?, description?, paymentamount?, {DIMENSIONS}",
    "reverse_cctransaction": "datereversed, memo?",
    "create_vendor": f"vendorid, name, {VENDOR} onetime?, externalid?, {VENDOR_CONTACTS}, {VENDOR_PAYMENT}",
    "update_vendor": f"name?, {VENDOR} {VENDOR_CONTACTS}, {VENDOR_PAYMENT}",
    **dict.fromkeys(
        ("primary", "returnto", "payto", "contactinfo", "contactto1099", "contactlist", "visibility"), "ANY"
    ),
    **dict.fromkeys(("paymentdate", "exchratedate", "datereversed"), DATE),
    "customfields": "customfield*",
    "customfield": "customfieldname, customfieldvalue",
    "taxentries": "taxentry, taxentry?",
    "taxentry": "detailid, trx_tax?",
}

_SWITCH = re.compile("true|false")
ATTRIBUTES: dict[str, dict[str, tuple[bool, re.Pattern[str] | None]]] = {
    "function": {"controlid": (True, None)},
    "operation": {"transaction": (False, _SWITCH)},
    "get_companyprefs": {"application": (True, None)},
    "update_cctransaction": {"key": (True, None), "set_nulls": (False, _SWITCH)},
    "updateccpayitem": {"line_num": (True, None)},
    "reverse_cctransaction": {"key": (True, None)},
    "create_vendor": {"ignoreduplicates": (False, _SWITCH)},
    "update_vendor": {"vendorid": (True, None), "set_nulls": (False, _SWITCH), "externalkey": (False, _SWITCH)},
}
"""By element: attribute, whether it must be there, and which values it takes."""

_BOOLEAN = re.compile("true|false|0|1")
VALUES: dict[str, re.Pattern[str]] = {
    "control/includewhitespace": _BOOLEAN,
    "control/showadditionalerrorinfo": _BOOLEAN,
    "options/caseinsensitive": _BOOLEAN,
    "options/showprivate": _BOOLEAN,
    "query/pagesize": re.compile(r"0{0,9}([1-9]\d{0,2}|1\d{3}|2000)"),
    "query/offset": re.compile(r"\d+"),
}
"""The few leaves that the published schema gives a type."""

MAX_IN_VALUES = 1000


@dataclass
class Model:
    """A content model as positions: which may come first, which may follow which, which may be last."""

    names: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    follow: dict[int, list[int]] = field(default_factory=dict)
    optional: bool = True


class _Reader:
    """Reads one content model; `parts` are (first, last, optional) triples over the positions of `model`."""

    def __init__(self, text: str) -> None:
        self.tokens = re.findall(r"\w+|[(),|?*+]", text)
        self.model = Model()

    def read(self) -> Model:
        self.model.first, self.model.last, self.model.optional = self._choice()
        return self.model

    def _link(self, before: list[int], after: list[int]) -> None:
        for position in before:
            known = self.model.follow.setdefault(position, [])
            known.extend(p for p in after if p not in known)

    def _choice(self) -> tuple[list[int], list[int], bool]:
        first, last, optional = self._sequence()
        while self.tokens and self.tokens[0] == "|":
            self.tokens.pop(0)
            other = self._sequence()
            first, last, optional = first + other[0], last + other[1], optional or other[2]
        return first, last, optional

    def _sequence(self) -> tuple[list[int], list[int], bool]:
        first, last, optional = self._item()
        while self.tokens and self.tokens[0] == ",":
            self.tokens.pop(0)
            next_first, next_last, next_optional = self._item()
            self._link(last, next_first)
            first = first + next_first if optional else first
            last = last + next_last if next_optional else next_last
            optional = optional and next_optional
        return first, last, optional

    def _item(self) -> tuple[list[int], list[int], bool]:
        part = self.tokens.pop(0)
        if part == "(":
            first, last, optional = self._choice()
            self.tokens.pop(0)
        else:
            self.model.names.append(part)
            first, last, optional = [len(self.model.names) - 1], [len(self.model.names) - 1], False
        while self.tokens and self.tokens[0] in "?*+":
            mark = self.tokens.pop(0)
            optional = optional or mark != "+"
            if mark != "?":
                self._link(last, first)
        return first, last, optional


@cache
def _model(text: str) -> Model:
    return _Reader(text).read()


def problem(request: Element, functions: frozenset[str]) -> str:
    """Says what the gateway's schema check would say first about a request; empty when it is sound.

    Args:
        request: the root element.
        functions: the function names that exist.
    """
    return _problem(request, "", functions)


def unknown(request: Element, names: Iterable[str]) -> str:
    """The complaint about the first element of a request that a newer schema no longer has; empty when there is none."""
    return next((_unexpected(found, []) for name in names if (found := next(request.iter(name), None)) is not None), "")


def _problem(element: Element, parent: str, functions: frozenset[str]) -> str:
    tag = str(element.tag)
    if found := _attribute_problem(element, tag):
        return found
    children = [child for child in element if isinstance(child.tag, str)]
    if tag == "function":
        return _function_problem(element, children, functions)
    model = MODELS.get(f"{parent}/{tag}") or MODELS.get(tag) or "TEXT"
    if model == "ANY":
        return "" if children or tag == "preferences" else _missing(element, [])
    if model in {"TEXT", "EMPTY"}:
        pattern = VALUES.get(f"{parent}/{tag}")
        if children:
            return _unexpected(children[0], [])
        value = element.text or ""
        if pattern and not pattern.fullmatch(value.strip()):
            return _error(1824, element, f"'{value}' is not a valid value of the atomic type")
        return ""
    found = _all_problem(element, children, model) if "&" in model else _order_problem(element, children, _model(model))
    if not found and tag in {"in", "notin"} and len(children) > MAX_IN_VALUES + 1:
        found = _unexpected(children[MAX_IN_VALUES + 1], [])
    return found or next((p for child in children if (p := _problem(child, tag, functions))), "")


def _function_problem(element: Element, children: list[Element], functions: frozenset[str]) -> str:
    if not children:
        return _missing(element, sorted(functions)[:3])
    if children[0].tag not in functions:
        return _unexpected(children[0], [])
    if len(children) > 1:
        return _unexpected(children[1], [])
    return _problem(children[0], "function", functions)


def _attribute_problem(element: Element, tag: str) -> str:
    known = ATTRIBUTES.get(tag, {})
    for name, (required, pattern) in known.items():
        value = element.get(name)
        if value is None and required:
            return _error(1868, element, f"The attribute '{name}' is required but missing.")
        if value is not None and pattern and not pattern.fullmatch(value):
            text = f'Value "{value}" for attribute {name} of {tag} is not among the enumerated set'
            return f"XML Parse error: Error 502: {text} Line: {element.sourceline}, column: 0"
    strange = [str(name) for name in element.attrib if str(name) not in known]
    return _error(1866, element, f"The attribute '{strange[0]}' is not allowed.") if strange else ""


def _all_problem(element: Element, children: list[Element], model: str) -> str:
    parts = [part.strip() for part in model.split("&")]
    left = [part.rstrip("?") for part in parts]
    for child in children:
        if child.tag not in left:
            return _unexpected(child, left)
        left.remove(str(child.tag))
    missing = [part for part in parts if not part.endswith("?") and part in left]
    return _missing(element, missing) if missing else ""


def _order_problem(element: Element, children: list[Element], model: Model) -> str:
    allowed, done = model.first, model.optional
    for child in children:
        position = next((p for p in allowed if model.names[p] == child.tag), None)
        if position is None:
            return _unexpected(child, [model.names[p] for p in allowed])
        allowed, done = model.follow.get(position, []), position in model.last
    return "" if done else _missing(element, [model.names[p] for p in allowed])


def _expected(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    if not unique:
        return ""
    return f" Expected is {'one of ' if len(unique) > 1 else ''}( {', '.join(unique)} )."


def _unexpected(element: Element, names: list[str]) -> str:
    return _error(1871, element, f"This element is not expected.{_expected(names)}")


def _missing(element: Element, names: list[str]) -> str:
    return _error(1871, element, f"Missing child element(s).{_expected(names)}")


def _error(number: int, element: Element, text: str) -> str:
    where = f"Line: {element.sourceline}, column: 0"
    return f"XML Parse schema error: Error {number}: Element '{element.tag!s}': {text} {where}"
