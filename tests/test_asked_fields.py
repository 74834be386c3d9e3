"""Every field that the bot asks Intacct for, seen at the simulator's wire, beside the recorded field dictionary.

A query for one field that a company does not have fails as a whole, and a reader that takes a refusal for "may not be
read" would hide it. So every question is held to the recording, the refused ones too, and once more in a company where
`lookup` is refused and nothing can be left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.models import Dimension, StepState
from bot.sandbox.intacct import errors
from bot.sandbox.intacct.calls import FUNCTIONS, Answer, Call
from bot.store import postings
from bot.sync import correct, link
from bot.sync.desk import Desk
from bot.sync.preview import preview
from bot.sync.reconcile import reconcile
from bot.walkthrough import progress
from bot.walkthrough.drift import Drift
from tests.recorded import fields, values
from tests.test_walkthrough_spending import connect, keep_proposals, wanted
from tests.walkthrough_bench import DANA, Harbor, harbor, states
from tests.world import world

Asked = set[tuple[str, str]]
NOT_RECORDED = {"CHECKINGACCOUNT": {"BANKACCOUNTID", "GLACCOUNTNO", "RECORDNO"}}
"""CHECKINGACCOUNT is not in the dictionary; recorded elsewhere, with GLACCOUNTNO as an account number."""
PRIVILEGES = {"off": "Off", "limited": "Limited", "full": "Full"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """(object, field) of all selects, filters and orders that reached the simulator."""
    seen: Asked = set()
    answer = FUNCTIONS["query"]

    def query(call: Call) -> Answer:
        name = call.text("object").strip()
        seen.update((name, (part.text or "").strip()) for part in call.element.iter("field"))
        return answer(call)

    monkeypatch.setitem(FUNCTIONS, "query", query)
    return seen


@pytest.fixture
def no_lookup(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def refuse() -> None:
        def lookup(call: Call) -> Answer:
            raise errors.Refusal(errors.forbidden("LOOKUP", call.text("object")))

        monkeypatch.setitem(FUNCTIONS, "lookup", lookup)

    return refuse


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path) as made:
        yield made


def unknown(asked: Asked) -> Asked:
    """What was asked for and is in no recording."""
    objects = {name for name, _ in asked} - set(NOT_RECORDED)
    known = {name: set(fields(name)) for name in objects} | NOT_RECORDED
    return {(name, field) for name, field in asked if field not in known[name]}


@pytest.mark.parametrize("lookup", [True, False])
async def test_a_set_up_is_finished_and_asks_for_recorded_fields_only(
    town: Harbor, asked: Asked, no_lookup: Callable[[], None], lookup: bool
) -> None:
    if not lookup:
        no_lookup()

    walk = await town.comes_to_spend_center()
    offered = await town.talk.ledger.choosable(walk.id, DANA)
    walk = await keep_proposals(town, await connect(town, walk))
    walk = await town.talk.spending.choose(walk.id, DANA, wanted())

    assert offered
    assert {number for number, state in states(walk).items() if state is StepState.DONE} == set(range(1, 10))
    assert {"GLACCOUNT", "CREDITCARD", "LOCATION", "USERINFO", "VENDOR"} <= {name for name, _ in asked}
    assert unknown(asked) == set()
    assert {("CREDITCARD", "LOCATION#"), ("CREDITCARD", "DEPT#")}.isdisjoint(asked)


@pytest.mark.parametrize("lookup", [True, False])
async def test_preview_run_proof_and_daily_look_ask_for_recorded_fields_only(
    tmp_path: Path, asked: Asked, no_lookup: Callable[[], None], lookup: bool
) -> None:
    if not lookup:
        no_lookup()
    async with world(tmp_path) as far:
        far.clock.pass_(hours=1)
        portland = await far.connect("100")
        desk = Desk(far.parts.reach, far.parts.runner, None)  # type: ignore[arg-type]  # a list promises no job
        await preview(far.parts.reach, portland)
        run = await far.sync(portland)
        await reconcile(far.parts.reach, portland, far.story.calendar.first, far.story.calendar.closed)
        await Drift(far.parts.runner, None).look(portland)  # type: ignore[arg-type]  # a look keeps no promises
        for dimension in Dimension:
            await correct.listed(desk, portland, dimension, "")
        [row, *_] = [one for one in await postings.list_postings(far.parts.store, portland.id) if one.record_no]
        await link.link(far.parts.reach, portland, row)

    assert run.posted == 80
    assert {"CCTRANSACTION", "EMPLOYEE", "PROJECT"} <= {name for name, _ in asked}
    assert unknown(asked) == set()


@pytest.mark.parametrize("said", PRIVILEGES)
async def test_the_words_for_admin_privileges_are_read_as_recorded_and_none_stops_a_set_up(
    town: Harbor, said: str
) -> None:
    """Recorded: `false`, `true`, `Full`, and `true` is *limited*."""
    assert values("USERINFO", "ADMIN") == ("false", "true", "Full")
    await town.lets_the_app_in()
    password = await town.adds_the_user(admin=said)
    await town.gives_the_role()

    walk = await town.signs_in(await town.opens(), password)

    sentences = [check.sentence for check in progress.checks_of(walk, 3)]
    assert states(walk)[3] is StepState.DONE
    assert any(f"*{PRIVILEGES[said]}* is fine" in one for one in sentences) is (said != "full")
