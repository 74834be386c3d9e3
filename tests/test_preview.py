"""The preview: foreseen from lists, under the keys that the real failures get; nothing is written anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.intacct.records import AccountRecord, CreditCard, PostingLine
from bot.models import Dimension, PostingState, Selector
from bot.sandbox.seed_fixes import fixes
from bot.store import postings
from bot.store.connections import Connection
from bot.sync.preview import Lists, Preview, PreviewRow, foresee, judge, preview, remarks_of, summary
from tests.test_mapping import bought, terms
from tests.world import World

CARD = CreditCard.from_row({"CARDID": "Spend Center CC Object", "STATUS": "active", "LIABACCTKEY": "2150"})


def account(number: str, status: str = "active", **required: str) -> AccountRecord:
    row = {"ACCOUNTNO": number, "TITLE": f"Account {number}", "STATUS": status, **required}
    return AccountRecord.from_row(row)


def lists(*accounts: AccountRecord, **changes: Any) -> Lists:
    values: dict[str, Any] = {"accounts": {one.account_no: one for one in accounts}, "card": CARD}
    return Lists(**values | changes)


def line(number: str = "6420", **changes: str) -> PostingLine:
    values: dict[str, Any] = {"amount": Decimal(1), "account": number, "location": "100"}
    return PostingLine(**values | changes)


@pytest.mark.parametrize(
    ("one", "known", "key"),
    [
        (line(), lists(account("6420")), None),
        (line(), lists(), ("config.gl_account", "account 6420")),
        (line(), lists(account("6420", "inactive")), ("config.gl_account", "account 6420")),
        (line(), lists(account("6420"), offsets={"6420": "AMEX"}), ("config.gl_restricted", "account 6420")),
        (line(), lists(account("6420", SUBLEDGERCONTROLON="true")), ("config.gl_restricted", "account 6420")),
        (line(), lists(account("6420", REQUIREDEPT="true")), ("dimension.required", "6420 department")),
        (line(department="20"), lists(account("6420", REQUIREDEPT="true")), None),
        (line(), lists(account("6420", REQUIRECLASS="true")), ("dimension.required", "6420 class")),
        (line(class_="A"), lists(account("6420", REQUIRECLASS="true")), None),
        (line(), lists(account("6420"), active={Dimension.LOCATION: {"100": True}}), None),
        (line(), lists(account("6420"), active={Dimension.LOCATION: {"100": False}}), ("dimension.invalid", "location 100")),
        (line(), lists(account("6420"), active={Dimension.LOCATION: {}}), ("dimension.invalid", "location 100")),
        (line(project="P"), lists(account("6420"), active={Dimension.PROJECT: {"P": False}}), ("dimension.invalid", "project P")),
        (line(vendor="V"), lists(account("6420"), active={Dimension.VENDOR: {}}), ("vendor.invalid", "vendor V")),
    ],
)  # fmt: skip
def test_what_lists_tell_is_foreseen_with_its_key(one: PostingLine, known: Lists, key: tuple[str, str] | None) -> None:
    found = foresee(one, known)

    assert (found and (found.category, found.subject)) == key


def test_a_card_that_is_gone_or_inactive_stands_in_the_way_of_everything() -> None:
    gone = judge(bought(), terms(), lists(account("6420"), card=None))
    off = judge(bought(), terms(), lists(account("6420"), card=replace(CARD, status="inactive")))

    for found in (gone, off):
        assert found is not None
        assert (found.category, found.subject) == ("config.card_account", "card Spend Center CC Object")
    assert judge(bought(), terms(), lists(account("6420"))) is None


def test_money_of_another_currency_than_the_books_is_told_before_anything_posts() -> None:
    found = judge(bought(), terms(base_currency="CAD"), lists(account("6420")))

    assert found is not None
    assert (found.subject, found.detail("base")) == ("USD", "CAD")
    assert judge(bought(), terms(base_currency="USD"), lists(account("6420"))) is None


def test_causes_are_grouped_most_rows_first_with_their_totals() -> None:
    needs = foresee(line(), lists(account("6420", REQUIREDEPT="true")))
    gone = foresee(line("6215"), lists())

    def row(uuid: str, amount: str, verdict: Any) -> PreviewRow:
        state = PostingState.FAILED if verdict else PostingState.PENDING
        return PreviewRow(uuid, state, Decimal(amount), "USD", date(2026, 10, int(uuid)), verdict)

    seen = summary(
        [row("1", "5.00", gone), row("2", "1.10", needs), row("3", "2.20", needs), row("4", "9.99", None)],
        {"before the start": 3},
        "USD",
        {"6420": "6420 Travel"},
    )

    assert seen.would_post == (1, Decimal("9.99"))
    assert [(one.n, one.total) for one in seen.would_not] == [(2, Decimal("3.30")), (1, Decimal("5.00"))]
    assert "6420 Travel" in seen.would_not[0].words.why
    assert (seen.first, seen.last) == (date(2026, 10, 1), date(2026, 10, 4))


def test_lists_that_may_not_be_read_are_named() -> None:
    unread = lists(account("6420"), unread=(Dimension.PROJECT, Dimension.VENDOR))

    assert remarks_of([], unread) == ("Not checked, since this user may not list them: project, vendor.",)


def keys(seen: Preview) -> set[tuple[str, str, int, Decimal]]:
    return {(one.verdict.category, one.verdict.subject, one.n, one.total) for one in seen.would_not}


async def met(harbor: World, connection: Connection) -> set[tuple[str, str, int, Decimal]]:
    """The causes that a real sync meets."""
    await harbor.sync(connection)
    causes = await postings.causes(harbor.parts.store, connection.id)
    return {(one.category, one.subject, one.n, one.total) for one in causes}


async def test_portland_is_foreseen_to_the_cent_and_under_the_keys_of_the_real_failures(harbor: World) -> None:
    portland = await harbor.connect("100")

    seen = await preview(harbor.parts.reach, portland)

    assert seen.would_post == (80, Decimal("29942.82"))
    assert sum(one.n for one in seen.would_not) == 44
    assert len(seen.would_not) == 3
    assert harbor.booked() == {}
    assert await harbor.tally(portland) == {}
    assert keys(seen) == await met(harbor, portland)


async def test_denver_is_foreseen_but_for_the_closed_period_which_a_remark_says(harbor: World) -> None:
    denver = await harbor.connect("200")

    seen = await preview(harbor.parts.reach, denver)

    assert sum(one.n for one in seen.would_not) == 5
    assert any("period is closed" in one for one in seen.remarks)
    real = await met(harbor, denver)
    assert keys(seen) < real
    assert {category for category, *_ in real - keys(seen)} == {"period.closed"}


async def test_after_a_sync_only_what_is_open_is_foreseen_and_after_the_fixes_all_of_it_posts(harbor: World) -> None:
    portland = await harbor.connect("100")
    await harbor.sync(portland)

    between = await preview(harbor.parts.reach, portland)
    for fix in fixes(harbor.story):
        for act in fix.acts:
            await (harbor.intacct if act.simulator == "intacct" else harbor.spend).control(act.verb, act.args)
    after = await preview(harbor.parts.reach, portland)

    assert between.would_post == (0, Decimal(0))
    assert sum(one.n for one in between.would_not) == 44
    assert after.would_post[0] == 43
    assert {one.verdict.category for one in after.would_not} == {"held.refund"}


async def test_what_another_connection_has_is_not_promised_twice(harbor: World) -> None:
    portland = await harbor.connect("100")
    await harbor.sync(portland)
    double = await harbor.connect("100", name="Again", selector=Selector())

    seen = await preview(harbor.parts.reach, double)

    assert seen.skipped["posted by another connection"] == 124


async def test_an_answered_question_is_not_asked_again(harbor: World) -> None:
    portland = await harbor.connect("100")
    await harbor.sync(portland)
    store = harbor.parts.store
    [refund] = await postings.list_postings(store, portland.id, states=[PostingState.HELD])
    await postings.move(
        store,
        [refund.id],
        source=[PostingState.HELD],
        target=PostingState.PENDING,
        now=harbor.clock(),
        decision={"refund": "negative"},
    )

    seen = await preview(harbor.parts.reach, portland)

    assert seen.would_post == (1, Decimal("-640.00"))
