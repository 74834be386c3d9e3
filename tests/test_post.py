"""Posting exactly once against the simulated gateway: every way to lose an answer, and what comes of it in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.intacct.batches import Lost, NotSent, Recorded, Refused
from bot.models import AttemptState, Fault, Level, PostingState, RawError, RunState
from bot.sandbox.intacct.access import all_rights
from bot.store import attempts, connections, postings, runs, tables
from bot.store.attempts import Attempt, Settled
from bot.store.connections import get_company
from bot.sync.post import TOO_OLD, judge, pause
from tests.moved import CLEAN, HALF, calm, card, few_cards, ledger, one_at_a_time, proved, rows, states, tries  # noqa: F401  # few_cards is the fixture `harbor`
from tests.world import NOON, World

ATTEMPT = Attempt(7, 3, 1, "cc-1", "100", 1, 1, AttemptState.SENDING, "<function/>", False, 0, NOON, None, "", None)
DEPARTMENT = Fault(Level.FUNCTION, (RawError("BL01001973", "", "Transactions to account 6420 require a department."),))
OFFLINE = Fault(Level.FUNCTION, (RawError("", "The Service is Temporarily Off-line", "", "Please Try Again Later"),))
REPLAYED = Fault(Level.FUNCTION, (RawError("XL03000011", "", "The function was already executed and completed."),))
SESSION = Fault(Level.FUNCTION, (RawError("XL03000006", "", "Invalid session. Sign in again."),))
SCHEMA = Fault(Level.CONTROL, (RawError("XL03000003", "", "XML Parse schema error: Error 1871: Element 'x'"),))
GONE = Fault(Level.TRANSPORT, note="ReadTimeout")

PENDING, POSTED, FAILED = PostingState.PENDING, PostingState.POSTED, PostingState.FAILED
UNKNOWN = PostingState.UNKNOWN


@pytest.mark.parametrize(
    ("outcome", "again", "state", "raised"),
    [
        (Recorded("cc-1", "10301"), False, POSTED, False),
        (Recorded("cc-1", "10301"), True, POSTED, False),
        (Refused("cc-1", DEPARTMENT), False, FAILED, True),
        (Refused("cc-1", DEPARTMENT), True, UNKNOWN, False),
        (Refused("cc-1", SESSION), False, PENDING, True),
        (Refused("cc-1", OFFLINE), False, UNKNOWN, False),
        (Refused("cc-1", REPLAYED), False, UNKNOWN, False),
        (Refused("cc-1", REPLAYED), True, UNKNOWN, False),
        (Lost("cc-1", GONE), False, UNKNOWN, False),
        (Lost("cc-1", GONE), True, UNKNOWN, False),
        (NotSent("cc-1", Fault(Level.TRANSPORT, note="ConnectError")), False, PENDING, False),
        (NotSent("cc-1", Fault(Level.TRANSPORT, note="ConnectError")), True, UNKNOWN, False),
        (NotSent("cc-1", Fault(Level.TRANSPORT, http_status=429)), False, PENDING, False),
    ],
)
def test_what_an_answer_proves(outcome: Any, again: bool, state: PostingState, raised: bool) -> None:
    settled = judge(ATTEMPT, outcome, NOON, again=again)

    assert (settled.state, settled.raise_try) == (state, raised)
    assert settled.was == ((PostingState.POSTING, UNKNOWN) if state is POSTED else (UNKNOWN,) if again else settled.was)


def test_pauses_double_up_to_ten_minutes() -> None:
    for number in range(1, 30):
        seconds = min(2.0**number, 600)
        assert timedelta(seconds=0.8 * seconds) <= pause(number) <= timedelta(seconds=1.2 * seconds)


LOSSES: list[dict[str, Any]] = [
    {"kind": "drop_before"},
    {"kind": "drop_after_commit"},
    {"kind": "error_500"},
    {"kind": "error_500", "committed": True},
    {"kind": "error_503"},
    {"kind": "error_503", "committed": True},
    {"kind": "html"},
    {"kind": "html", "committed": True},
    {"kind": "truncate"},
    {"kind": "truncate", "hard": True},
    {"kind": "twice"},
    {"kind": "busy"},
    {"kind": "commit_late", "seconds": 900},
]


SPENT = [(fault, "control") for fault in LOSSES if fault["kind"] in {"drop_after_commit", "busy", "commit_late"}]


@pytest.mark.parametrize(
    ("fault", "replay"),
    [(fault, "function") for fault in LOSSES] + SPENT,
    ids=lambda one: one if isinstance(one, str) else "-".join(str(value) for value in one.values()),
)
async def test_whatever_is_lost_ends_as_one_record_each(harbor: World, fault: dict[str, Any], replay: str) -> None:
    portland = await card(harbor)
    await harbor.intacct.control("set_replay", {"shape": replay})
    await harbor.intacct.control("fault", {**fault, "match": "record_cctransaction"})

    first = await harbor.sync(portland)

    assert first.state == RunState.FINISHED, first.category
    if fault["kind"] == "drop_before":
        left = await states(harbor, portland)
        assert left == {POSTED: 5, UNKNOWN: 5}
        assert len(ledger(harbor)) == 5
    await calm(harbor, portland)
    await proved(harbor, portland, 10)
    assert {one["user"] for one in ledger(harbor)} == {"Spendcenter"}


async def test_a_batch_that_commits_a_quarter_of_an_hour_later_is_found_and_never_sent_again(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.intacct.control("fault", {"kind": "commit_late", "seconds": 900, "match": "record_cctransaction"})
    await harbor.sync(portland)
    sent = harbor.intacct.gateway.functions_served

    harbor.clock.pass_(minutes=14)
    await harbor.sync(portland)
    assert (await states(harbor, portland))[UNKNOWN] == 5, "fourteen minutes prove nothing"
    harbor.clock.pass_(minutes=2)
    await harbor.sync(portland)

    await proved(harbor, portland, 10)
    again = [row for row in await rows(harbor, portland) if (await attempt_of(harbor, row.id)).resent]
    assert again == []
    assert harbor.intacct.gateway.functions_served > sent


async def attempt_of(harbor: World, posting: int) -> Attempt:
    return (await attempts.last_attempts(harbor.parts.store, [posting]))[posting]


async def test_nothing_is_sent_again_before_the_settling_time_is_over(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.intacct.control("fault", {"kind": "drop_before", "count": 2, "match": "record_cctransaction"})

    for _ in range(4):
        await harbor.sync(portland)
        harbor.clock.pass_(minutes=6)  # 0, 6, 12, 18 minutes after
    assert ledger(harbor) == []
    frozen = {row.id: (await attempt_of(harbor, row.id)).body for row in await rows(harbor, portland, UNKNOWN)}
    ids = {row.id: await tries(harbor, row) for row in await rows(harbor, portland)}
    await harbor.sync(portland)

    await proved(harbor, portland, 10)
    for row in await rows(harbor, portland):
        attempt = await attempt_of(harbor, row.id)
        assert (attempt.body, attempt.resent) == (frozen[row.id], True), "the second send is the first one's own body"
        assert attempt.controlid == ids[row.id][0][0]


async def test_a_session_that_ends_within_a_batch_fails_the_rest_of_it_and_they_post_under_new_ids(
    harbor: World,
) -> None:
    portland = await card(harbor)
    await harbor.intacct.control("fault", {"kind": "expire_session", "after": 2, "match": "record_cctransaction"})

    await harbor.sync(portland)
    assert (await states(harbor, portland))[PENDING] == 3
    await calm(harbor, portland, minutes=1)

    await proved(harbor, portland, 10)
    assert sorted(row.try_no for row in await rows(harbor, portland)) == [1] * 7 + [2] * 3


async def test_a_session_found_to_be_over_costs_nothing_but_a_sign_in(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.intacct.control("fault", {"kind": "expire_session", "match": "record_cctransaction"})

    await harbor.sync(portland)

    await proved(harbor, portland, 10)


async def test_after_too_many_requests_nothing_is_claimed_until_the_pause_is_over(harbor: World) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    await harbor.intacct.control("fault", {"kind": "rate_limit", "match": "record_cctransaction"})

    stopped = await harbor.sync(portland)

    assert (stopped.state, stopped.category) == (RunState.STOPPED, "limit.rate")
    assert await states(harbor, portland) == {PENDING: 10}
    company = await get_company(harbor.parts.store, portland.company)
    client = await harbor.parts.reach.intacct(company)
    assert client.allowance.hold > 0
    assert company.held_until is not None
    assert company.held_until > harbor.clock()
    before = {row.id: (await attempt_of(harbor, row.id)).id for row in await rows(harbor, portland)}
    client.allowance._sleep = no_sleep
    client.allowance.slow_down(60)
    harbor.clock.pass_(seconds=5)
    held = await harbor.sync(portland)
    assert (held.state, held.category) == (RunState.STOPPED, "limit.rate"), "look-ups may go, attempts may not"
    assert {row.id: (await attempt_of(harbor, row.id)).id for row in await rows(harbor, portland)} == before

    harbor.clock.pass_(seconds=60)
    await harbor.sync(portland)
    await proved(harbor, portland, 10)
    assert {row.try_no for row in await rows(harbor, portland)} == {1}, "what never ran keeps its id"


async def test_too_many_requests_counts_for_every_process_that_asks_this_company(harbor: World) -> None:
    portland = await card(harbor)
    until = harbor.clock() + timedelta(seconds=40)
    await connections.change_company(harbor.parts.store, portland.company, held_until=until)

    await harbor.sync(portland)  # its client has not been told so itself

    assert harbor.clock() >= until, "it waited before it asked anything"
    await proved(harbor, portland, 10)


async def test_a_hold_that_was_noted_before_the_clock_was_set_back_holds_nobody(harbor: World) -> None:
    portland = await card(harbor)
    until = harbor.clock() + timedelta(seconds=40)
    await connections.change_company(harbor.parts.store, portland.company, held_until=until)
    harbor.clock.pass_(hours=-1)
    before = harbor.clock()

    await harbor.sync(portland)

    assert harbor.clock() - before < timedelta(seconds=10)
    await proved(harbor, portland, 10)


async def no_sleep(_seconds: float) -> None:
    return None


async def test_an_attempt_that_waited_over_a_minute_is_withdrawn_unsent(harbor: World) -> None:
    portland = await card(harbor)
    original = attempts.claim

    async def stopped_after(*args: Any, **named: Any) -> list[Attempt]:
        claimed = await original(*args, **named)
        harbor.clock.pass_(seconds=TOO_OLD.total_seconds() + 1)  # as a SIGSTOP between the commit and the send
        return claimed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "claim", stopped_after)
        run = await harbor.sync(portland)

    assert run.state == RunState.STOPPED
    assert ledger(harbor) == []
    assert await states(harbor, portland) == {PENDING: 10}
    assert {(await attempt_of(harbor, row.id)).state for row in await rows(harbor, portland)} == {"withdrawn"}
    await calm(harbor, portland, minutes=1)
    await proved(harbor, portland, 10)
    assert {row.try_no for row in await rows(harbor, portland)} == {1}


async def test_intacct_down_stops_the_run_and_the_next_one_posts_everything(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.intacct.stop()

    run = await harbor.sync(portland)

    assert (run.state, run.category) == (RunState.STOPPED, "transient.gateway")
    await harbor.intacct.start()
    await harbor.sync(portland)
    await proved(harbor, portland, 10)


async def test_one_function_that_spoils_its_request_is_failed_alone(harbor: World) -> None:
    """A refusal at the door names no function; the halves of the request find the one that it is about."""
    portland = await card(harbor)
    await harbor.sync(portland)
    spoilt = ledger(harbor)[0]["reference"]
    fresh = await forget(harbor, portland, spoilt)
    await harbor.intacct.control("set_replay", {"shape": "control"})
    harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows.clear()
    harbor.parts.reach.looked.add(portland.id)
    coding = {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "100 - Portland"}
    for amount in ("11.00", "12.00", "13.00"):
        lunch = {"card": CLEAN, "amount": amount, "merchant": "Marigold Kitchen", "date": "2026-11-04"}
        await harbor.spend.control("add_transaction", lunch | {"fields": coding})

    run = await harbor.sync(portland)

    left = await states(harbor, portland)
    assert left == {POSTED: 12, UNKNOWN: 1}, "the id is spent, so Intacct refused it, and only it is in doubt"
    assert run.requests == 4, "two of two rows each; one of them is refused whole, and goes again as its halves"
    assert fresh not in harbor.booked()


async def forget(harbor: World, connection: Any, reference: str) -> str:
    """Make our side forget one posting entirely, and read everything anew: a restored backup."""
    async with harbor.parts.store.begin() as db:
        row = (await db.execute(tables.postings.select().where(tables.postings.c.reference == reference))).one()
        await db.execute(tables.attempts.delete().where(tables.attempts.c.posting_id == row.id))
        await db.execute(tables.postings.delete().where(tables.postings.c.id == row.id))
    await connections.set_watermark(harbor.parts.store, connection.id, None)
    return reference


async def test_an_answer_that_comes_after_the_row_was_settled_changes_nothing(harbor: World) -> None:
    """A process that was stopped, replaced and woken stores the answer it still holds: too late."""
    portland = await card(harbor)
    store = harbor.parts.store
    await harbor.intacct.control("fault", {"kind": "drop_after_commit", "match": "record_cctransaction"})
    await harbor.sync(portland)
    late = await rows(harbor, portland, UNKNOWN)
    zombies = [(row, await attempt_of(harbor, row.id)) for row in late]
    await calm(harbor, portland)
    await proved(harbor, portland, 10)

    for _, attempt in zombies:
        told: list[Settled] = [
            judge(attempt, Refused(attempt.controlid, DEPARTMENT), harbor.clock()),
            judge(attempt, NotSent(attempt.controlid, GONE), harbor.clock()),
            judge(attempt, Lost(attempt.controlid, GONE), harbor.clock()),
        ]
        for one in told:
            assert await attempts.settle(store, [one], harbor.clock()) == []

    await proved(harbor, portland, 10)
    assert {row.try_no for row in await rows(harbor, portland)} == {1}


async def test_a_row_that_changed_since_it_was_read_is_not_claimed(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    failed = await rows(harbor, portland, FAILED)
    store = harbor.parts.store
    await postings.move(store, [failed[0].id], source=[FAILED], target=PENDING, now=harbor.clock())
    stale = (await postings.get(store, [failed[0].id]))[0]
    harbor.clock.pass_(seconds=1)
    await postings.move(
        store, [stale.id], source=[PENDING], target=PENDING, now=harbor.clock(), decision={"coding": {}}
    )

    draft = attempts.Draft(stale, "cc-stale", "<function/>", "print")

    assert await attempts.claim(store, [draft], run=None, now=harbor.clock()) == []
    fresh = (await postings.get(store, [stale.id]))[0]
    taken = await attempts.claim(store, [attempts.Draft(fresh, "cc-2", "<f/>", "p")], run=None, now=harbor.clock())
    assert [one.controlid for one in taken] == ["cc-2"]
    assert await attempts.claim(store, [attempts.Draft(fresh, "cc-2", "<f/>", "p")], run=None, now=harbor.clock()) == []


async def test_of_a_batch_only_the_rows_that_stand_as_they_were_read_are_claimed_and_settled(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    store, failed = harbor.parts.store, [row.id for row in await rows(harbor, portland, FAILED)][:3]
    await postings.move(store, failed, source=[FAILED], target=PENDING, now=harbor.clock())
    drafts = [attempts.Draft(row, f"cc-{row.id}", "<f/>", "p") for row in await postings.get(store, failed)]
    harbor.clock.pass_(seconds=1)
    await postings.move(
        store, failed[1:2], source=[PENDING], target=PENDING, now=harbor.clock(), decision={"coding": {}}
    )
    run = (await runs.last_runs(store, portland.id, 1))[0]

    taken = await attempts.claim(store, [*drafts, drafts[0]], run=run.id, now=harbor.clock())

    assert sorted(one.posting_id for one in taken) == [failed[0], failed[2]], "each once, and none that changed"
    own = await attempts.last_attempts(store, failed)
    assert {one.id for one in taken} == {own[failed[0]].id, own[failed[2]].id}

    outcomes = [judge(one, Refused(one.controlid, DEPARTMENT), harbor.clock()) for one in taken]
    too_late = replace(outcomes[0], posting_id=failed[1])
    counted = await attempts.settle(store, [*outcomes, too_late], harbor.clock(), run=run.id, requests=1)

    assert [one.posting_id for one in counted] == [one.posting_id for one in outcomes]
    state_of = {row.id: row.state for row in await postings.get(store, failed)}
    assert [state_of[one] for one in failed] == [FAILED, PENDING, FAILED]
    after = await runs.get_run(store, run.id)
    assert after is not None
    assert (after.failed, after.requests) == (run.failed + 2, run.requests + 1)


async def test_a_missing_permission_stops_the_run_and_the_same_rows_post_once_it_is_given(harbor: World) -> None:
    portland = await card(harbor)
    rights = {policy: list(given) for policy, given in all_rights().items()}
    rights["Credit card transactions"] = ["List", "View"]
    await harbor.intacct.control("remove_role", {"user_id": "Spendcenter", "role": "Administrator"})
    await harbor.intacct.control("set_role", {"name": "Billcom Role", "policies": rights})

    run = await harbor.sync(portland)

    assert run.state == RunState.STOPPED, run
    assert run.category.startswith("permission."), run.category
    assert ledger(harbor) == []
    await harbor.intacct.control("set_role", {"name": "Billcom Role"})
    failed = [row.id for row in await rows(harbor, portland, FAILED)]
    await harbor.sync(portland, retry=failed)
    await calm(harbor, portland)
    await proved(harbor, portland, 10)


async def test_one_row_speaks_for_its_kind_and_a_partly_mended_group_posts_its_mended_part(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    failed = await rows(harbor, portland, FAILED)
    assert len(failed) == 6

    run = await harbor.sync(portland, retry=[row.id for row in failed])

    kinds = len({repr(sorted(one.codings, key=repr)) for row in failed for one in row.read().lines})
    assert run.failed == kinds < 6, "one of each coding went out and failed as before; the others were spared"
    assert (await states(harbor, portland)) == {POSTED: 6, FAILED: 6}
    assert sum(row.try_no for row in await rows(harbor, portland, FAILED)) == 6 * 2 + kinds

    for row in failed[:2]:
        decision = {"coding": {"gl_account": "6210"}, "by": "Lee Okafor"}
        await postings.move(
            harbor.parts.store, [row.id], source=[FAILED], target=FAILED, now=harbor.clock(), decision=decision
        )
    await harbor.sync(portland, retry=[row.id for row in failed])
    assert (await states(harbor, portland)) == {POSTED: 8, FAILED: 4}

    await harbor.intacct.control(
        "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    )
    await harbor.sync(portland, retry=[row.id for row in failed])
    await proved(harbor, portland, 12)


async def test_another_failure_of_the_first_lets_the_rest_go_in_one_request(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    failed = [row.id for row in await rows(harbor, portland, FAILED)]
    account = {"ACCOUNTNO": "6215", "STATUS": "active", "REQUIREDEPT": "true", "REQUIREPROJECT": "true"}
    await harbor.intacct.control("save_record", {"object": "GLACCOUNT", "record": account})

    run = await harbor.sync(portland, retry=failed)

    causes = {row.category for row in await rows(harbor, portland, FAILED)}
    assert causes == {"dimension.required"}
    assert run.requests <= 4, "the first, then the other five"
    undone = {"ACCOUNTNO": "6215", "REQUIREDEPT": "false", "REQUIREPROJECT": "false"}
    await harbor.intacct.control("save_record", {"object": "GLACCOUNT", "record": undone})
    await harbor.sync(portland, retry=failed)
    await proved(harbor, portland, 12)


async def test_a_turn_that_broke_after_its_claim_finds_its_own_rows(harbor: World) -> None:
    """The engine does a turn again after an exception, or in another process: here the answers were never stored."""
    portland = await card(harbor)
    store, runner = harbor.parts.store, harbor.parts.runner
    await one_at_a_time(harbor, portland)
    key = {"connection_id": portland.id, "trigger": "person", "run_key": "again"}
    original = attempts.settle

    async def broken(_store: Any, outcomes: Any, _now: Any) -> list[Settled]:
        if outcomes:
            raise MemoryError
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "settle", broken)
        assert not await runner.sync(0, **key)
    assert attempts.settle is original
    assert len(ledger(harbor)) == 10
    assert await states(harbor, portland) == {PostingState.POSTING: 10}
    run = await runs.find_run(store, "again")
    assert run is not None
    assert run.state == RunState.STOPPED, "told, not left hanging"

    await harbor.sync(portland)

    await proved(harbor, portland, 10)
    told = await runs.told(store, portland.id)
    assert sum(event.what == "settled" for event in told) == 10


async def test_another_clean_card_has_ten(harbor: World) -> None:
    """What every other test here counts on."""
    portland = await card(harbor, CLEAN)
    await harbor.sync(portland)
    await proved(harbor, portland, 10)
