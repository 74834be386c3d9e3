"""Harbor & Pine in Spend Center: people, budgets, cards, and the custom fields with their 121 values."""

from __future__ import annotations

from typing import Any

from bot.sandbox.seed_company import DEPARTMENTS, EXPENSES, PROJECTS, pairs
from bot.sandbox.spend.rows import coding, old_id

SPEND_TOKEN = "sandbox-spend-token"  # noqa: S105 - opens nothing but the simulator
OAUTH = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
COMPANY = {"uuid": "cmp_harborpine", "name": "Harbor & Pine Cards"}

BUDGETS = {"portland": "Portland", "denver": "Denver"}

PEOPLE = """
dana Dana Whitfield ADMIN
lee Lee Okafor BOOKKEEPER
sam Sam Castellano ADMIN
maria Maria Ortiz MEMBER
priya Priya Raman MEMBER
tom Tom Becker MEMBER
grace Grace Lindqvist MEMBER
hannah Hannah Cole MEMBER
ivan Ivan Petrov MEMBER
ruth Ruth Adeyemi MEMBER
jonas Jonas Weber MEMBER
aisha Aisha Grant MEMBER
luis Luis Herrera MEMBER
nora Nora Blake MEMBER
ben Ben Whitaker MEMBER
carla Carla Nunez MEMBER
"""
CARDS = """
4417 maria portland Buying
8846 hannah portland Dealers
7718 tom portland Marketing
2093 priya portland Software
9254 sam portland IT
5521 grace portland Portland shop
3370 ivan portland Portland warehouse
6102 ruth portland Vans
1186 jonas denver Denver shop
3842 carla denver Denver dealers
2665 luis denver Denver facilities
4079 aisha denver Events
7931 nora denver Denver marketing
5408 ben denver Denver warehouse
"""
"""Nobody who settles failures in the story, Dana or Lee, holds a card: nobody corrects their own."""

DOUBTFUL = {
    "GL Account": ["6240 - Subscriptions", "Ask accounting"],
    "Project": ["P-1061 - Winter lookbook"],
}
"""The 3 of the 121 values that have no counterpart in Intacct; no transaction carries one."""

LOCATIONS = ["100 - Portland", "200 - Denver", "250 - Boulder"]


def users() -> list[dict[str, Any]]:
    return [_user(*line.split()) for line in PEOPLE.strip().splitlines()]


def cards() -> list[dict[str, Any]]:
    return [_card(*line.split(maxsplit=3)) for line in CARDS.strip().splitlines()]


def budgets() -> list[dict[str, Any]]:
    return [
        {"id": old_id("Budget", key), "uuid": f"bgt_{key}", "name": name, "parentBudgetUuid": None, "retired": False}
        for key, name in BUDGETS.items()
    ]


class Fields:
    """The five custom fields, and codings made from leading codes.

    Values are texts such as "6420 - Travel": 62 accounts, 18 departments, 3 locations and 38 projects.
    """

    def __init__(self) -> None:
        texts = {
            "GL Account": _texts(EXPENSES) + DOUBTFUL["GL Account"],
            "Department": _texts(DEPARTMENTS),
            "Location": LOCATIONS,
            "Project": _texts(PROJECTS) + DOUBTFUL["Project"],
        }
        self.all = [_field(name, "CUSTOM_SELECTOR", values) for name, values in texts.items()]
        self.all.append(_field("Notes", "NOTE", []))

    def coded(self, note: str, **codes: str) -> list[dict[str, Any]]:
        """The `customFields` of a row: `coded("…", account="6420", department="20", location="100", project="")`.

        An empty code leaves its field empty, as it stands on a row that nobody has coded.
        """
        named = zip(("account", "department", "location", "project"), self.all, strict=False)
        entries = [coding(field, _value(field, codes.get(name, ""))) for name, field in named]
        return [*entries, coding(self.all[-1], note=note)]


def _texts(table: str) -> list[str]:
    return [f"{code} - {name}" for code, name in pairs(table)]


def _field(name: str, kind: str, values: list[str]) -> dict[str, Any]:
    key = name.lower().replace(" ", "")
    return {
        "id": old_id("CustomField", key),
        "uuid": f"cfd_{key}",
        "name": name,
        "description": "",
        "type": kind,
        "required": name == "GL Account",
        "global": True,
        "multiSelect": False,
        "allowCustomValues": False,
        "retired": False,
        "selectedBudgetIds": [],
        "requiredBudgetIds": [],
        "minimumAmountForRequirement": None,
        "values": [
            {"id": old_id("TagValue", f"{key}-{number}"), "uuid": f"tvl_{key}_{number:03}", "value": text}
            for number, text in enumerate(values, 1)
        ],
    }


def _value(field: dict[str, Any], code: str) -> dict[str, Any] | None:
    """The value that begins with this code; a code that no value has is a mistake in the tables and fails."""
    if not code:
        return None
    [value] = [value for value in field["values"] if value["value"].partition(" - ")[0] == code]
    return dict(value)


def _user(key: str, first: str, last: str, role: str) -> dict[str, Any]:
    email = f"{key}@harborpine.example"
    name = {"firstName": first, "lastName": last, "email": email, "role": role, "retired": False}
    return {"id": old_id("User", key), "uuid": f"usr_{key}"} | name


def _card(last4: str, user: str, budget: str, name: str) -> dict[str, Any]:
    return {
        "id": old_id("Card", last4),
        "uuid": f"crd_{last4}",
        "name": name,
        "lastFour": last4,
        "status": "ACTIVATED",
        "userId": old_id("User", user),
        "userUuid": f"usr_{user}",
        "budgetId": old_id("Budget", budget),
        "budgetUuid": f"bgt_{budget}",
        "validThru": "2031-08",
    }
