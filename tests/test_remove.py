"""The end of a connection: what is in doubt then is looked up, told, and settled by the next sync to the same company."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot import commands, printing
from bot.app import utc_now
from bot.intacct.client import IntacctClient, SignIn
from bot.intacct.errors import NoSignIn
from bot.models import AlertState, PostingState, Secret, Selector
from bot.store import alerts, connections, postings, runs
from bot.store.connections import Connection
from bot.sync.remove import remove
from tests.moved import CLEAN, calm, card, few_cards, ledger, lose, states  # noqa: F401  # few_cards is the fixture `harbor`
from tests.test_correct import Promises, alert_on, desk_of
from tests.world import World

POSTED, UNKNOWN, POSTING = PostingState.POSTED, PostingState.UNKNOWN, PostingState.POSTING


async def in_doubt(harbor: World, kind: str) -> Connection:
    """Portland with ten purchases that were sent, and no answer came."""
    portland = await card(harbor)
    await lose(harbor, portland, kind)
    assert await states(harbor, portland) == {UNKNOWN: 10}
    return portland


async def fresh(harbor: World, old: Connection) -> Connection:
    found = await connections.get_connection(harbor.parts.store, old.id)
    assert found is not None
    return found


async def all_rows(harbor: World, *of: Connection) -> list[postings.Posting]:
    return [row for one in of for row in await postings.list_postings(harbor.parts.store, one.id, limit=500)]


async def moved_to_denver(harbor: World) -> Connection:
    """The same card, set up anew for entity 200."""
    store = harbor.parts.store
    company = await connections.find_company(store, ":T0HARBOR", "HarborPine")
    assert company is not None
    return await harbor.connect("200", name="Anew", selector=Selector(all=False, cards=(CLEAN,)))


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit"])
async def test_removed_with_rows_in_doubt_and_set_up_anew_at_another_entity_settles_all_none_twice_none_lost(
    harbor: World, kind: str
) -> None:
    portland = await in_doubt(harbor, kind)
    await harbor.intacct.control("fault", {"kind": "error_500", "match": "RECORDID", "count": 99})

    ended = await remove(harbor.parts.reach, await fresh(harbor, portland), "U0DANA")
    await harbor.intacct.control("clear_faults", {})

    doubted = {row.reference for row in ended.doubt}
    assert len(doubted) == 10
    assert "HTTP 500" in ended.unasked
    company = await connections.get_company(harbor.parts.store, portland.company)
    assert (company.password, company.problem, company.problem_since) == (None, None, None)

    denver = await moved_to_denver(harbor)
    await calm(harbor, denver)

    rows = await all_rows(harbor, portland, denver)
    assert {row.state for row in rows} == {POSTED}
    assert len(rows) == 10
    booked = harbor.booked()
    assert booked == {row.reference: row.amount for row in rows}
    assert sum(booked.values()) == sum((row.amount for row in rows), Decimal(0))
    sent_at = {row["reference"]: row["entity"] for row in ledger(harbor)}
    assert {sent_at[one] for one in doubted} == {"100"}, "a frozen body goes again where it went first"


async def test_what_intacct_has_is_seen_before_the_secrets_go_and_nothing_stays_in_doubt(harbor: World) -> None:
    portland = await in_doubt(harbor, "drop_after_commit")
    there = harbor.booked()
    assert len(there) == 10

    ended = await remove(harbor.parts.reach, await fresh(harbor, portland), "U0DANA")

    assert ended.doubt == ()
    posted = [row for row in await all_rows(harbor, portland) if row.state == POSTED]
    assert {row.reference for row in posted} == set(there)
    [said] = ended.sentences(lambda row: str(row.amount))
    assert said == "100 Portland is disconnected. What was posted stays in Intacct."


async def test_what_nobody_takes_over_is_looked_up_by_the_next_sync_of_the_company_and_never_sent_again(
    harbor: World,
) -> None:
    portland = await in_doubt(harbor, "drop_before")
    other = await harbor.connect("200", name="Other card", selector=Selector(all=False, cards=("2093",)))
    ended = await remove(harbor.parts.reach, await fresh(harbor, portland), "U0DANA")
    doubted = {row.reference for row in ended.doubt}
    assert doubted

    for _ in range(4):
        harbor.clock.pass_(minutes=21)
        await harbor.sync(other)

    left = [row for row in await all_rows(harbor, portland) if row.state == UNKNOWN]
    assert {row.reference for row in left} == doubted
    assert not doubted & set(harbor.booked())


async def test_what_is_in_doubt_is_told_with_amount_day_and_reference_and_is_in_the_audit_trail(harbor: World) -> None:
    portland = await in_doubt(harbor, "drop_before")

    ended = await remove(harbor.parts.reach, await fresh(harbor, portland), "U0DANA")

    first, why, *lines = ended.sentences(lambda row: f"${row.amount}")
    assert first == "100 Portland is disconnected. What was posted stays in Intacct."
    assert why.startswith(f"{len(ended.doubt)} transactions may or may not be in Intacct. The next sync of any")
    for row in ended.doubt:
        day = f"{row.date:%b} {row.date.day}, 2026"
        assert f"{day} · {row.merchant} · ${row.amount} · {row.reference}" in lines
    [event] = [one for one in await runs.told(harbor.parts.store, portland.id) if one.what == "disconnected"]
    assert event.actor == "U0DANA"
    assert all(row.reference in event.text for row in ended.doubt)


async def test_its_alerts_are_closed_and_a_company_without_connections_is_never_signed_in_to(harbor: World) -> None:
    portland = await card(harbor, "2093")
    await harbor.sync(portland)
    promises = Promises(harbor)
    desk = desk_of(harbor, promises)
    alert = await alert_on(harbor, desk, portland.id, "config.gl_account")
    problem = {"category": "auth.login", "subject": "", "fault": None}
    await connections.set_problem(harbor.parts.store, portland.company, problem, harbor.clock())

    await desk.disconnect(portland.id, "U0DANA")

    closed = await alerts.get(harbor.parts.store, alert)
    assert closed is not None
    assert (closed.state, closed.solved_by) == (AlertState.SOLVED, "U0DANA")
    before = harbor.intacct.gateway.requests_served
    harbor.clock.pass_(hours=5)
    await desk.sweep()
    await harbor.parts.runner.check_company(0, company_id=portland.company)
    assert harbor.intacct.gateway.requests_served == before
    assert "check_company" not in promises.done
    company = await connections.get_company(harbor.parts.store, portland.company)
    with pytest.raises(NoSignIn):
        await harbor.parts.reach.intacct(company)
    with pytest.raises(NoSignIn):
        IntacctClient(harbor.parts.gateway, SignIn("HarborPine", "Spendcenter", Secret("")))


async def test_the_command_line_ends_it_the_same_way_and_a_bot_beside_it_draws_the_closed_alerts(
    harbor: World, capsys: pytest.CaptureFixture[str]
) -> None:
    portland = await in_doubt(harbor, "drop_before")
    promises = Promises(harbor)
    desk = desk_of(harbor, promises)
    await desk.reconcile_alerts(portland.id)

    ended = await commands.remove(harbor.settings, portland.id)
    printing.removed(ended)

    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "100 Portland is disconnected. What was posted stays in Intacct."
    assert printed[1].startswith("10 transactions may or may not be in Intacct.")
    assert {line.rsplit(" · ", 1)[1] for line in printed[2:]} == {row.reference for row in ended.doubt}
    gone = await fresh(harbor, portland)
    assert (gone.removed is not None, gone.spend_token) == (True, None)
    assert await alerts.list_open(harbor.parts.store, connection=portland.id) == []
    [last] = await runs.told(harbor.parts.store, portland.id, limit=1)
    assert last.what == "disconnected"
    harbor.clock.now = utc_now() + timedelta(seconds=10)  # a command lives by the machine's time
    await desk.sweep()
    assert "refresh" in promises.done
    assert await runs.open_intents(harbor.parts.store, harbor.clock()) == []


async def test_a_problem_counts_from_its_first_day_and_goes_whole(harbor: World) -> None:
    portland = await harbor.connect("100")
    store, began = harbor.parts.store, harbor.clock()
    await connections.set_problem(store, portland.company, {"category": "auth.login"}, began)
    harbor.clock.pass_(hours=3)
    await connections.set_problem(store, portland.company, {"category": "auth.sender"}, harbor.clock())

    company = await connections.get_company(store, portland.company)
    assert (company.problem, company.problem_since) == ({"category": "auth.sender"}, began)
    await connections.set_problem(store, portland.company, None, harbor.clock())
    company = await connections.get_company(store, portland.company)
    assert (company.problem, company.problem_since, company.tested) == (None, None, harbor.clock())
    with pytest.raises(ValueError, match="set together"):
        await connections.change_company(store, portland.company, problem=None)
