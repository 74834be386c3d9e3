"""What a rule coded is written to Spend Center too: counted, gone on with after a broken line, and only where it was missing."""

from __future__ import annotations

from datetime import timedelta

from bot.models import PostingState
from bot.store import alerts, connections, postings, rules
from bot.sync import correct
from bot.sync.write_rules import WriteRules
from tests.test_correct import Promises, alert_on, desk_of
from tests.test_rules import kept
from tests.world import World


async def test_what_a_rule_coded_is_written_and_the_locked_ones_are_counted(harbor: World) -> None:
    portland, store, desk = await harbor.connect("100"), harbor.parts.store, desk_of(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    rule = await kept(harbor, portland)
    harbor.parts.runner.engine = desk.engine

    await desk.retry(alert, "U0LEE")

    touched = await rules.touched(store, rule.id)
    outcomes = list((await rules.written(store, [row.id for row in touched])).values())
    assert (outcomes.count(rules.YES), outcomes.count(rules.LOCKED), len(touched)) == (35, 2, 37)
    assert await rules.unwritten(store, portland.id, harbor.clock() - timedelta(days=1)) == []
    await WriteRules(harbor.parts.runner)(0, connection_id=portland.id)  # the first ran before the click was noted
    story = (await alerts.get(store, alert)).story  # type: ignore[union-attr]  # it was there above
    assert [(line["written"], line["locked"]) for line in story if line["did"] == "write back"] == [(35, 2)]
    assert sum("20 - Sales" in values_of(harbor, row.transaction) for row in touched) == 35
    await harbor.sync(portland)
    assert (await harbor.tally(portland))[PostingState.POSTED][0] == 117
    assert not [row for row in await rules.touched(store, rule.id) if row.category]  # it is no change of the source


async def test_writing_goes_on_where_the_line_broke(harbor: World) -> None:
    portland, store, promises = await harbor.connect("100"), harbor.parts.store, Promises(harbor)
    await kept(harbor, portland)
    promises.breaks_after = 25
    harbor.parts.runner.engine = desk_of(harbor, promises).engine

    await harbor.sync(portland)

    assert promises.done.count("write_rules") == 2
    posted = await postings.list_postings(store, portland.id, states=[PostingState.POSTED])
    outcomes = list((await rules.written(store, [row.id for row in posted])).values())
    assert (outcomes.count(rules.YES), outcomes.count(rules.LOCKED)) == (35, 2)


async def test_a_rule_that_stays_out_of_spend_center_changes_nothing_there(harbor: World) -> None:
    portland, store = await harbor.connect("100"), harbor.parts.store
    rule = await kept(harbor, portland, writes_back=False)
    harbor.parts.runner.engine = desk_of(harbor).engine

    await harbor.sync(portland)

    touched = await rules.touched(store, rule.id)
    assert len(touched) == 37
    assert not [row for row in touched if "20 - Sales" in values_of(harbor, row.transaction)]


async def test_of_a_split_only_the_line_that_was_coded_is_written(harbor: World) -> None:
    portland = await harbor.connect("100")
    made = await split(harbor)
    await kept(harbor, portland)
    harbor.parts.runner.engine = desk_of(harbor).engine

    await harbor.sync(portland)

    assert await departments(harbor, made) == [{"20 - Sales"}, {"70 - IT"}]


async def test_of_a_split_a_persons_choice_is_written_to_the_line_without_one(harbor: World) -> None:
    portland, desk = await harbor.connect("100"), desk_of(harbor)
    made = await split(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")

    await correct.code(desk, alert, "20", "U0LEE", "Lee Okafor")

    assert await departments(harbor, made) == [{"20 - Sales"}, {"70 - IT"}]


async def split(at: World) -> str:
    """A purchase of two lines, of which the first has no department."""
    lines = [
        {"amount": "20.00", "fields": {"GL Account": "6420 - Travel", "Location": "100 - Portland"}},
        {
            "amount": "30.00",
            "fields": {"GL Account": "6210 - Software", "Location": "100 - Portland", "Department": "70 - IT"},
        },
    ]
    bill = {"card": "4417", "amount": "50.00", "merchant": "Split & Co", "date": "2026-11-04", "lines": lines}
    return str((await at.spend.control("add_transaction", bill))["transaction"]["uuid"])


async def departments(at: World, transaction: str) -> list[set[str]]:
    """What stands in Spend Center for each line now."""
    [connection] = await connections.list_connections(at.parts.store)
    now = await (await at.parts.reach.source(connection)).transaction(transaction)
    assert now is not None
    return [{one.value for one in line.codings if one.field == "Department"} for line in now.lines]


def values_of(at: World, transaction: str) -> list[str]:
    """What stands in the fields of a transaction in Spend Center."""
    row = next(one for one in at.spend.books.transactions if one["uuid"] == transaction)
    return [value["value"] for field in row["customFields"] for value in field["selectedValues"]]
