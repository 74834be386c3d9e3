"""Real processes and real kill -9, at every step between a person's wish to reverse and the posting that follows."""

from __future__ import annotations

from collections import Counter

from bot.models import PostingState
from bot.store import reversals
from bot.store.postings import CHANGED, Posting
from tests.child import KILLED
from tests.moved import few_cards, ledger  # noqa: F401  # few_cards is the fixture `harbor`
from tests.world import World
from tests.yard import Yard, yard_of

ATTEMPTS, REVERSALS = "bot.store.attempts", "bot.store.reversals"
STEPS = [
    (REVERSALS, "agree", "before", 1),
    (REVERSALS, "agree", "after", 1),
    (REVERSALS, "claim", "before", 1),
    (REVERSALS, "claim", "after", 1),
    ("bot.intacct.client", "IntacctClient.record_batch", "after", 1),
    (REVERSALS, "keep", "after", 1),
    (REVERSALS, "settle", "before", 1),
    (REVERSALS, "settle", "after", 1),
    (ATTEMPTS, "claim", "after", 1),
    (ATTEMPTS, "settle", "before", 1),
]


async def test_a_reversal_killed_at_any_step_happens_once_and_its_transaction_posts_again_once(harbor: World) -> None:
    """Ten purchases, each changed and reversed by a run that dies at another step; nothing is written twice meanwhile."""
    yard = await yard_of(harbor)
    assert await yard.sync() == 0
    rows = await yard.rows()
    deaths = 0
    for row, step in zip(rows, STEPS, strict=True):
        await asked(harbor, yard, row)
        deaths += await yard.sync(die=step) == KILLED
        nothing_twice(harbor)
        harbor.clock.pass_(minutes=7)
    assert deaths == len(STEPS), "the steps are where runs go by"

    for _ in range(6):
        harbor.clock.pass_(minutes=21)
        assert await yard.sync() == 0
        nothing_twice(harbor)
    done = await yard.rows()
    assert {(row.state, row.category, row.generation) for row in done} == {(PostingState.POSTED, "", 2)}
    posted = {one["reference"]: one["total"] for one in ledger(harbor) if one["state"] == "Posted"}
    assert posted == {row.reference: f"{row.amount:.2f}" for row in done}
    assert Counter(one["state"] for one in ledger(harbor)) == {"Posted": 10, "Reversed": 10, "Reversal": 10}


async def asked(harbor: World, yard: Yard, row: Posting) -> None:
    """The purchase changes, a sync sees it, and a person wants it reversed and posted again."""
    changed = {"uuid": row.transaction, "merchant": row.merchant}
    if len(row.read().lines) == 1:
        changed["amount"] = f"{row.amount + 1:.2f}"
    else:  # the parts of a split are what they are; its day is moved
        changed["date"] = "2026-10-29"
    await harbor.spend.control("edit_transaction", changed)
    assert await yard.sync() == 0
    now = next(one for one in await yard.rows() if one.id == row.id)
    said = now.details or {}
    assert (now.state, now.category) == (PostingState.POSTED, CHANGED), now
    wish = {"then": said["then"], "fingerprint": said["fingerprint"], "day": row.date.isoformat()}
    wish |= {"again": said["day"], "by": "Dana Whitfield", "actor": "U0DANA", "alert": "0"}
    assert await reversals.ask(harbor.parts.store, now, wish, harbor.clock())


def nothing_twice(harbor: World) -> None:
    """No reference is posted or reversed twice, and no new generation stands beside a record that is not reversed."""
    found = Counter((one["reference"], one["state"]) for one in ledger(harbor))
    assert max(found.values()) == 1, found
    for reference, state in found:
        if state == "Posted" and reference.endswith("-2"):
            assert found[reference.removesuffix("-2"), "Reversed"] == 1, f"{reference} beside what it replaces"
