"""The API client against a small BILL of its own, over real HTTP. Time is a number that the tests move."""

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.models import Receipt, Secret, SpendCard, TransactionKind
from bot.sandbox.spend import SpendSim
from bot.sandbox.spend.rows import transaction
from bot.spend.client import CHILD_AGE, SpendClient
from bot.spend.errors import (
    ReceiptRefused,
    SourceAuth,
    SourceBusy,
    SourceError,
    SourceLocked,
    SourceMissing,
    SourceRefused,
    SourceUnavailable,
)
from bot.spend.pacing import Pacer
from bot.spend.source import Page, Source
from tests.patience import PATIENCE

TOKEN = "tok-3f9a-secret"


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def charge(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"VHJhbnM6{number}",
        "uuid": f"txr_{number}",
        "transactionType": "CLEAR",
        "status": "COMPLETE",
        "amount": 184.20,
        "occurredTime": "2026-10-11T15:04:22.000+00:00",
        "updatedTime": "2026-10-13T06:10:05.000+00:00",
        "merchantName": "Northgate Office Supply",
        "userUuid": "usr_5h1",
        "cardUuid": "crd_7t2",
        "complete": True,
        "isLocked": False,
        "customFields": [],
        "reviewers": [],
        "accountingIntegrationTransactions": None,
    } | changes


class Bill:
    """Lists, single rows, users, cards and fields; `answers` holds scripted answers that come first, by path.

    No single row is answered before `together` calls were under way at once.
    """

    def __init__(self, time: Time) -> None:
        self.time = time
        self.url = self.token_url = ""
        self.transactions: list[dict[str, Any]] = []
        self.single: dict[str, Any] = {}
        self.users: list[dict[str, Any]] = [
            {"uuid": "usr_5h1", "id": "u1", "firstName": "Maria", "lastName": "Ortiz", "email": "maria@harbor.example"}
        ]
        self.cards: list[dict[str, Any]] = [
            {"uuid": "crd_7t2", "name": "Travel", "lastFour": "4417", "status": "ACTIVATED", "userUuid": "usr_5h1"}
        ]
        self.fields: list[dict[str, Any]] = []
        self.values: dict[str, list[dict[str, Any]]] = {}
        self.answers: dict[str, deque[web.Response | Callable[[web.Request], web.StreamResponse]]] = {}
        self.calls: list[tuple[float, web.Request, Any]] = []
        self.running = self.most_at_once = 0
        self.together = 0

    def script(self, path: str, *answers: web.Response | Callable[[web.Request], web.StreamResponse]) -> None:
        self.answers.setdefault(path, deque()).extend(answers)

    def paths(self) -> list[str]:
        return [request.path.removeprefix("/connect/v3/spend") for _, request, _ in self.calls]

    def queries(self, path: str) -> list[dict[str, str]]:
        return [dict(request.query) for _, request, _ in self.calls if request.path.endswith(path)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        self.calls.append((self.time.now, request, text))
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await asyncio.sleep(0.001)
        while self.most_at_once < self.together and request.path.endswith(tuple(self.single)):  # noqa: ASYNC110  # it is a server
            await asyncio.sleep(0.001)
        self.running -= 1
        path = request.path.removeprefix("/connect")
        if self.answers.get(path):
            answer = self.answers[path].popleft()
            return answer if isinstance(answer, web.Response) else answer(request)
        if request.path == "/authx/token" and f":{request.url.port}/" in self.token_url:
            return web.json_response({"access_token": f"at-{len(self.calls)}", "expires_in": 3600})
        return self.route(request, path.removeprefix("/v3/spend"))

    def route(self, request: web.Request, path: str) -> web.Response:
        lists = {"/transactions": self.transactions, "/users": self.users, "/cards": self.cards}
        lists |= {"/custom-fields": self.fields}
        lists |= {f"/custom-fields/{uuid}/values": values for uuid, values in self.values.items()}
        if path == "/users/current":
            return web.json_response({"uuid": "usr_1", "company": {"uuid": "cmp_1", "name": "Harbor & Pine Cards"}})
        if path in lists:
            size, start = int(request.query["max"]), int(request.query.get("nextPage", "0"))
            rows = lists[path]
            cursor = str(start + size) if start + size < len(rows) else None
            return web.json_response({"results": rows[start : start + size], "nextPage": cursor})
        row = self.single.get(path.removeprefix("/transactions/"))
        if row is None:
            return problem(404, "Transaction not found", "BDC_1171")
        return web.json_response(row)


def problem(status: int, message: str, code: str = "BDC_1109", **headers: str) -> web.Response:
    body = [{"timestamp": "t", "code": code, "severity": "ERROR", "category": "REQUEST", "message": message}]
    return web.json_response(
        body, status=status, headers={key.replace("_", "-"): text for key, text in headers.items()}
    )


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def bill(time: Time) -> AsyncIterator[Bill]:
    server = Bill(time)
    async with listening(server) as api, listening(server) as tokens:
        server.url, server.token_url = f"{api}/connect", f"{tokens}/authx/token"
        yield server


@asynccontextmanager
async def listening(server: Bill) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def client(bill: Bill, time: Time) -> AsyncIterator[SpendClient]:
    source = connect(bill, time)
    yield source
    await source.aclose()


def connect(bill: Bill, time: Time, **changes: Any) -> SpendClient:
    options: dict[str, Any] = {"token": Secret(TOKEN), "clock": time.clock, "sleep": time.sleep}
    options |= {"token_url": bill.token_url} | changes
    return SpendClient(bill.url, **options)


async def collect(source: Source, since: date | None = None, **bounds: date) -> list[Page]:
    return [page async for page in source.transactions(since, **bounds)]


@pytest.fixture
async def harbor(time: Time) -> AsyncIterator[SpendSim]:
    """The sandbox's Spend Center: three rows that BILL's own sync has or will have; a budget only on a card (2), one that
    is retired and on transactions still (3)."""
    cards = [
        {"id": f"c{number}", "uuid": f"crd_{number}", "name": "Card", "lastFour": "4417", "status": "ACTIVATED"}
        | {"userId": "u1", "userUuid": "usr_1", "budgetId": f"b{number}", "budgetUuid": f"bgt_{number}"}
        for number in (1, 2, 3)
    ]
    rows = []
    for number, state in enumerate(("SYNCED", "PENDING", "synced", "error", "")):
        entry = [{"id": "1", "syncStatus": state, "integrationType": "intacct"}] if state else None
        day = datetime(2026, 10, 20 + number, 10, tzinfo=UTC)
        card = cards[2 if number == 4 else 0]
        rows.append(
            transaction(f"txr_{number}", card=card, amount=Decimal(9), merchant="Diner", occurred=day, updated=day)
            | {"accountingIntegrationTransactions": entry}
        )
    budgets = [
        {"id": "b1", "uuid": "bgt_1", "name": "Portland"},
        {"id": "b2", "uuid": "bgt_2", "name": "Denver"},
        {"id": "b3", "uuid": "bgt_3", "name": "Closed shop", "retired": True},
    ]
    user = {"id": "u1", "uuid": "usr_1", "firstName": "Maria", "lastName": "Ortiz", "role": "ADMIN"}
    company = {"uuid": "cmp_1", "name": "Harbor & Pine Cards"}
    sim = SpendSim(
        {"company": company, "token": TOKEN, "users": [user], "cards": cards, "budgets": budgets, "transactions": rows}
    )
    await sim.start()
    yield sim
    await sim.stop()


def at(sim: SpendSim, time: Time) -> SpendClient:
    return SpendClient(sim.url, token=Secret(TOKEN), clock=time.clock, sleep=time.sleep)


# --- reading ----------------------------------------------------------------------------------------------------------


async def test_a_pass_reads_every_page_with_names_joined_and_costs_a_call_a_page_and_two(
    bill: Bill, client: SpendClient
) -> None:
    bill.transactions = [charge(number) for number in range(120)]
    pages = await collect(client)
    assert [len(page.transactions) for page in pages] == [50, 50, 20]
    first = pages[0].transactions[0]
    assert (first.cardholder, first.email, first.card_name, first.last4) == (
        "Maria Ortiz",
        "maria@harbor.example",
        "Travel",
        "4417",
    )
    assert first.amount.amount == Decimal("184.2")
    assert len(bill.calls) == 120 // 50 + 1 + 2
    assert not any(page.cut or page.problems for page in pages)


async def test_filters_travel_in_one_parameter_as_days_and_the_last_day_is_not_lost(
    bill: Bill, client: SpendClient
) -> None:
    await collect(client, date(2026, 10, 3), on_or_after=date(2026, 10, 1), on_or_before=date(2026, 10, 31))
    assert bill.queries("/transactions") == [
        {
            "max": "50",
            "sort": "occurredTime:asc",
            "filters": "updatedTime:gte:2026-10-03,occurredTime:gte:2026-09-30,occurredTime:lte:2026-11-02",
        }
    ]


async def test_asking_when_nothing_is_new_costs_one_call(bill: Bill, client: SpendClient) -> None:
    assert [page.transactions for page in await collect(client, date(2026, 10, 3))] == [()]
    assert bill.paths() == ["/transactions"]


async def test_rows_that_the_filter_should_have_kept_out_are_dropped(bill: Bill, client: SpendClient) -> None:
    bill.transactions = [
        charge(1, updatedTime="2026-10-02T23:59:59.000+00:00"),
        charge(2, updatedTime="2026-10-03T00:00:00.000+00:00"),
        charge(3, occurredTime="2026-11-02T00:00:00.000+00:00", updatedTime="2026-11-02T00:00:00.000+00:00"),
        charge(4, occurredTime="2026-11-01T23:59:00.000+00:00", updatedTime="2026-11-02T00:00:00.000+00:00"),
    ]
    pages = await collect(client, date(2026, 10, 3), on_or_before=date(2026, 10, 31))
    assert [row.uuid for page in pages for row in page.transactions] == ["txr_2", "txr_4"]


async def test_a_row_on_two_pages_counts_once(bill: Bill, client: SpendClient) -> None:
    bill.transactions = [charge(number) for number in range(50)] + [charge(49), charge(50)]
    pages = await collect(client)
    assert [len(page.transactions) for page in pages] == [50, 1]


async def test_a_cursor_that_comes_again_after_a_full_page_ends_the_list_and_says_so(
    bill: Bill, client: SpendClient
) -> None:
    path = "/v3/spend/transactions"
    for start in (0, 50):
        rows = [charge(start + number) for number in range(50)]
        bill.script(path, web.json_response({"results": rows, "nextPage": "same"}))
    pages = await collect(client)
    assert [len(page.transactions) for page in pages] == [50, 50]
    assert [page.cut for page in pages] == [False, True]
    assert pages[1].problems[0].uuid == ""


async def test_a_cursor_that_comes_again_after_a_short_page_is_the_end_of_the_list(
    bill: Bill, client: SpendClient
) -> None:
    rows = [charge(number) for number in range(51)]
    bill.script(
        "/v3/spend/transactions",
        web.json_response({"results": rows[:50], "nextPage": "same"}),
        web.json_response({"results": rows[50:], "nextPage": "same"}),
    )
    pages = await collect(client)
    assert [(len(page.transactions), page.cut) for page in pages] == [(50, False), (1, False)]


async def test_a_list_that_brings_nothing_new_for_ever_is_left(bill: Bill, client: SpendClient) -> None:
    bill.script(
        "/v3/spend/transactions",
        *(web.json_response({"results": [charge(1)], "nextPage": f"c{turn}"}) for turn in range(10)),
    )
    pages = await collect(client)
    assert [len(page.transactions) for page in pages] == [1, 0, 0, 0]
    assert pages[-1].cut


async def test_a_split_is_expanded_by_one_call_a_child_three_at_once(bill: Bill, client: SpendClient) -> None:
    children = [f"txr_c{number}" for number in range(7)]
    bill.transactions = [charge(1, amount=70, childTransactionUuids=children)]
    for child in children:
        bill.single[child] = charge(0, uuid=child, amount=10, parentTransactionUuid="txr_1")
    bill.together = 3
    async with asyncio.timeout(PATIENCE):
        (page,) = await collect(client)
    assert [(line.uuid, line.amount) for line in page.transactions[0].lines] == [
        (child, Decimal(10)) for child in children
    ]
    assert bill.most_at_once == 3


async def test_a_pass_after_a_pass_reads_children_again_only_when_they_can_have_changed(
    bill: Bill, client: SpendClient, time: Time
) -> None:
    def lines(pages: list[Page]) -> list[str]:
        return [line.note for page in pages for row in page.transactions for line in row.lines]

    def note(text: str) -> None:
        memo = [{"uuid": "cfd_memo", "name": "Notes", "note": text}]
        bill.single["txr_a"] = charge(0, uuid="txr_a", amount=10, customFields=memo)

    bill.transactions = [charge(1, amount=10, childTransactionUuids=["txr_a"])]
    bill.single["txr_1"] = bill.transactions[0]
    note("first")
    assert lines(await collect(client)) == ["first"]
    note("second")
    assert lines(await collect(client)) == ["first"]
    assert bill.paths().count("/transactions/txr_a") == 1
    asked = await client.transaction("txr_1")
    assert asked is not None
    assert asked.lines[0].note == "second"
    note("third")
    bill.transactions[0]["updatedTime"] = "2026-10-14T00:00:00.000+00:00"
    assert lines(await collect(client)) == ["third"]
    note("fourth")
    time.now += CHILD_AGE
    assert lines(await collect(client)) == ["fourth"]
    note("fifth")
    bill.script("/v3/spend/transactions/txr_a/custom-fields", web.Response(status=200))
    await client.set_coding("txr_a", "cfd_memo", [], "fifth")
    assert lines(await collect(client)) == ["fifth"]


async def test_a_child_that_is_gone_leaves_lines_that_do_not_add_up(bill: Bill, client: SpendClient) -> None:
    bill.transactions = [charge(1, amount=30, childTransactionUuids=["txr_a", "txr_b"])]
    bill.single["txr_a"] = charge(0, uuid="txr_a", amount=10, parentTransactionUuid="txr_1")
    (page,) = await collect(client)
    assert [line.uuid for line in page.transactions[0].lines] == ["txr_a"]
    bill.single["txr_b"] = charge(0, uuid="txr_b", amount=20, parentTransactionUuid="txr_1")
    bill.single["txr_1"] = bill.transactions[0]
    whole = await client.transaction("txr_1")
    assert whole is not None
    assert sum(line.amount for line in whole.lines) == whole.amount.amount


async def test_a_split_authorisation_costs_no_calls(bill: Bill, client: SpendClient) -> None:
    bill.transactions = [charge(1, transactionType="AUTHORIZATION", childTransactionUuids=["txr_a", "txr_b"])]
    (page,) = await collect(client)
    assert page.transactions[0].kind is TransactionKind.AUTHORIZATION
    assert len(bill.calls) == 3


async def test_a_bad_row_is_told_and_its_neighbours_come_through(bill: Bill, client: SpendClient) -> None:
    bill.transactions = [charge(1), charge(2, amount="lots"), charge(3, uuid=None), charge(4)]
    (page,) = await collect(client)
    assert [row.uuid for row in page.transactions] == ["txr_1", "txr_4"]
    assert [bad.uuid for bad in page.problems] == ["txr_2", ""]
    assert "lots" in page.problems[0].sentence
    bill.transactions[1] = charge(2)
    (page,) = await collect(client)
    assert [row.uuid for row in page.transactions] == ["txr_1", "txr_2", "txr_4"]


async def test_one_transaction_is_read_by_its_id_or_is_none(bill: Bill, client: SpendClient) -> None:
    bill.single["txr_9"] = charge(9, complete=False)
    held = await client.transaction("txr_9")
    assert held is not None
    assert not held.complete
    assert await client.transaction("txr_404") is None


async def test_an_answer_about_another_transaction_is_no_answer(bill: Bill, client: SpendClient) -> None:
    bill.single["txr_9"] = charge(8)
    with pytest.raises(SourceUnavailable):
        await client.transaction("txr_9")


async def test_ids_stay_one_segment_of_the_address(bill: Bill, client: SpendClient) -> None:
    assert await client.transaction("../users/current?x=#") is None
    assert bill.calls[-1][1].raw_path == "/connect/v3/spend/transactions/..%2Fusers%2Fcurrent%3Fx%3D%23"


async def test_a_new_cardholder_is_looked_up_once_the_list_of_people_is_a_minute_old(
    bill: Bill, client: SpendClient, time: Time
) -> None:
    bill.transactions = [charge(1)]
    await collect(client)
    bill.users.append({"uuid": "usr_new", "firstName": "Lee", "lastName": "Okafor", "email": "lee@harbor.example"})
    bill.transactions = [charge(2, userUuid="usr_new")]
    (page,) = await collect(client)
    assert page.transactions[0].email == ""
    time.now += 61
    (page,) = await collect(client)
    assert (page.transactions[0].cardholder, page.transactions[0].email) == ("Lee Okafor", "lee@harbor.example")


async def test_who_cards_and_fields(bill: Bill, client: SpendClient) -> None:
    bill.fields = [
        {"uuid": "cfd_gl", "name": "GL Account", "type": "CUSTOM_SELECTOR", "required": True},
        {"uuid": "cfd_memo", "name": "Notes", "type": "NOTE", "required": False},
        {"uuid": "cfd_old", "name": "Old", "type": "CUSTOM_SELECTOR", "retired": True},
    ]
    bill.values["cfd_gl"] = [{"uuid": f"tvl_{number}", "value": f"{6000 + number} - Account"} for number in range(150)]
    assert (await client.whoami()).name == "Harbor & Pine Cards"
    assert await client.cards() == (SpendCard("crd_7t2", "Travel", "4417", "Maria Ortiz"),)
    account, memo = await client.fields()
    assert (account.name, account.required, len(account.values)) == ("GL Account", True, 150)
    assert account.values[149] == ("tvl_149", "6149 - Account")
    assert (memo.kind, memo.values) == ("NOTE", ())


async def test_rows_of_bills_own_sync_are_counted_by_what_they_carry(bill: Bill, client: SpendClient) -> None:
    def synced(number: int, day: str, state: str) -> dict[str, Any]:
        entry = {"id": "1", "syncStatus": state, "integrationType": "intacct"}
        return charge(number, occurredTime=f"{day}T10:00:00.000+00:00", accountingIntegrationTransactions=[entry])

    bill.transactions = [
        synced(1, "2026-10-20", "synced"),
        synced(2, "2026-10-22", "PENDING"),
        synced(3, "2026-10-25", "error"),
        charge(4),
        synced(5, "2026-09-30", "synced"),
    ]
    assert await client.natively_synced(date(2026, 10, 1)) == (2, date(2026, 10, 22))
    assert bill.queries("/transactions")[0]["filters"] == 'syncStatus:in:"SYNCED,PENDING",occurredTime:gte:2026-09-30'
    bill.transactions = [charge(4)]
    assert await client.natively_synced(date(2026, 10, 1)) == (0, None)


async def test_sync_states_are_asked_one_by_one_where_several_at_once_are_refused_and_that_is_remembered(
    harbor: SpendSim, time: Time
) -> None:
    """Sheet, section 3: a live company took `eq` only."""
    source = at(harbor, time)
    as_documented = await source.natively_synced(date(2026, 10, 1))
    harbor.behave(several_sync_states=False)
    assert await source.natively_synced(date(2026, 10, 1)) == as_documented == (3, date(2026, 10, 22))
    before = harbor.state()["calls_last_minute"]
    assert await source.natively_synced(date(2026, 10, 1)) == as_documented
    assert harbor.state()["calls_last_minute"] - before == 2
    await source.aclose()


async def test_budgets_met_on_cards_and_transactions_are_offered_beside_the_list(harbor: SpendSim, time: Time) -> None:
    """Sheet, section 2: the list can come back empty for active budgets."""
    source = at(harbor, time)
    everything = [("bgt_1", "Portland"), ("bgt_2", "Denver"), ("bgt_3", "Closed shop")]
    assert list(await source.budgets()) == everything
    harbor.behave(budgets_listed=False)
    assert sorted(await source.budgets()) == everything
    await source.aclose()


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_the_api_token_travels_in_its_own_header(bill: Bill, client: SpendClient) -> None:
    await client.whoami()
    headers = bill.calls[0][1].headers
    assert headers["apiToken"] == TOKEN
    assert "Authorization" not in headers


async def test_client_credentials_fetch_a_token_once_and_again_before_it_ends(bill: Bill, time: Time) -> None:
    source = connect(bill, time, token=None, client_id="app", client_secret=Secret("s3cret"))
    await asyncio.gather(source.whoami(), source.whoami())
    assert bill.paths() == ["/authx/token", "/users/current", "/users/current"]
    assert str(bill.calls[0][1].url) == bill.token_url, "the token host is not the gateway (BILL's OpenAPI)"
    assert bill.calls[0][2] == "grant_type=client_credentials&client_id=app&client_secret=s3cret"
    assert bill.calls[1][1].headers["Authorization"] == "Bearer at-1"
    time.now += 3600 - 59
    await source.whoami()
    assert bill.calls[-1][1].headers["Authorization"] == "Bearer at-4"
    await source.aclose()


async def test_a_token_that_ends_early_is_replaced_once_and_then_the_refusal_stands(bill: Bill, time: Time) -> None:
    source = connect(bill, time, token=None, client_id="app", client_secret=Secret("s3cret"))
    await source.whoami()
    bill.script("/v3/spend/users/current", problem(401, "expired"))
    assert (await source.whoami()).uuid == "cmp_1"
    assert bill.paths()[-3:] == ["/users/current", "/authx/token", "/users/current"]
    bill.script("/v3/spend/users/current", problem(401, "no"), problem(401, "no"))
    with pytest.raises(SourceAuth):
        await source.whoami()
    await source.aclose()


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_wrong_client_credentials_are_a_refused_sign_in(bill: Bill, time: Time, status: int) -> None:
    source = connect(bill, time, token=None, client_id="app", client_secret=Secret("s3cret"))
    bill.script("/authx/token", web.json_response({"error": "invalid_client s3cret"}, status=status))
    with pytest.raises(SourceAuth) as refused:
        await source.whoami()
    assert "s3cret" not in str(refused.value)
    assert (await source.whoami()).uuid == "cmp_1"
    await source.aclose()


@pytest.mark.parametrize("status", [302, 404, 405])
async def test_an_address_that_gives_out_no_tokens_is_named_as_a_setting_and_refuses_no_sign_in(
    bill: Bill, time: Time, status: int
) -> None:
    source = connect(bill, time, token=None, client_id="app", client_secret=Secret("s3cret"))
    bill.script("/authx/token", web.Response(status=status, text="<html>nothing here</html>"))
    with pytest.raises(SourceRefused, match="SPEND_CENTER_TOKEN_URL needs a look") as refused:
        await source.whoami()
    assert not isinstance(refused.value, SourceAuth)
    assert (await source.whoami()).uuid == "cmp_1"
    await source.aclose()


async def test_without_a_token_host_no_secret_leaves(bill: Bill, time: Time) -> None:
    source = connect(bill, time, token=None, client_id="app", client_secret=Secret("s3cret"), token_url="")
    with pytest.raises(SourceRefused, match="Set SPEND_CENTER_TOKEN_URL"):
        await source.whoami()
    assert bill.calls == []
    await source.aclose()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_not_tried_twice_and_works_again_once_let_in(
    bill: Bill, client: SpendClient, status: int
) -> None:
    bill.script("/v3/spend/users/current", problem(status, f"token {TOKEN} revoked"))
    with pytest.raises(SourceAuth) as refused:
        await client.whoami()
    assert len(bill.calls) == 1
    assert refused.value.category == "source.auth"
    assert TOKEN not in str(refused.value)
    assert (await client.whoami()).uuid == "cmp_1"


@pytest.mark.parametrize("token", ["", "   ", "two words", "line\nbreak", "naïve"])
async def test_a_token_that_cannot_be_one_is_refused_before_any_call(bill: Bill, time: Time, token: str) -> None:
    if not token:
        with pytest.raises(ValueError, match="token"):
            connect(bill, time, token=Secret(token))
        return
    source = connect(bill, time, token=Secret(token))
    with pytest.raises(SourceAuth):
        await source.whoami()
    assert bill.calls == []
    await source.aclose()


# --- pace and trouble -------------------------------------------------------------------------------------------------


async def test_never_more_than_sixty_calls_in_a_minute_for_one_token(bill: Bill, time: Time) -> None:
    one, two = connect(bill, time), connect(bill, time)
    bill.single["txr_1"] = charge(1)
    for _ in range(70):
        await one.whoami()
        await two.whoami()
    moments = [moment for moment, _, _ in bill.calls]
    assert len(moments) == 140
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[60:], strict=False))
    assert time.now - 1000 < 125
    await one.aclose()
    await two.aclose()


async def test_another_token_has_an_allowance_of_its_own(bill: Bill, time: Time) -> None:
    one, two = connect(bill, time), connect(bill, time, token=Secret("other"))
    for _ in range(60):
        await one.whoami()
        await two.whoami()
    assert time.slept == []
    await one.aclose()
    await two.aclose()


async def test_a_cancelled_caller_gives_its_turn_back(time: Time) -> None:
    pacer = Pacer(1, clock=time.clock, sleep=asyncio.sleep)
    async with pacer.turn():
        pass
    waiting = asyncio.create_task(_take(pacer))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    time.now += 62
    await asyncio.wait_for(_take(pacer), PATIENCE)


async def test_what_can_wait_leaves_half_of_the_minute_to_what_people_wait_for(time: Time) -> None:
    pacer = Pacer(10, clock=time.clock, sleep=time.sleep)
    for _ in range(5):
        assert pacer.spare() == 0
        await _take(pacer)
    assert pacer.spare() >= 60
    for _ in range(5):
        await _take(pacer)
    assert time.slept == []
    time.now += pacer.spare()
    assert pacer.spare() == 0


async def _take(pacer: Pacer) -> None:
    async with pacer.turn():
        pass


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({}, 60.0),
        ({"Retry_After": "Sun, 01 Nov 2026 10:00:30 GMT", "Date": "Sun, 01 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry_After": "soon"}, 60.0),
        ({"Retry_After": "0"}, 1.0),
    ],
)
async def test_told_to_wait_it_waits_and_goes_on(
    bill: Bill, client: SpendClient, time: Time, headers: dict[str, str], wait: float
) -> None:
    bill.script("/v3/spend/users/current", problem(429, "slow down", "BDC_1144", **headers))
    assert (await client.whoami()).uuid == "cmp_1"
    assert time.slept == [wait]


async def test_told_to_wait_again_and_again_it_gives_up_with_the_time_to_come_back(
    bill: Bill, client: SpendClient, time: Time
) -> None:
    bill.script("/v3/spend/users/current", *(problem(429, "slow down", Retry_After="5") for _ in range(4)))
    with pytest.raises(SourceBusy) as busy:
        await client.whoami()
    assert (busy.value.category, busy.value.retry_after, time.slept) == ("source.rate_limit", 5.0, [5.0, 5.0, 5.0])
    assert (await client.whoami()).uuid == "cmp_1"


async def test_told_to_wait_for_an_hour_it_says_so_at_once(bill: Bill, client: SpendClient, time: Time) -> None:
    bill.script("/v3/spend/users/current", problem(429, "later", Retry_After="3600"))
    with pytest.raises(SourceBusy):
        await client.whoami()
    assert time.slept == []


def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: problem(500, "boom"),
        lambda: problem(503, "busy"),
        lambda: web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html"),
        lambda: web.Response(text="<html>Maintenance</html>", content_type="text/html"),
        lambda: web.Response(text='{"results": [', content_type="application/json"),
        lambda: web.Response(text="[" * 100_000, content_type="application/json"),
        lambda: drop,
    ],
    ids=["500", "503", "502 page", "200 page", "truncated", "nested", "dropped line"],
)
async def test_a_read_survives_trouble_three_times_and_not_a_fourth(
    bill: Bill, client: SpendClient, time: Time, trouble: Callable[[], Any]
) -> None:
    path = "/v3/spend/users/current"
    bill.script(path, *(trouble() for _ in range(3)))
    assert (await client.whoami()).uuid == "cmp_1"
    assert time.slept == [1.0, 2.0, 4.0]
    bill.script(path, *(trouble() for _ in range(4)))
    with pytest.raises(SourceUnavailable) as gone:
        await client.whoami()
    assert gone.value.category == "source.unavailable"
    assert "<" not in str(gone.value)
    assert (await client.whoami()).uuid == "cmp_1"


async def test_a_far_end_that_is_down_is_unavailable(time: Time) -> None:
    source = SpendClient("http://127.0.0.1:9/connect", token=Secret(TOKEN), clock=time.clock, sleep=time.sleep)
    with pytest.raises(SourceUnavailable):
        await source.whoami()
    await source.aclose()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('[{"code":"BDC_1109","message":"max: must be less than or equal to 50"}]', "less than or equal to 50"),
        ('{"message":"no such filter"}', "no such filter"),
        ("plain words", "plain words"),
        ("<html>no</html>", "HTTP 400"),
        ("[]", "HTTP 400"),
        ("[[1]]", "HTTP 400"),
        ('"quoted"', "quoted"),
        ('{"message":{"deep":1}}', "HTTP 400"),
        ("", "HTTP 400"),
    ],
)
async def test_a_refusal_tells_what_the_far_end_said_in_whichever_shape(
    bill: Bill, client: SpendClient, body: str, words: str
) -> None:
    bill.script("/v3/spend/users/current", web.Response(status=400, text=body))
    with pytest.raises(SourceRefused) as refused:
        await client.whoami()
    assert words in str(refused.value)
    assert len(bill.calls) == 1


async def test_what_the_far_end_said_is_capped_and_on_one_line(bill: Bill, client: SpendClient) -> None:
    bill.script("/v3/spend/users/current", problem(400, "a\x00b\n" * 5000))
    with pytest.raises(SourceRefused) as refused:
        await client.whoami()
    assert len(str(refused.value)) < 400
    assert str(refused.value).isprintable()


async def test_a_redirect_is_not_followed_with_the_token(bill: Bill, client: SpendClient) -> None:
    elsewhere = {"Location": f"{bill.url}/elsewhere"}
    bill.script("/v3/spend/users/current", web.Response(status=302, headers=elsewhere))
    with pytest.raises(SourceRefused, match="settings"):
        await client.whoami()
    assert len(bill.calls) == 1


async def test_a_sign_in_withdrawn_in_the_middle_of_a_pass_ends_it_after_what_was_read(
    bill: Bill, client: SpendClient
) -> None:
    bill.transactions = [charge(number) for number in range(100)]
    reading = aiter(client.transactions(None))
    assert len((await anext(reading)).transactions) == 50
    bill.script("/v3/spend/transactions", problem(401, "revoked"))
    with pytest.raises(SourceAuth):
        await anext(reading)
    bill.answers.clear()
    assert sum(len(page.transactions) for page in await collect(client)) == 100


async def test_a_child_that_cannot_be_had_for_now_ends_the_pass_with_the_plain_error(
    bill: Bill, client: SpendClient
) -> None:
    bill.transactions = [charge(1, amount=20, childTransactionUuids=["txr_a", "txr_b"])]
    bill.single |= {child: charge(0, uuid=child, amount=10) for child in ("txr_a", "txr_b")}
    bill.script("/v3/spend/transactions/txr_b", *(problem(500, "boom") for _ in range(4)))
    with pytest.raises(SourceUnavailable):
        await collect(client)
    (page,) = await collect(client)
    assert len(page.transactions[0].lines) == 2


# --- writing back -----------------------------------------------------------------------------------------------------


async def test_coding_is_written_as_one_field(bill: Bill, client: SpendClient) -> None:
    path = "/v3/spend/transactions/txr_1/custom-fields"
    for _ in range(4):
        bill.script(path, web.Response(status=200))
    await client.set_coding("txr_1", "cfd_gl", ["tvl_61"])
    await client.set_coding("txr_1", "cfd_gl", [])
    await client.set_coding("txr_1", "cfd_memo", [], "coded by Dana")
    sent = [json.loads(text)["customFields"] for _, request, text in bill.calls if request.method == "PUT"]
    assert sent == [
        [{"customFieldId": "cfd_gl", "selectedValues": ["tvl_61"]}],
        [{"customFieldId": "cfd_gl", "selectedValues": []}],
        [{"customFieldId": "cfd_memo", "note": "coded by Dana"}],
    ]


@pytest.mark.parametrize("status", [400, 403, 409, 422])
async def test_a_locked_transaction_is_told_apart_from_a_wrong_value(
    bill: Bill, client: SpendClient, status: int
) -> None:
    path = "/v3/spend/transactions/txr_1/custom-fields"
    bill.single["txr_1"] = charge(1, isLocked=True)
    bill.script(path, problem(status, "cannot be updated"))
    with pytest.raises(SourceLocked) as locked:
        await client.set_coding("txr_1", "cfd_gl", ["tvl_61"])
    assert locked.value.category == "source.locked"
    bill.single["txr_1"] = charge(1)
    bill.script(path, problem(status, "no such value"))
    with pytest.raises((SourceRefused, SourceAuth)) as refused:
        await client.set_coding("txr_1", "cfd_gl", ["tvl_00"])
    assert not isinstance(refused.value, SourceLocked)
    bill.script(path, problem(status, "no"))
    bill.script("/v3/spend/transactions/txr_1", *(problem(500, "boom") for _ in range(4)))
    with pytest.raises((SourceRefused, SourceAuth)):
        await client.set_coding("txr_1", "cfd_gl", ["tvl_61"])
    bill.script(path, web.Response(status=204))
    await client.set_coding("txr_1", "cfd_gl", ["tvl_61"])


async def test_a_write_is_not_repeated_when_its_answer_is_lost_but_when_it_was_turned_away(
    bill: Bill, client: SpendClient
) -> None:
    path = "/v3/spend/transactions/txr_1/custom-fields"
    bill.script(path, drop)
    with pytest.raises(SourceUnavailable):
        await client.set_coding("txr_1", "cfd_gl", ["tvl_61"])
    assert len(bill.calls) == 1
    bill.script(path, problem(429, "slow"), web.Response(status=200))
    await client.set_coding("txr_1", "cfd_gl", ["tvl_61"])
    assert len(bill.calls) == 3


async def test_coding_a_transaction_that_is_gone_is_missing(client: SpendClient) -> None:
    with pytest.raises(SourceMissing):
        await client.set_coding("txr_404", "cfd_gl", [])


# --- receipts ---------------------------------------------------------------------------------------------------------


def receipt(url: str) -> Receipt:
    return Receipt("rct_4", "r.jpg", url)


async def test_a_receipt_comes_from_its_address_and_the_token_goes_only_to_the_api(
    bill: Bill, client: SpendClient, time: Time
) -> None:
    stranger = Bill(time)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", stranger.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/r.jpg"
    stranger.script("/r.jpg", web.Response(body=b"\xff\xd8one"), web.Response(body=b"\xff\xd8two"))
    assert await client.receipt(receipt(address)) == b"\xff\xd8one"
    bill.script("/v3/spend/receipt", web.Response(status=302, headers={"Location": address}))
    own = f"{bill.url}/v3/spend/receipt"
    assert await client.receipt(receipt(own)) == b"\xff\xd8two"
    assert bill.calls[-1][1].headers["apiToken"] == TOKEN
    assert all("apiToken" not in request.headers for _, request, _ in stranger.calls)
    await runner.cleanup()


async def test_files_beside_the_api_get_neither_the_token_nor_a_share_of_the_minute(
    bill: Bill, client: SpendClient, time: Time
) -> None:
    beside = bill.url.removesuffix("/connect") + "/files/r.jpg"
    bill.script("/files/r.jpg", *(web.Response(body=b"\xff\xd8one") for _ in range(70)))
    for _ in range(70):
        assert await client.receipt(receipt(beside)) == b"\xff\xd8one"
    assert time.slept == []
    assert all("apiToken" not in request.headers for _, request, _ in bill.calls)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://files.example/r.jpg",
        "javascript:alert(1)",
        "//nowhere",
        "",
        "http://",
        "http://[::1]/r.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/r.jpg",
        "http://localhost/r.jpg",
        "http://vault.internal/r.jpg",
        "https://exa\x00mple/r.jpg",
    ],
)
async def test_a_receipt_is_fetched_from_the_web_only(client: SpendClient, url: str) -> None:
    with pytest.raises(ReceiptRefused) as refused:
        await client.receipt(receipt(url))
    assert refused.value.category == "attachment"


async def test_what_is_packed_twice_is_neither_data_nor_a_receipt(bill: Bill, client: SpendClient, time: Time) -> None:
    twice = {"Content-Encoding": "gzip, gzip"}
    good = gzip.compress(gzip.compress(json.dumps({"results": [], "nextPage": None}).encode()))
    bill.script("/v3/spend/transactions", *(web.Response(body=good, headers=twice) for _ in range(4)))
    with pytest.raises(SourceUnavailable):
        await collect(client)
    assert [page.transactions for page in await collect(client)] == [()]

    picture = gzip.compress(gzip.compress(b"\xff\xd8one"))
    bill.script("/files/r.jpg", web.Response(body=picture, headers=twice), web.Response(body=b"\xff\xd8one"))
    beside = bill.url.removesuffix("/connect") + "/files/r.jpg"
    with pytest.raises(ReceiptRefused, match="packed"):
        await client.receipt(receipt(beside))
    assert await client.receipt(receipt(beside)) == b"\xff\xd8one"


async def test_a_receipt_that_is_too_large_circular_gone_or_in_trouble(
    bill: Bill, client: SpendClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{bill.url}/r.jpg"
    monkeypatch.setattr("bot.spend.wire.RECEIPT_CAP", 1000)
    bill.script("/r.jpg", web.Response(body=b"x" * 1001))
    with pytest.raises(ReceiptRefused, match="larger"):
        await client.receipt(receipt(url))
    bill.script("/r.jpg", *(web.Response(status=302, headers={"Location": url}) for _ in range(4)))
    with pytest.raises(ReceiptRefused, match="circle"):
        await client.receipt(receipt(url))
    bill.script("/r.jpg", web.Response(status=403))
    with pytest.raises(ReceiptRefused, match="not there"):
        await client.receipt(receipt(url))
    bill.script("/r.jpg", web.Response(status=500))
    with pytest.raises(SourceUnavailable):
        await client.receipt(receipt(url))
    bill.script("/r.jpg", web.Response(body=b"x" * 1000))
    assert len(await client.receipt(receipt(url))) == 1000


# --- borders ----------------------------------------------------------------------------------------------------------


async def test_a_shared_http_client_stays_open(bill: Bill, time: Time) -> None:
    async with httpx.AsyncClient() as http:
        source: Source = connect(bill, time, http=http)
        await source.whoami()
        await source.aclose()
        assert not http.is_closed


async def test_every_exception_carries_a_category_and_no_secret(bill: Bill, client: SpendClient) -> None:
    path = "/v3/spend/users/current"
    for status in (301, 400, 401, 403, 404, 418, 429, 500, 599):
        answers = [problem(status, f"you sent {TOKEN}", Retry_After="999") for _ in range(4)]
        bill.script(path, *answers)
        with pytest.raises(SourceError) as refused:
            await client.whoami()
        assert refused.value.category != "unknown"
        assert refused.value.http_status == status
        assert TOKEN not in str(refused.value) + repr(refused.value)
        bill.answers.clear()
    assert (await client.whoami()).uuid == "cmp_1"


async def test_times_are_utc(bill: Bill, client: SpendClient) -> None:
    bill.transactions = [charge(1, occurredTime="2026-10-31T23:40:00.000-07:00")]
    (page,) = await collect(client)
    assert page.transactions[0].occurred == datetime(2026, 11, 1, 6, 40, tzinfo=UTC)
    assert page.transactions[0].posted_on is None
