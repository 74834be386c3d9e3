"""The small functions: sessions, entities, preferences, permissions, formats."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from bot.sandbox.intacct import access, errors
from bot.sandbox.intacct.calls import Answer, Call, function
from bot.sandbox.intacct.forbidden import carried

_PREFERENCE_DEFAULTS = {"GEN": {"ACCTNO_SEPARATOR": "-", "SUBACCTNO_LENGTH": "0", "FISCAL_FIRST_MONTH": "1"}}


def element(tag: str, *children: Element, text: str = "") -> Element:
    made = etree.Element(tag)
    made.text = carried(text) or None
    made.extend(children)
    return made


def record(tag: str, values: dict[str, str]) -> Element:
    return element(tag, *(element(name, text=value) for name, value in values.items()))


@function("getAPISession")
def get_api_session(call: Call) -> Answer:
    wanted = call.element.find("locationid")
    session = call.door.open_session(call.visitor, None if wanted is None else (wanted.text or "").strip())
    values = {"sessionid": session.id, "endpoint": call.endpoint, "locationid": session.entity}
    return Answer(data=[record("api", values)])


@function("getUserPermissions")
def get_user_permissions(call: Call) -> Answer:
    call.need("Permissions", "View", "READ", "USERRIGHTS")
    user = call.company.user(call.text("userId"))
    if user is None:
        raise errors.Refusal(errors.no_such_user(call.text("userId")))
    applications = [
        element(
            "appSubscription",
            element("applicationName", text=application),
            element(
                "policies",
                *(record("policy", {"policyName": name, "rights": "|".join(has)}) for name, has in policies.items()),
            ),
        )
        for application, policies in access.permissions(call.company, user).items()
    ]
    return Answer(data=[element("permissions", *applications)])


@function("readEntityDetails")
def read_entity_details(call: Call) -> Answer:
    allowed = call.visitor.user.get("ENTITIES") or []
    entities = [
        record(
            "entity",
            {
                "id": str(row["LOCATIONID"]),
                "name": str(row.get("NAME", "")),
                "recordno": str(row["RECORDNO"]),
                "currency": call.company.currency_of(str(row["LOCATIONID"])),
                "firstfiscalmonth": "1",
                "firstfiscaltaxmonth": "",
                "weekstart": "",
            },
        )
        for row in call.company.rows("LOCATIONENTITY")
        if row.get("STATUS", "active") == "active" and (not allowed or row["LOCATIONID"] in allowed)
    ]
    return Answer(data=entities)


@function("get_applications")
def get_applications(call: Call) -> Answer:
    return Answer(data=[element("application", text=code) for code in call.company.applications])


@function("get_companyprefs")
def get_company_preferences(call: Call) -> Answer:
    application = call.element.get("application", "")
    known = {**_PREFERENCE_DEFAULTS.get(application, {}), **call.company.preferences.get(application, {})}
    if application == "GEN":
        known.setdefault("PRIMARY_ACCTNO_LENGTH", known.get("ACCTLEN", "4"))
    rows = [
        record("companypref", {"application": application, "preference": name, "prefvalue": str(value)})
        for name, value in known.items()
    ]
    return Answer(data=rows)


@function("getFinancialSetup")
def get_financial_setup(call: Call) -> Answer:
    company = call.company
    several = company.multi_base_currency

    def flag(value: bool) -> str:
        return str(value).lower()

    values = {
        "baseCurrency": "" if several else company.base_currency,
        "defaultBook": "ACCRUAL",
        "firstFiscalMonth": "1",
        "multiBaseCurrency": flag(several),
        "multiBook": "false",
        "multiCurrency": flag(company.multi_currency or several),
        "multiEntityShared": flag(company.multi_entity),
    }
    return Answer(data=[record("financialSetup", values)])


@function("readUserFormatting")
def read_user_formatting(call: Call) -> Answer:
    by_id, by_key = call.text("userId"), call.text("key")
    user = next((u for u in call.company.users if by_id == u["LOGINID"] or by_key == str(u["RECORDNO"])), None)
    if user is None:
        raise errors.Refusal(errors.no_such_user(by_id or by_key))
    values = {
        "recordno": str(user["RECORDNO"]),
        "locale": "en_US",
        "dateformat": "/mdY",
        "gmtoffset": "-08:00",
        "clock": "12",
    }
    return Answer(data=[record("userformatting", values)])
