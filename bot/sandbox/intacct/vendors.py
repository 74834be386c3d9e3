"""Vendors over the gateway: made and changed by the legacy functions, ID, name, hold and status only.

Fields and order are the published schema's. What they do, and which text answers a vendor that is there already, is
inferred from Intacct's other records.
"""

from __future__ import annotations

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.calls import Answer, Call, function
from bot.sandbox.intacct.company import Row
from bot.sandbox.intacct.errors import Refusal

_FIELDS = {"vendorid": "VENDORID", "name": "NAME", "onhold": "ONHOLD", "status": "STATUS"}
_CHOICES = {"onhold": ("true", "false"), "status": ("active", "inactive")}
_LENGTHS = {"vendorid": 20, "name": 100}


@function("create_vendor")
def create_vendor(call: Call) -> Answer:
    """A vendor for everybody at the top level, for one entity where that is signed in to."""
    call.need("Vendors", "Add", "CREATE", "VENDOR")
    given = _given(call)
    for tag in ("vendorid", "name"):
        if not given.get(_FIELDS[tag]):
            raise Refusal(errors.required(tag))
    _check_free(call, "VENDORID", given["VENDORID"])
    _check_free(call, "NAME", given["NAME"])
    row = {**call.company.defaults("VENDOR"), **given, "MEGAENTITYID": call.visitor.entity}
    call.company.insert("VENDOR", row)
    return Answer(key=given["VENDORID"])


@function("update_vendor")
def update_vendor(call: Call) -> Answer:
    call.need("Vendors", "Edit", "UPDATE", "VENDOR")
    number = str(call.element.get("vendorid"))
    row = call.company.find("VENDOR", number)
    if row is None or not call.visitor.sees(row, private=True):
        raise Refusal(errors.not_found("vendor", number))
    if not row.get("MEGAENTITYID") and (call.visitor.entity or call.visitor.restricted):
        raise Refusal(errors.root_level("vendor"))
    given = _given(call)
    if given.get("NAME", row["NAME"]) != row["NAME"]:
        _check_free(call, "NAME", given["NAME"])
    call.company.change(row, given)
    return Answer(key=number)


def _given(call: Call) -> Row:
    """The fields that are given, checked one by one.

    Raises:
        Refusal: one that is not simulated, too long, or none of the values that there are.
    """
    given: Row = {}
    if set(call.element.attrib) - {"vendorid"}:
        raise Refusal(errors.not_simulated("an attribute of a vendor's function but vendorid"))
    for child in call.element:
        tag, value = str(child.tag), (child.text or "").strip()
        if tag not in _FIELDS:
            raise Refusal(errors.not_simulated(f"the field {tag} of a vendor"))
        if tag in _CHOICES and value not in _CHOICES[tag]:
            raise Refusal(errors.illegal(tag))
        if len(value) > _LENGTHS.get(tag, len(value)):
            raise Refusal(errors.too_long(tag, _LENGTHS[tag]))
        given[_FIELDS[tag]] = value
    return given


def _check_free(call: Call, name: str, value: str) -> None:
    if any(row.get(name) == value for row in call.company.rows("VENDOR")):
        raise Refusal(errors.exists("Vendor", value))
