"""Spend Center's simulator, from outside: over HTTP as a client meets it, over the control door as the page does."""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bot.sandbox.control import ControlError, Simulator
from bot.sandbox.spend import COVERAGE, SpendSim, rows
from bot.sandbox.spend.routes import NOT_SIMULATED

NOON = datetime(2026, 11, 4, 12, tzinfo=UTC)
TOKEN = {"apiToken": "the-token"}


def company() -> dict[str, Any]:
    """Two cards in two budgets, two fields, seven transactions of which one is a split with two children."""
    users = [_user(1, "Dana", "Whitfield", "ADMIN"), _user(2, "Maria", "Ortiz", "MEMBER")]
    budgets = [{"id": "b1", "uuid": "bgt_1", "name": "Portland"}, {"id": "b2", "uuid": "bgt_2", "name": "Denver"}]
    cards = [_card(1, "4417", 2, 1), _card(2, "1186", 2, 2)]
    gl, notes = (
        _field("gl", "GL Account", "CUSTOM_SELECTOR", "6420 - Travel", "6210 - Software"),
        _field("memo", "Notes", "NOTE"),
    )
    travel, memo = rows.coding(gl, gl["values"][0]), rows.coding(notes, note="to Denver, for the fair")
    made = [
        _row(
            "txr_air",
            cards[0],
            "612.40",
            "Blue Mesa Air",
            1,
            [travel, memo],
            receipts=[rows.receipt("rct_1", "air.pdf")],
        ),
        _row("txr_inn", cards[0], "184.20", "Lantern Hotels", 2, [travel], isLocked=True),
        _row("txr_split", cards[1], "90.10", "Ridgeline Rental", 3, [], childTransactionUuids=["txr_a", "txr_b"]),
        _row("txr_a", cards[1], "60.05", "Ridgeline Rental", 3, [travel], parentTransactionUuid="txr_split"),
        _row("txr_b", cards[1], "30.05", "Ridgeline Rental", 3, [travel], parentTransactionUuid="txr_split"),
        _row("txr_hold", cards[1], "48.00", "Juniper Fuel", 3, [travel], kind="AUTHORIZATION"),
        _row("txr_no", cards[1], "900.00", "Copperline Printing", 2, [], kind="DECLINE"),
    ]
    oauth = {"client_id": "app", "client_secret": "app-secret"}
    return {
        "company": {"uuid": "cmp_1", "name": "Harbor & Pine Cards"},
        "token": "the-token",
        "oauth": oauth,
        "users": users,
        "cards": cards,
        "budgets": [*budgets, {"id": "b3", "uuid": "bgt_3", "name": "Closed shop", "retired": True}],
        "custom_fields": [gl, notes],
        "transactions": made,
    }


def _user(number: int, first: str, last: str, role: str) -> dict[str, Any]:
    return {"id": f"u{number}", "uuid": f"usr_{number}", "firstName": first, "lastName": last, "role": role}


def _card(number: int, last4: str, user: int, budget: int) -> dict[str, Any]:
    owner = {"userId": f"u{user}", "userUuid": f"usr_{user}", "budgetId": f"b{budget}", "budgetUuid": f"bgt_{budget}"}
    return {
        "id": f"c{number}",
        "uuid": f"crd_{number}",
        "name": f"Card {last4}",
        "lastFour": last4,
        "status": "ACTIVATED",
    } | owner


def _field(key: str, name: str, kind: str, *texts: str) -> dict[str, Any]:
    values = [{"id": f"v-{text[:4]}", "uuid": f"tvl_{text[:4]}", "value": text} for text in texts]
    flags = {
        "required": bool(texts),
        "global": True,
        "multiSelect": False,
        "allowCustomValues": False,
        "retired": False,
    }
    return {"id": f"f-{key}", "uuid": f"cfd_{key}", "name": name, "type": kind, "values": values} | flags


def _row(
    uuid: str, card: dict[str, Any], amount: str, merchant: str, day: int, fields: list[Any], **more: Any
) -> dict[str, Any]:
    moment = datetime(2026, 11, day, 9, 30, tzinfo=UTC)
    return rows.transaction(
        uuid,
        card=card,
        amount=Decimal(amount),
        merchant=merchant,
        occurred=moment,
        updated=moment,
        custom_fields=fields,
        **more,
    )


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[SpendSim]:
    sim = SpendSim(company())
    sim.clock = clock
    await sim.start()
    yield sim
    await sim.stop()


@pytest.fixture
async def api(sim: SpendSim) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{sim.url}/v3/spend", headers=TOKEN) as client:
        yield client


async def listed(api: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await api.get("/transactions", params=params)
    assert answer.status_code == 200, answer.text
    return [row["uuid"] for row in answer.json()["results"]]


async def refused(api: httpx.AsyncClient, **params: Any) -> str:
    answer = await api.get("/transactions", params=params)
    assert answer.status_code == 400
    return str(answer.json()[0]["message"])


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_a_call_without_a_good_token_is_refused_with_an_array(sim: SpendSim) -> None:
    async with httpx.AsyncClient(base_url=sim.url) as client:
        answer = await client.get("/v3/spend/users/current", headers={"apiToken": "wrong"})
        with_bearer = await client.get("/v3/spend/users/current", headers={"Authorization": "Bearer the-token"})

    assert (answer.status_code, with_bearer.status_code) == (401, 401)
    [error] = answer.json()
    assert set(error) == {"timestamp", "code", "severity", "category", "message"}
    assert error["severity"] == "ERROR"


async def test_client_credentials_give_a_bearer_that_expires(sim: SpendSim, clock: Clock) -> None:
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "app-secret"}
    async with httpx.AsyncClient(base_url=sim.url) as client:
        on_the_gateway = await client.post("/authx/token", data=form)
        wrong = await client.post(sim.token_url, data=form | {"client_secret": "no"})
        grant = (await client.post(sim.token_url, data=form)).json()
        bearer = {"Authorization": f"Bearer {grant['access_token']}"}
        fresh = await client.get("/v3/spend/users/current", headers=bearer)
        as_api_token = await client.get("/v3/spend/users/current", headers={"apiToken": grant["access_token"]})
        clock.passes(grant["expires_in"])
        stale = await client.get("/v3/spend/users/current", headers=bearer)

    assert "access_token" not in on_the_gateway.text, "the token host is its own (sheet, section 1)"
    assert httpx.URL(sim.token_url).netloc != httpx.URL(sim.url).netloc
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (fresh.status_code, as_api_token.status_code, stale.status_code) == (200, 401, 401)
    assert fresh.json()["companyName"] == "Harbor & Pine Cards"


# --- the list ---------------------------------------------------------------------------------------------------------


async def test_the_list_shows_parents_only_newest_first_and_amounts_digit_by_digit(api: httpx.AsyncClient) -> None:
    answer = await api.get("/transactions", params={"colour": "green", "pageSize": 1})

    assert [row["uuid"] for row in answer.json()["results"]] == [
        "txr_split",
        "txr_hold",
        "txr_no",
        "txr_inn",
        "txr_air",
    ]
    assert '"amount":184.20,' in answer.text
    assert answer.json()["results"][4]["accountingIntegrationTransactions"] is None


async def test_pages_follow_opaque_cursors_forth_and_back(api: httpx.AsyncClient) -> None:
    first = (await api.get("/transactions", params={"max": 2})).json()
    second = (await api.get("/transactions", params={"max": 2, "nextPage": first["nextPage"]})).json()
    third = (await api.get("/transactions", params={"max": 2, "nextPage": second["nextPage"]})).json()
    back = (await api.get("/transactions", params={"max": 2, "prevPage": second["prevPage"]})).json()

    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert (first["prevPage"], third["nextPage"]) == (None, None)
    assert back["results"] == first["results"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"max": 51}, "max: must be less than or equal to 50"),
        ({"max": 0}, "max: must be greater than or equal to 1"),
        ({"max": "many"}, "max: must be a number"),
        ({"nextPage": "elsewhere"}, "nextPage: not a cursor of this list"),
        ({"sort": "status:asc"}, "sort: status:asc is not supported"),
        ({"filters": "status:eq:COMPLETE"}, "status is not a filterable field"),
        ({"filters": "occurredTime:eq:2026-11-01"}, "operator eq is not supported for occurredTime"),
        ({"filters": "occurredTime:gte:2026-11-01T00:00:00"}, "is malformed"),
        ({"filters": "occurredTime:gte:2026-11-31"}, "2026-11-31 is not a value of occurredTime"),
        ({"filters": "syncStatus:eq:synced"}, "synced is not a value of syncStatus"),
        ({"filters": "userId:in:a,b"}, "the values of userId must be quoted"),
        ({"filters": "complete:eq:yes"}, "yes is not a value of complete"),
        ({"filters": "fees:gte:NaN"}, "NaN is not a value of fees"),
    ],
)
async def test_what_the_list_refuses(api: httpx.AsyncClient, params: dict[str, Any], words: str) -> None:
    assert words in await refused(api, **params)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("occurredTime:gte:2026-11-03", {"txr_split", "txr_hold"}),
        ("occurredTime:lte:2026-11-02", {"txr_air"}),
        ("occurredTime:gte:2026-11-01,occurredTime:lte:2026-11-03", {"txr_air", "txr_inn", "txr_no"}),
        (
            "occurredTime:gte:2026-11-01;occurredTime:lte:2026-11-02",
            {"txr_air", "txr_inn", "txr_no", "txr_split", "txr_hold"},
        ),
        ("cardId:eq:crd_1", {"txr_air", "txr_inn"}),
        ('cardId:in:"c1,crd_2",type:ne:DECLINE', {"txr_air", "txr_inn", "txr_split", "txr_hold"}),
        ("budgetId:eq:b2,complete:eq:true", {"txr_split"}),
        ('transactionIds:in:"txr_air,txr_a"', {"txr_air"}),
        ("customFieldIds:eq:cfd_memo", {"txr_air"}),
        ('merchantName:eq:"Lantern Hotels"', {"txr_inn"}),
        ("syncStatus:eq:NOT_SYNCED,fees:gte:0,updatedTime:lte:2026-11-02", {"txr_air"}),
    ],
)
async def test_what_the_filters_find(api: httpx.AsyncClient, filters: str, found: set[str]) -> None:
    assert set(await listed(api, filters=filters)) == found


async def test_a_repeated_filters_parameter_is_ignored(api: httpx.AsyncClient) -> None:
    answer = await api.get("/transactions?filters=cardId:eq:crd_1&filters=merchantName:eq:Nobody")

    assert [row["uuid"] for row in answer.json()["results"]] == ["txr_inn", "txr_air"]


async def test_sorting_goes_by_the_field_asked_for(api: httpx.AsyncClient) -> None:
    by_amount = await listed(api, sort="amount:asc")
    by_name = await listed(api, sort="merchantName:desc", max=1)

    assert by_amount == ["txr_hold", "txr_split", "txr_inn", "txr_air", "txr_no"]
    assert by_name == ["txr_split"]


async def test_the_native_sync_state_is_filterable_and_stands_only_inside_the_row(
    sim: SpendSim, api: httpx.AsyncClient
) -> None:
    await sim.control("edit_transaction", {"uuid": "txr_inn", "sync": "SYNCED"})

    assert await listed(api, filters='syncStatus:in:"SYNCED,PENDING"') == ["txr_inn"]
    assert "txr_inn" not in await listed(api, filters='syncStatus:nin:"SYNCED,PENDING"')
    row = (await api.get("/transactions/txr_inn")).json()
    assert row["accountingIntegrationTransactions"][0]["syncStatus"] == "synced"
    assert "syncStatus" not in row


async def test_a_child_is_read_by_either_id_and_a_stranger_is_a_404(api: httpx.AsyncClient) -> None:
    child = (await api.get("/transactions/txr_a")).json()
    same = (await api.get(f"/transactions/{child['id']}")).json()
    stranger = await api.get("/transactions/txr_unknown")

    assert child == same
    assert child["parentTransactionUuid"] == "txr_split"
    assert (stranger.status_code, stranger.json()[0]["message"]) == (404, "There is no transaction txr_unknown")


# --- coding -----------------------------------------------------------------------------------------------------------


async def test_coding_is_set_cleared_and_completes_the_row(api: httpx.AsyncClient) -> None:
    set_to = {
        "customFields": [
            {"customFieldId": "cfd_gl", "selectedValues": ["tvl_6210"]},
            {"customFieldId": "f-memo", "note": "hi"},
        ]
    }
    before = (await api.get("/transactions/txr_air")).json()

    coded = (await api.put("/transactions/txr_air/custom-fields", json=set_to)).json()
    values = (await api.get("/transactions/txr_air/custom-fields/cfd_gl/values")).json()["results"]
    emptied = {"customFields": [{"customFieldId": "cfd_gl", "selectedValues": []}]}
    cleared = (await api.put("/transactions/txr_air/custom-fields", json=emptied)).json()

    assert [entry["note"] for entry in coded["customFields"] if entry["uuid"] == "cfd_memo"] == ["hi"]
    assert [value["value"] for value in values] == ["6210 - Software"]
    assert before["updatedTime"] < coded["updatedTime"] < cleared["updatedTime"]
    assert (coded["complete"], cleared["complete"]) == (True, False)


@pytest.mark.parametrize(
    ("uuid", "entry", "words"),
    [
        ("txr_inn", {"customFieldId": "cfd_gl", "selectedValues": ["tvl_6210"]}, "Transaction is locked"),
        ("txr_air", {"customFieldId": "cfd_x", "selectedValues": []}, "cfd_x does not exist"),
        ("txr_air", {"customFieldId": "cfd_gl", "selectedValues": ["tvl_9"]}, "tvl_9 is not a value of GL Account"),
        (
            "txr_air",
            {"customFieldId": "cfd_gl", "selectedValues": ["tvl_6210", "tvl_6420"]},
            "GL Account takes one value",
        ),
        ("txr_air", {"customFieldId": "cfd_gl", "note": "text"}, "GL Account is not a NOTE field"),
        ("txr_air", {"customFieldId": "cfd_memo", "selectedValues": ["tvl_6210"]}, "Notes is a NOTE field"),
    ],
)
async def test_a_coding_that_cannot_be_changes_nothing(
    api: httpx.AsyncClient, uuid: str, entry: dict[str, Any], words: str
) -> None:
    before = (await api.get(f"/transactions/{uuid}")).json()
    good = {"customFieldId": "cfd_memo", "note": "never written"}

    answer = await api.put(f"/transactions/{uuid}/custom-fields", json={"customFields": [good, entry]})

    assert answer.status_code == 400
    assert words in answer.json()[0]["message"]
    assert (await api.get(f"/transactions/{uuid}")).json() == before


async def test_an_unlocked_transaction_can_be_coded_again(sim: SpendSim, api: httpx.AsyncClient) -> None:
    wanted = {"customFields": [{"customFieldId": "cfd_gl", "selectedValues": ["tvl_6210"]}]}
    with pytest.raises(ControlError, match="locked"):
        await sim.control("set_coding", {"uuid": "txr_inn", "field": "GL Account", "value": "6210 - Software"})

    await sim.control("unlock", {"uuid": "txr_inn"})

    assert (await api.put("/transactions/txr_inn/custom-fields", json=wanted)).status_code == 200


async def test_fields_come_without_their_values_which_have_pages_of_their_own(api: httpx.AsyncClient) -> None:
    fields = (await api.get("/custom-fields", params={"max": 100})).json()["results"]
    page = (await api.get("/custom-fields/cfd_gl/values", params={"max": 1})).json()
    rest = (await api.get("/custom-fields/cfd_gl/values", params={"max": 1, "nextPage": page["nextPage"]})).json()
    too_many = await api.get("/custom-fields/cfd_gl/values", params={"max": 101})

    assert [field["name"] for field in fields if "values" not in field] == ["GL Account", "Notes"]
    assert [value["value"] for value in page["results"] + rest["results"]] == ["6420 - Travel", "6210 - Software"]
    assert too_many.status_code == 400


async def test_users_cards_and_budgets(api: httpx.AsyncClient) -> None:
    users = (await api.get("/users")).json()["results"]
    cards = (await api.get("/cards")).json()["results"]
    budgets = (await api.get("/budgets")).json()["results"]
    retired = (await api.get("/budgets/bgt_3")).json()

    assert [user["uuid"] for user in users] == ["usr_1", "usr_2"]
    assert [card["lastFour"] for card in cards] == ["4417", "1186"]
    assert ([budget["name"] for budget in budgets], retired["name"]) == (["Portland", "Denver"], "Closed shop")
    assert (await api.get("/members")).status_code == 404


# --- receipts ---------------------------------------------------------------------------------------------------------


async def test_a_receipt_is_a_real_file_at_an_address_that_needs_no_token(
    sim: SpendSim, api: httpx.AsyncClient
) -> None:
    for name in ("r.png", "r.jpg"):
        await sim.control("add_receipt", {"uuid": "txr_air", "filename": name})
    receipts = (await api.get("/transactions/txr_air")).json()["receipts"]
    async with httpx.AsyncClient() as anyone:
        pdf, png, jpeg = [await anyone.get(receipt["url"]) for receipt in receipts]
        gone = await anyone.get(receipts[0]["url"].replace("rct_1", "rct_0"))

    assert (pdf.headers["content-type"], pdf.content[:5], pdf.content[-6:]) == ("application/pdf", b"%PDF-", b"%%EOF\n")
    assert (png.headers["content-type"], struct.unpack(">II", png.content[16:24])) == ("image/png", (96, 160))
    assert (jpeg.headers["content-type"], jpeg.content[:3], jpeg.content[-2:]) == (
        "image/jpeg",
        b"\xff\xd8\xff",
        b"\xff\xd9",
    )
    assert gone.status_code == 404


async def test_a_picture_is_uploaded_and_attached_once(api: httpx.AsyncClient) -> None:
    url = (await api.post("/transactions/receipt-upload-url")).json()["url"]
    async with httpx.AsyncClient() as anyone:
        text = await anyone.put(url, content=b"not a picture")
        picture = await anyone.put(url, content=b"\xff\xd8\xff and so on")
        again = await anyone.put(url, content=b"\xff\xd8\xff and so on")
        attached = await api.post("/transactions/txr_inn/receipts", json={"url": url})
        twice = await api.post("/transactions/txr_inn/receipts", json={"url": url})
        read = await anyone.get(attached.json()["url"])

    assert [text.status_code, picture.status_code, again.status_code] == [415, 200, 403]
    assert (attached.status_code, twice.status_code) == (200, 400)
    assert read.content == b"\xff\xd8\xff and so on"


# --- limits and faults ------------------------------------------------------------------------------------------------


async def test_the_sixty_first_call_of_a_minute_waits(sim: SpendSim, api: httpx.AsyncClient, clock: Clock) -> None:
    assert {(await api.get("/users/current")).status_code for _ in range(60)} == {200}
    assert sim.state()["calls_last_minute"] == 60
    clock.passes(20.5)
    over = await api.get("/users/current")
    sim.retry_after = False
    bare = await api.get("/users/current")
    clock.passes(39.5)
    after = await api.get("/users/current")

    assert (over.status_code, over.json()[0]["code"], over.headers["Retry-After"]) == (429, "BDC_1144", "40")
    assert (bare.status_code, "Retry-After" in bare.headers) == (429, False)
    assert after.status_code == 200


async def test_four_calls_at_once_are_one_too_many(sim: SpendSim, api: httpx.AsyncClient) -> None:
    await sim.control("fault", {"kind": "slow", "count": 4, "seconds": 0.2})
    answers = await asyncio.gather(*(api.get("/users/current") for _ in range(4)))

    assert [answer.status_code for answer in answers].count(429) >= 1
    assert {answer.json()[0]["code"] for answer in answers if answer.status_code == 429} == {"BDC_1322"}
    assert (await api.get("/users/current")).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("error_500", 500), ("rate_limit", 429), ("unauthorized", 401)])
async def test_a_fault_hits_the_calls_it_is_meant_for_and_then_passes(
    sim: SpendSim,
    api: httpx.AsyncClient,
    kind: str,
    status: int,
) -> None:
    await sim.control("fault", {"kind": kind, "count": 2, "after": 1})

    answers = [await api.get("/cards") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert isinstance(answers[1].json(), list)


async def test_a_dropped_line_and_a_garbled_answer_pass_as_well(sim: SpendSim, api: httpx.AsyncClient) -> None:
    await sim.control("fault", {"kind": "down"})
    with pytest.raises(httpx.TransportError):
        await api.get("/cards")

    await sim.control("fault", {"kind": "garbage"})
    garbled = await api.get("/cards")

    assert garbled.text.startswith("<!DOCTYPE html>")
    assert (await api.get("/cards")).status_code == 200


async def test_cleared_faults_hit_nobody(sim: SpendSim, api: httpx.AsyncClient) -> None:
    await sim.control("fault", {"kind": "error_500", "count": 9})
    assert sim.state()["faults"] == [{"kind": "error_500", "count": 9, "after": 0}]

    await sim.control("clear_faults", {})

    assert (await api.get("/cards")).status_code == 200


async def test_a_repeated_token_comes_after_the_last_row_until_the_fault_is_over(
    sim: SpendSim, api: httpx.AsyncClient
) -> None:
    await sim.control("fault", {"kind": "repeat_token", "count": 2})

    last = (await api.get("/transactions")).json()
    again = (await api.get("/transactions", params={"nextPage": last["nextPage"]})).json()
    over = (await api.get("/transactions", params={"nextPage": again["nextPage"]})).json()

    assert (again["results"], again["nextPage"]) == ([], last["nextPage"])
    assert over["nextPage"] is None


async def test_a_stopped_far_end_refuses_and_comes_back_at_the_same_address_with_its_state(sim: SpendSim) -> None:
    await sim.control("set_complete", {"uuid": "txr_air", "complete": False})
    url = sim.url
    await sim.stop()
    async with httpx.AsyncClient(headers=TOKEN) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/v3/spend/cards")
        assert await sim.start() == url
        row = (await client.get(f"{url}/v3/spend/transactions/txr_air")).json()

    assert row["complete"] is False


# --- the control door -------------------------------------------------------------------------------------------------


async def test_a_purchase_added_on_the_page_is_in_the_list_and_in_the_totals(
    sim: SpendSim, api: httpx.AsyncClient
) -> None:
    told: list[str] = []
    sim.on_change = told.append
    fields = {"GL Account": "6420 - Travel", "Notes": "late train"}
    args = {"card": "4417", "amount": "2640", "merchant": "Tidewater Rail", "date": "2026-11-03", "fields": fields}

    added = (await sim.control("add_transaction", args))["transaction"]

    row = (await api.get(f"/transactions/{added['uuid']}")).json()
    assert (row["transactionType"], row["complete"], row["occurredTime"][:10]) == ("CLEAR", True, "2026-11-03")
    assert added["coding"] == fields
    totals = sim.state()["totals"]
    assert (totals["count"], totals["amount"]) == (4, "3526.70")
    assert [(b["name"], b["amount"]) for b in totals["budgets"]] == [
        ("Portland", "3436.60"),
        ("Denver", "90.10"),
        ("Closed shop", "0.00"),
    ]
    assert told == ["spend"]


async def test_a_split_and_a_foreign_purchase_can_be_added(sim: SpendSim, api: httpx.AsyncClient) -> None:
    lines = [{"amount": "10.10", "fields": {"GL Account": "6420 - Travel"}}, {"amount": "9.90"}]
    split = (await sim.control("add_transaction", {"card": "crd_1", "amount": "20", "merchant": "A", "lines": lines}))[
        "transaction"
    ]
    abroad = {"code": "EUR", "amount": "100.00", "rate": "1.0841"}
    euro = {"card": "crd_1", "amount": 108.41, "merchant": "B", "currency": abroad, "isLocked": True, "fees": 1.5}
    foreign = (await sim.control("add_transaction", euro))["transaction"]

    assert [child["amount"] for child in split["children"]] == ["10.10", "9.90"]
    answer = await api.get(f"/transactions/{foreign['uuid']}")
    assert '"exchangeRate":1.0841,' in answer.text
    assert answer.json()["currencyData"]["originalCurrencyAmount"] == "10000"
    assert (foreign["locked"], answer.json()["fees"]) == (True, 1.5)


@pytest.mark.parametrize("variant", ["same_uuid", "new_uuid"])
async def test_an_authorisation_clears_in_both_ways_and_only_once(
    sim: SpendSim, api: httpx.AsyncClient, variant: str
) -> None:
    args = {"uuid": "txr_hold", "variant": variant, "amount": "57.60"}

    clear = (await sim.control("clear_authorization", args))["transaction"]

    before = (await api.get("/transactions/txr_hold")).json()
    assert (clear["kind"], clear["status"], clear["amount"], clear["postable"]) == ("CLEAR", "COMPLETE", "57.60", True)
    if variant == "same_uuid":
        assert clear["uuid"] == "txr_hold"
    else:
        assert (clear["authorization"], before["matchedClearTransactionUuid"]) == ("txr_hold", clear["uuid"])
        assert (before["transactionType"], before["amount"]) == ("AUTHORIZATION", 48.0)
    with pytest.raises(ControlError, match="not an authorisation"):
        await sim.control("clear_authorization", args)


async def test_a_refund_is_a_negative_clear_coded_like_its_purchase(sim: SpendSim, api: httpx.AsyncClient) -> None:
    back = (await sim.control("refund", {"uuid": "txr_air", "amount": "100"}))["transaction"]
    row = (await api.get(f"/transactions/{back['uuid']}")).json()

    assert (row["transactionType"], row["amount"], row["isCredit"]) == ("CLEAR", -100.0, True)
    assert back["coding"]["GL Account"] == "6420 - Travel"
    with pytest.raises(ControlError, match="at most its amount"):
        await sim.control("refund", {"uuid": "txr_air", "amount": "612.41"})


async def test_declines_are_never_postable(sim: SpendSim) -> None:
    held = (await sim.control("decline", {"uuid": "txr_hold"}))["transaction"]
    tried = (await sim.control("decline", {"card": "1186", "amount": "5", "merchant": "Night Kiosk"}))["transaction"]

    assert [(one["kind"], one["status"], one["postable"]) for one in (held, tried)] == [
        ("DECLINE", "DECLINED", False)
    ] * 2


async def test_an_edit_moves_the_update_time_so_that_it_is_read_again(sim: SpendSim, api: httpx.AsyncClient) -> None:
    change = {"uuid": "txr_air", "amount": "600.00", "merchant": "Blue Mesa Airways", "date": "2026-11-02"}

    await sim.control("edit_transaction", change)

    assert await listed(api, filters="updatedTime:gte:2026-11-04") == ["txr_air"]
    row = (await api.get("/transactions/txr_air")).json()
    assert (row["amount"], row["merchantName"], row["occurredTime"][:10]) == (600.0, "Blue Mesa Airways", "2026-11-02")


async def test_coding_a_child_moves_its_parent(sim: SpendSim, api: httpx.AsyncClient) -> None:
    await sim.control("set_coding", {"uuid": "txr_a", "field": "GL Account", "value": "6210 - Software"})

    assert await listed(api, filters="updatedTime:gte:2026-11-04") == ["txr_split"]


@pytest.mark.parametrize(
    ("verb", "args", "words"),
    [
        ("dance", {}, "knows no 'dance'"),
        ("lock", {}, "missing a required argument: 'uuid'"),
        ("lock", {"uuid": "txr_zero"}, "no transaction 'txr_zero'"),
        ("add_transaction", {"card": "0000", "amount": "1", "merchant": "x"}, "no card '0000'"),
        ("add_transaction", {"card": "4417", "amount": "lots", "merchant": "x"}, "'lots' is not an amount"),
        ("add_transaction", {"card": "4417", "amount": "1", "merchant": "x", "colour": "red"}, "no field 'colour'"),
        ("add_transaction", {"card": "4417", "amount": "1", "merchant": "x", "date": "soon"}, "not a day"),
        ("set_coding", {"uuid": "txr_air", "field": "GL Account", "value": "6421 - Trips"}, "no value '6421 - Trips'"),
        ("edit_transaction", {"uuid": "txr_air", "uid": "x"}, "What can be edited"),
        ("fault", {"kind": "flood"}, "no fault 'flood'"),
        ("fault", {"kind": "down", "count": "often"}, "cannot read its arguments"),
        (
            "add_transaction",
            {"card": "4417", "amount": "1", "merchant": "x", "currency": {"code": "EUR"}},
            "cannot read",
        ),
        ("edit_transaction", {"uuid": "txr_air", "amount": "1", "sync": "LATER"}, "sync is one of"),
        ("clear_authorization", {"uuid": "txr_hold", "amount": "some"}, "'some' is not an amount"),
    ],
)
async def test_what_the_door_refuses_changes_nothing(
    sim: SpendSim, verb: str, args: dict[str, Any], words: str
) -> None:
    before = sim.state()

    with pytest.raises(ControlError, match=words):
        await sim.control(verb, args)

    assert sim.state() == before


async def test_reset_brings_the_start_back(sim: SpendSim) -> None:
    before = sim.state()
    await sim.control("add_transaction", {"card": "4417", "amount": "1.00", "merchant": "x"})
    await sim.control("set_coding", {"uuid": "txr_air", "field": "Notes", "value": "changed"})
    await sim.control("fault", {"kind": "down", "count": 3})
    assert sim.state() != before

    await sim.control("reset", {})

    assert sim.state() == before


async def test_the_state_is_paged_and_searched(sim: SpendSim) -> None:
    second = sim.state(limit="1", offset="1")
    portland = sim.state(budget="Portland")
    found = sim.state(find="lantern")

    assert ([row["uuid"] for row in second["transactions"]], second["found"]) == (["txr_hold"], 5)
    assert {row["uuid"] for row in portland["transactions"]} == {"txr_air", "txr_inn"}
    assert [row["uuid"] for row in found["transactions"]] == ["txr_inn"]


# --- honesty ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, coverage in COVERAGE.items() if coverage == NOT_SIMULATED])
async def test_what_is_not_simulated_says_so_by_name(sim: SpendSim, name: str) -> None:
    method, path = name.split(" ")
    async with httpx.AsyncClient(headers=TOKEN) as client:
        answer = await client.request(
            method, sim.url.removesuffix("/connect") + path.format_map(defaultdict(lambda: "x1"))
        )

    assert (answer.status_code, answer.json()[0]["message"]) == (501, f"The sandbox does not simulate {name}.")


async def test_every_route_that_is_called_simulated_has_its_handler(sim: SpendSim) -> None:
    outside_the_api = {"POST /authx/token", "PUT /upload/{key}", "GET /files/{key}/{filename}"}
    simulated = {name for name, coverage in COVERAGE.items() if coverage != NOT_SIMULATED}

    assert simulated - outside_the_api == set(sim._api.handlers)


async def test_an_unknown_path_and_an_unknown_method_name_themselves(api: httpx.AsyncClient) -> None:
    path = await api.get("/teapots")
    method = await api.delete("/cards")

    assert (path.status_code, method.status_code) == (404, 405)
    assert "GET /connect/v3/spend/teapots" in path.json()[0]["message"]
    assert "DELETE /connect/v3/spend/cards" in method.json()[0]["message"]


def test_the_simulator_has_the_shape_that_the_page_expects() -> None:
    sim: Simulator = SpendSim(company())

    assert set(sim.VERBS) >= {"add_transaction", "fault", "clear_faults", "reset"}
