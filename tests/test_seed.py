"""The story's numbers, proved from the raw rows by a small accountant; nothing here reads the tables' names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from bot.sandbox.intacct import IntacctSim
from bot.sandbox.seed import Story, connected, story
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD, WEB_SERVICES_PASSWORD
from bot.sandbox.seed_fixes import Fix, fixes
from bot.sandbox.spend import SpendSim

Row = dict[str, Any]

THE_FOURTH = date(2026, 11, 4)
ZONES = {"bgt_portland": ZoneInfo("America/Los_Angeles"), "bgt_denver": ZoneInfo("America/Denver")}
ENTITY = {"bgt_portland": "100", "bgt_denver": "200"}
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2060, 12, 31))


class Accountant:
    """Judges each row of a story as Intacct would, by the company's own lists."""

    def __init__(self, told: Story) -> None:
        self.told = told
        self.rows = {row["uuid"]: row for row in told.spend["transactions"]}
        self.postable = [row for row in self.rows.values() if self.is_due(row)]
        objects = told.company["objects"]
        self.accounts = {row["ACCOUNTNO"]: row for row in objects["GLACCOUNT"]}
        self.known = {
            field: {row[key]: row["STATUS"] for row in objects[name]}
            for field, name, key in (
                ("Department", "DEPARTMENT", "DEPARTMENTID"),
                ("Location", "LOCATION", "LOCATIONID"),
                ("Project", "PROJECT", "PROJECTID"),
            )
        }

    @staticmethod
    def is_due(row: Row) -> bool:
        return bool(
            row["transactionType"] == "CLEAR"
            and row["status"] == "COMPLETE"
            and row["complete"]
            and row["amount"] != 0
            and row["parentTransactionUuid"] is None,
        )

    def day(self, row: Row) -> date:
        return datetime.fromisoformat(row["occurredTime"]).astimezone(ZONES[row["budgetUuid"]]).date()

    def children(self, row: Row) -> list[Row]:
        return [self.rows[child] for child in row["childTransactionUuids"]]

    def verdict(self, row: Row) -> str:
        """Why a row would not post; empty when it would. A row with two reasons is a mistake in the story."""
        reasons = {reason for line in self.children(row) or [row] for reason in self._faults_of_line(line)}
        closed = self.told.company["closed_through"]
        if any(
            self.day(row) <= date.fromisoformat(closed[ledger][ENTITY[row["budgetUuid"]]]) for ledger in ("GL", "CM")
        ):
            reasons.add("closed period")
        if row["amount"] < 0:
            reasons.add("refund")
        assert len(reasons) <= 1, (row["merchantName"], reasons)
        return reasons.pop() if reasons else ""

    def _faults_of_line(self, line: Row) -> Iterable[str]:
        coded = coding(line)
        account = self.accounts[coded["GL Account"]]
        if account["STATUS"] != "active":
            yield f"account {account['ACCOUNTNO']}"
        if account["REQUIREDEPT"] == "true" and "Department" not in coded:
            yield "department"
        required = {key for key, value in account.items() if key.startswith("REQUIRE") and value == "true"}
        assert required <= {"REQUIREDEPT"}
        for field, values in self.known.items():
            if field in coded and values[coded[field]] != "active":
                yield f"{field.lower()} {coded[field]}"

    def by_verdict(self, budget: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.postable:
            if row["budgetUuid"] == budget:
                found.setdefault(self.verdict(row), []).append(row)
        return found


def coding(row: Row) -> dict[str, str]:
    return {
        entry["name"]: value["value"].partition(" - ")[0]
        for entry in row["customFields"]
        for value in entry["selectedValues"]
    }


def tally(rows: Iterable[Row]) -> tuple[int, str]:
    rows = list(rows)
    return len(rows), f"{sum(row['amount'] for row in rows):.2f}"


def main_rows(rows: Iterable[Row], *merchants: str) -> set[tuple[str, str]]:
    return {(row["merchantName"], str(row["amount"])) for row in rows if row["merchantName"] in merchants}


@cache
def accountant(today: date = THE_FOURTH, seed: int = 0) -> Accountant:
    return Accountant(story(today, seed))


# --- the whole --------------------------------------------------------------------------------------------------------

PORTLAND = {
    "": (80, "29942.82"),
    "department": (37, "8214.60"),
    "account 6215": (6, "2388.00"),
    "refund": (1, "-640.00"),
}
DENVER = {
    "": (67, "18026.20"),
    "closed period": (4, "1936.45"),
    "project P-1042": (3, "1127.80"),
    "location 250": (2, "486.30"),
}


@settings(max_examples=60)
@given(today=DAYS, seed=st.integers(0, 3))
@example(today=date(2026, 11, 1), seed=0)
@example(today=date(2026, 11, 2), seed=0)
@example(today=date(2026, 11, 3), seed=0)
@example(today=date(2027, 1, 1), seed=1)
@example(today=date(2028, 2, 29), seed=0)
@example(today=date(2028, 3, 1), seed=0)
@example(today=date(2028, 3, 3), seed=0)
@example(today=date(2027, 3, 31), seed=0)
@example(today=date(2026, 12, 31), seed=2)
def test_the_numbers_hold_whatever_the_day(today: date, seed: int) -> None:
    judge = Accountant(story(today, seed))

    assert tally(judge.postable) == (200, "61482.17")
    assert {why: tally(rows) for why, rows in judge.by_verdict("bgt_portland").items()} == PORTLAND
    assert {why: tally(rows) for why, rows in judge.by_verdict("bgt_denver").items()} == DENVER

    days = [judge.day(row) for row in judge.postable]
    calendar = judge.told.calendar
    assert (min(days), max(days)) == (calendar.first, today - timedelta(days=1))
    assert calendar.first.day == 1
    assert today - calendar.first <= timedelta(days=63)
    moments = [
        datetime.fromisoformat(row[key]) for row in judge.rows.values() for key in ("occurredTime", "updatedTime")
    ]
    assert max(moments) <= datetime(today.year, today.month, today.day, tzinfo=UTC)


def test_the_totals_of_the_tables_follow_from_their_rows() -> None:
    waits = [row for row in accountant().postable if accountant().verdict(row)]
    posts = [row for row in accountant().postable if not accountant().verdict(row)]
    portland = [row for row in accountant().postable if row["budgetUuid"] == "bgt_portland"]
    denver = [row for row in accountant().postable if row["budgetUuid"] == "bgt_denver"]

    assert (tally(portland), tally(denver)) == ((124, "39905.42"), (76, "21576.75"))
    assert (tally(waits), tally(posts)) == ((53, "13513.15"), (147, "47969.02"))
    first_press = accountant().by_verdict("bgt_portland")
    assert tally(first_press[""] + first_press["department"])[1] == "38157.42"


@pytest.mark.parametrize("today", [THE_FOURTH, date(2026, 11, 1), date(2028, 3, 15)])
def test_the_kinds_of_rows(today: date) -> None:
    postable = accountant(today).postable

    counts = {
        "cards": len({row["cardUuid"] for row in postable}),
        "splits": sum(row["isParent"] for row in postable),
        "refunds": sum(row["amount"] < 0 for row in postable),
        "foreign": sum(row["currencyData"]["originalCurrencyCode"] != "USD" for row in postable),
        "without receipt": sum(not row["receipts"] for row in postable),
        "locked": sum(row["isLocked"] for row in postable),
        "cleared after an authorisation": sum(bool(row["originalAuthTransactionUuid"]) for row in postable),
    }

    assert counts == {
        "cards": 14,
        "splits": 9,
        "refunds": 1,
        "foreign": 3,
        "without receipt": 11,
        "locked": 2,
        "cleared after an authorisation": 4,
    }


def test_rows_without_a_receipt_do_not_require_one() -> None:
    assert not any(row["receiptRequired"] for row in accountant().postable if not row["receipts"])


def test_round_amounts_are_rare() -> None:
    whole = [row for row in accountant().postable if row["amount"] == int(row["amount"])]

    assert len(whole) <= 8


def test_the_children_of_each_split_add_up_and_stay_in_its_entity() -> None:
    judge = accountant()
    splits = [row for row in judge.postable if row["isParent"]]

    for row in splits:
        children = [judge.rows[uuid] for uuid in row["childTransactionUuids"]]
        assert len(children) == 2
        assert sum(child["amount"] for child in children) == row["amount"]
        assert {child["parentTransactionUuid"] for child in children} == {row["uuid"]}
        assert {coding(child)["Location"] for child in children} == {ENTITY[row["budgetUuid"]]}
        assert coding(children[0]) != coding(children[1])


def test_foreign_rows_carry_what_was_charged_and_no_fee() -> None:
    foreign = [row for row in accountant().postable if row["currencyData"]["originalCurrencyCode"] != "USD"]

    for row in foreign:
        data = row["currencyData"]
        charged = Decimal(data["originalCurrencyAmount"]).scaleb(-data["exponent"])
        assert round(charged * data["exchangeRate"], 2) == row["amount"]
        assert row["fees"] == row["foreignExchangeFee"] == 0
    assert {row["currencyData"]["originalCurrencyCode"] for row in foreign} == {"EUR", "GBP", "CAD"}


def test_what_is_never_posted_stays_small_and_apart() -> None:
    judge = accountant()
    noise = [row for row in judge.rows.values() if not judge.is_due(row) and not row["parentTransactionUuid"]]

    kinds = Counter(row["transactionType"] for row in noise)
    waiting = [r for r in noise if r["transactionType"] == "AUTHORIZATION" and not r["matchedClearTransactionUuid"]]

    assert kinds == {"AUTHORIZATION": 7, "DECLINE": 2, "CLEAR": 1}
    assert len(waiting) == 3
    assert [row["amount"] for row in noise if row["transactionType"] == "CLEAR"] == [0]
    for row in judge.postable:
        if hold := row["originalAuthTransactionUuid"]:
            assert judge.rows[hold]["matchedClearTransactionUuid"] == row["uuid"]
            assert judge.rows[hold]["amount"] == row["amount"]


def test_identities_are_unique_within_a_story_and_differ_between_days() -> None:
    rows = story(THE_FOURTH).spend["transactions"]
    next_day = {row["uuid"] for row in story(THE_FOURTH + timedelta(days=1)).spend["transactions"]}

    assert len({row["uuid"] for row in rows}) == len({row["id"] for row in rows}) == len(rows)
    assert not next_day & {row["uuid"] for row in rows}
    assert story(THE_FOURTH) == story(THE_FOURTH)


# --- the six failures -------------------------------------------------------------------------------------------------


def test_the_main_rows_of_the_six_failures() -> None:
    portland, denver = accountant().by_verdict("bgt_portland"), accountant().by_verdict("bgt_denver")
    travel = main_rows(portland["department"], "Blue Mesa Air", "Lantern Hotels", "Tidewater Rail")

    assert {("Blue Mesa Air", "612.40"), ("Lantern Hotels", "488.10"), ("Tidewater Rail", "96.00")} <= travel
    assert ("Quillcast", "1188.00") in main_rows(portland["account 6215"], "Quillcast")
    assert main_rows(portland["account 6215"], "Northlight Backup") == {("Northlight Backup", "540.00")}
    assert main_rows(portland["refund"], "Summit Trade Fair") == {("Summit Trade Fair", "-640.00")}
    closed = main_rows(denver["closed period"], "Cedar Ridge Lodge", "Ridgeline Rental")
    assert closed == {("Cedar Ridge Lodge", "1104.20"), ("Ridgeline Rental", "506.75")}
    assert main_rows(denver["project P-1042"], "Copperline Printing") == {("Copperline Printing", "799.00")}
    assert main_rows(denver["location 250"], "Hearth & Harvest") == {("Hearth & Harvest", "301.15")}


def test_the_largest_travel_row_is_marias_and_two_of_the_37_are_locked() -> None:
    judge = accountant()
    travel = sorted(judge.by_verdict("bgt_portland")["department"], key=lambda row: row["amount"], reverse=True)
    people = {user["uuid"]: f"{user['firstName']} {user['lastName']}" for user in judge.told.spend["users"]}

    assert [str(row["amount"]) for row in travel[:2]] == ["612.40", "488.10"]
    assert people[travel[0]["userUuid"]] == "Maria Ortiz"
    assert sum(row["isLocked"] for row in travel) == 2
    assert {coding(row)["GL Account"] for row in travel} == {"6420"}


@pytest.mark.parametrize("today", [THE_FOURTH, date(2027, 3, 9), date(2028, 3, 3), date(2027, 1, 2)])
def test_when_the_failures_happened(today: date) -> None:
    judge = accountant(today)
    portland, denver = judge.by_verdict("bgt_portland"), judge.by_verdict("bgt_denver")
    calendar = judge.told.calendar
    last, before = calendar.closed, calendar.closed - timedelta(days=1)

    travel = {judge.day(row) for row in portland["department"]}
    assert (min(travel), max(travel)) == (calendar.first, last)
    assert Counter(judge.day(row) for row in denver["closed period"]) == {before: 2, last: 2}
    assert all(row["updatedTime"][:10] > last.isoformat() for row in denver["closed period"])
    others = [row for why, rows in denver.items() if why != "closed period" for row in rows]
    assert all(judge.day(row) > last for row in others)
    [refund] = portland["refund"]
    [booth] = [row for row in judge.postable if row["amount"] == 1280]
    assert judge.day(booth) < judge.day(refund) <= last


def test_on_the_first_two_days_of_a_month_the_close_before_is_still_played() -> None:
    assert [story(date(2026, 11, day)).calendar.closed for day in (1, 2, 3)] == [
        date(2026, 9, 30),
        date(2026, 9, 30),
        date(2026, 10, 31),
    ]


def test_one_portland_row_falls_shortly_before_midnight_of_the_months_last_day() -> None:
    judge = accountant()
    moments = [
        datetime.fromisoformat(row["occurredTime"]) for row in judge.postable if row["budgetUuid"] == "bgt_portland"
    ]
    late = [moment for moment in moments if f"{moment.astimezone(ZONES['bgt_portland']):%H:%M}" == "23:40"]

    assert [f"{moment.astimezone(ZONES['bgt_portland']):%d %b}" for moment in late] == ["31 Oct"]
    assert [moment.date() for moment in late] == [date(2026, 11, 1)]


def test_those_who_settle_failures_hold_no_card() -> None:
    holders = {card["userUuid"] for card in accountant().told.spend["cards"]}

    assert not holders & {"usr_dana", "usr_lee"}
    assert len(accountant().told.spend["cards"]) == 14


# --- Spend Center's values and Intacct's lists ------------------------------------------------------------------------


def test_118_of_121_values_are_found_in_intacct_and_the_other_three_are_used_nowhere() -> None:
    told = accountant().told
    objects = told.company["objects"]
    lists = {
        "GL Account": {row["ACCOUNTNO"] for row in objects["GLACCOUNT"]},
        "Department": {row["DEPARTMENTID"] for row in objects["DEPARTMENT"]},
        "Location": {row["LOCATIONID"] for row in objects["LOCATION"]},
        "Project": {row["PROJECTID"] for row in objects["PROJECT"]},
    }
    values = [(field["name"], value) for field in told.spend["custom_fields"] for value in field["values"]]

    doubtful = {value["uuid"] for name, value in values if value["value"].partition(" - ")[0] not in lists[name]}

    assert (len(values), len(values) - len(doubtful)) == (121, 118)
    used = {
        v["uuid"]
        for row in told.spend["transactions"]
        for entry in row["customFields"]
        for v in entry["selectedValues"]
    }
    assert not used & doubtful
    assert [field["type"] for field in told.spend["custom_fields"] if not field["values"]] == ["NOTE"]


def test_the_values_that_the_story_names_are_there() -> None:
    texts = {value["value"] for field in accountant().told.spend["custom_fields"] for value in field["values"]}

    assert {
        *("6420 - Travel", "6215 - Software (old)", "6210 - Software", "20 - Sales"),
        *("100 - Portland", "200 - Denver", "250 - Boulder", "P-1042 - Fall catalog"),
    } <= texts


def test_the_company_before_the_set_up_has_nothing_that_the_newcomer_makes() -> None:
    company = accountant().told.company
    titles = {row["TITLE"] for row in company["objects"]["GLACCOUNT"]}

    assert company["authorized"] == company["roles"] == company["pending_authorizations"] == {}
    assert not any(user["WEBSERVICES"] for user in company["users"])
    assert company["objects"]["CREDITCARD"] == []
    assert "Spend Center GL Account" not in titles
    assert {row["LOCATIONID"]: row["NAME"] for row in company["objects"]["LOCATIONENTITY"]} == {
        "100": "Portland",
        "200": "Denver",
    }


def test_only_denvers_cash_management_is_closed_beyond_the_months_before() -> None:
    before = dict.fromkeys(("", "100", "200"), "2026-09-30")

    assert accountant().told.company["closed_through"] == {"GL": before, "CM": before | {"200": "2026-10-31"}}


def test_accounts_have_numbers_of_the_right_length_and_only_6420_requires_a_department() -> None:
    accounts = accountant().told.company["objects"]["GLACCOUNT"]

    assert all(re.fullmatch(r"\d{4}", row["ACCOUNTNO"]) for row in accounts)
    assert len({row["ACCOUNTNO"] for row in accounts}) == len(accounts) == 82
    assert [row["ACCOUNTNO"] for row in accounts if row["REQUIREDEPT"] == "true"] == ["6420"]
    assert [row["ACCOUNTNO"] for row in accounts if row["STATUS"] != "active"] == ["6215"]


def test_the_connected_company_is_ready_and_the_one_before_is_left_alone() -> None:
    company = story(THE_FOURTH).company
    ready = connected(company)

    assert company == story(THE_FOURTH).company
    cards = {(row["CARDID"], row["MEGAENTITYID"], row["LIABACCTKEY"]) for row in ready["objects"]["CREDITCARD"]}
    assert cards == {("Spend Center CC Object", "100", "2150"), ("Spend Center CC 200", "200", "2151")}
    numbers = [row["RECORDNO"] for name, rows in ready["objects"].items() if name != "LOCATIONENTITY" for row in rows]
    assert len(set(numbers)) == len(numbers)
    assert max(map(int, numbers)) < ready["next_recordno"]


def test_no_record_number_is_an_id_and_an_entity_has_one_number_in_both_of_its_lists() -> None:
    objects = connected(story(THE_FOURTH).company)["objects"]
    shown = {
        row[field]
        for rows in objects.values()
        for row in rows
        for field in row
        if field.endswith(("ID", "NO")) and field != "RECORDNO"
    }

    assert {row["RECORDNO"] for rows in objects.values() for row in rows}.isdisjoint(shown)
    entities = {row["LOCATIONID"]: row["RECORDNO"] for row in objects["LOCATIONENTITY"]}
    places = {row["LOCATIONID"]: row["RECORDNO"] for row in objects["LOCATION"]}
    assert places.items() >= entities.items()


# --- the simulators ---------------------------------------------------------------------------------------------------


async def test_spend_center_shows_the_storys_totals() -> None:
    sim = SpendSim(story(THE_FOURTH).spend)

    totals = sim.state()["totals"]

    assert (totals["count"], totals["amount"]) == (200, "61482.17")
    assert [(b["name"], b["count"], b["amount"]) for b in totals["budgets"]] == [
        ("Portland", 124, "39905.42"),
        ("Denver", 76, "21576.75"),
    ]


async def test_intacct_takes_and_refuses_the_same_rows_as_the_accountant() -> None:
    judge = accountant()
    sim = IntacctSim(connected(judge.told.company), clock=lambda: datetime(2026, 11, 4, 12, tzinfo=UTC))
    await sim.start()
    try:
        taken = await _posted(sim, judge)
    finally:
        await sim.stop()

    expected = {row["uuid"] for row in judge.postable if judge.verdict(row) in {"", "refund"}}
    assert taken == expected


async def _posted(sim: IntacctSim, judge: Accountant) -> set[str]:
    """Sends every row to the gateway, as plain XML; says which it took. Negative totals are, so the refund is too."""
    taken = set()
    async with httpx.AsyncClient() as client:
        for budget, card in (("bgt_portland", "Spend Center CC Object"), ("bgt_denver", "Spend Center CC 200")):
            due = [row for row in judge.postable if row["budgetUuid"] == budget]
            for start in range(0, len(due), 50):
                calls = "".join(_function(judge, row, card) for row in due[start : start + 50])
                body = ENVELOPE.format(entity=ENTITY[budget], calls=calls)
                answer = await client.post(sim.url, content=body, headers={"Content-Type": "application/xml"})
                for result in etree.fromstring(answer.content).iter("result"):
                    if result.findtext("status") == "success":
                        taken.add(str(result.findtext("controlid")))
    return taken


def _function(judge: Accountant, row: Row, card: str) -> str:
    lines = [coding(line) | {"amount": line["amount"]} for line in judge.children(row) or [row]]
    items = "".join(
        f"<ccpayitem><glaccountno>{line['GL Account']}</glaccountno><paymentamount>{line['amount']}</paymentamount>"
        f"<departmentid>{line.get('Department', '')}</departmentid><locationid>{line['Location']}</locationid>"
        f"<projectid>{line.get('Project', '')}</projectid></ccpayitem>"
        for line in lines
    )
    day = judge.day(row)
    return (
        f'<function controlid="{row["uuid"]}"><record_cctransaction><chargecardid>{card}</chargecardid>'
        f"<paymentdate><year>{day.year}</year><month>{day.month}</month><day>{day.day}</day></paymentdate>"
        f"<payee>{escape(row['merchantName'])}</payee><ccpayitems>{items}</ccpayitems>"
        "</record_cctransaction></function>"
    )


ENVELOPE = f"""<?xml version="1.0" encoding="UTF-8"?>
<request>
  <control>
    <senderid>{SENDER_ID}</senderid><password>{SENDER_PASSWORD}</password><controlid>story</controlid>
    <uniqueid>false</uniqueid><dtdversion>3.0</dtdversion>
  </control>
  <operation>
    <authentication>
      <login>
        <userid>Spendcenter</userid><companyid>HarborPine</companyid><password>{WEB_SERVICES_PASSWORD}</password>
        <locationid>{{entity}}</locationid>
      </login>
    </authentication>
    <content>{{calls}}</content>
  </operation>
</request>"""


async def test_the_fixes_put_right_everything_that_needs_no_answer() -> None:
    told = story(THE_FOURTH)
    remedies = fixes(told)
    assert [(fix.cause, len(fix.uuids), f"{fix.total:.2f}") for fix in remedies] == [
        ("department", 37, "8214.60"),
        ("account", 6, "2388.00"),
        ("refund", 1, "-640.00"),
        ("period", 4, "1936.45"),
        ("project", 3, "1127.80"),
        ("location", 2, "486.30"),
    ]
    spend, intacct = SpendSim(told.spend), IntacctSim(connected(told.company))

    await _apply(remedies, spend, intacct)

    after = Story(
        told.today, told.calendar, _as_dict(told.company, intacct), {"transactions": spend.books.transactions}
    )
    left = {why: tally(rows) for budget in ENTITY for why, rows in Accountant(after).by_verdict(budget).items()}
    assert {why for why in left if why} == {"refund"}


async def _apply(remedies: list[Fix], spend: SpendSim, intacct: IntacctSim) -> None:
    doors = {"spend": spend.control, "intacct": intacct.control}
    for fix in remedies:
        for act in fix.acts:
            await doors[act.simulator](act.verb, act.args)


def _as_dict(company: Row, sim: IntacctSim) -> Row:
    """The company with the simulator's accounts and closings, which the remedies change."""
    now = sim.gateway.company
    accounts = [dict(row) for row in now.rows("GLACCOUNT")]
    closed = {ledger: {e: d.isoformat() for e, d in days.items() if d} for ledger, days in now.closed.items()}
    return company | {"objects": company["objects"] | {"GLACCOUNT": accounts}, "closed_through": closed}
