"""A whole sync against the simulated far ends: what posts, what does not, and how each failure is mended."""

from __future__ import annotations

from decimal import Decimal

from bot.models import PostingState, RunState
from bot.sandbox.seed_fixes import fixes
from bot.store import postings
from tests.world import World


async def test_the_first_sync_of_portland_posts_eighty_and_says_why_the_others_wait(harbor: World) -> None:
    portland = await harbor.connect("100")

    run = await harbor.sync(portland)

    assert run.state == RunState.FINISHED, (run.category, run.fault)
    tally = await harbor.tally(portland)
    assert tally[PostingState.POSTED] == (80, Decimal("29942.82"))
    causes = await postings.causes(harbor.parts.store, portland.id)
    assert {(one.category, one.subject, one.n, one.total) for one in causes} == {
        ("dimension.required", "6420 department", 37, Decimal("8214.60")),
        ("config.gl_account", "account 6215", 6, Decimal("2388.00")),
        ("held.refund", "", 1, Decimal("-640.00")),
    }
    assert sum(harbor.booked().values()) == Decimal("29942.82")


async def test_each_failure_is_mended_at_its_far_end_and_retried_to_the_last_cent(harbor: World) -> None:
    portland, denver = await harbor.connect("100"), await harbor.connect("200")
    await harbor.sync(portland)
    await harbor.sync(denver)
    assert (await harbor.tally(denver))[PostingState.POSTED][0] == 67

    for fix in fixes(harbor.story):
        for act in fix.acts:
            sim = harbor.intacct if act.simulator == "intacct" else harbor.spend
            await sim.control(act.verb, act.args)
    for connection in (portland, denver):
        failed = await postings.list_postings(harbor.parts.store, connection.id, states=[PostingState.FAILED])
        run = await harbor.sync(connection, retry=[row.id for row in failed])
        assert run.state == RunState.FINISHED, (run.category, run.fault)

    assert (await harbor.tally(portland))[PostingState.POSTED][0] == 123, await harbor.tally(portland)
    assert (await harbor.tally(denver))[PostingState.POSTED] == (76, Decimal("21576.75"))
    assert sum(harbor.booked().values()) == Decimal("61482.17") + Decimal("640.00")
