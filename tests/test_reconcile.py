"""The proof: two hundred of two hundred and no difference, and every way in which the two sides can part."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.intacct.client import IntacctClient, render_posting
from bot.intacct.records import CardTransaction, FoundRecord, PostingLine, paired
from bot.models import Money, PostingState
from bot.sandbox.seed_fixes import fixes
from bot.spend.source import RowProblem
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync import correct
from bot.sync.differences import Difference
from bot.sync.proof import Proof, Sides, compare
from bot.sync.reconcile import SEVERAL_CARDS, reconcile
from tests.test_connection_file import connection
from tests.test_correct import alert_on, desk_of
from tests.test_mapping import bought, terms
from tests.world import TODAY, World

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


# --- the pure part ---


def record(reference: str = "1", total: str = "612.40", **changes: Any) -> FoundRecord:
    row = {
        "RECORDNO": "10301",
        "RECORDID": reference,
        "WHENCREATED": "10/15/2026",
        "TRX_TOTALENTERED": total,
        "CURRENCY": "USD",
        "STATE": "Posted",
        "FINANCIALENTITY": "CC",
    }
    return FoundRecord.from_row(row | changes)


def posting(**changes: Any) -> Posting:
    values: dict[str, Any] = dict.fromkeys(Posting.__slots__, "")
    values |= {"state": PostingState.POSTED, "reference": "1", "date": date(2026, 10, 15), "amount": Decimal("612.40")}
    values |= {
        "id": 7,
        "decision": None,
        "details": None,
        "record_no": "10301",
        "generation": 1,
        "transaction": "txr_1",
    }
    return Posting(**values | changes)


def proof(*records: FoundRecord, row: Posting | None = None, **changes: Any) -> Proof:
    """One purchase of 612.40 on 15 October beside these records."""
    rows = {"txr_1": row} if row else {}
    return compare(Sides(**{"transactions": [bought()], "rows": rows, "records": records} | changes), terms(), connection(card="CC"), FIRST, LAST)  # fmt: skip


def only(found: Proof) -> Difference:
    assert len(found.differences) == 1, found.differences
    return found.differences[0]


def test_what_agrees_is_counted_and_its_totals_too() -> None:
    found = proof(record())

    assert (found.matched, found.differences, found.spend, found.intacct, found.difference) == (
        *(1, (), Decimal("612.40"), Decimal("612.40"), Decimal(0)),
    )


@pytest.mark.parametrize(
    ("row", "kind", "why"),
    [
        (None, "missing", "Not read by a sync yet."),
        (posting(), "missing", "It was posted, and Intacct does not have it any more."),
        (posting(state=PostingState.PENDING), "missing", "Waits for the next sync."),
        (posting(state=PostingState.UNKNOWN), "missing", "It was sent; Intacct is being asked whether it posted."),
        (posting(state=PostingState.IGNORED, decision={"ignored": "personal", "by": "Dana"}), "ignored", "Left out by Dana: personal"),
        (posting(state=PostingState.FAILED, category="config.gl_account", subject="account 6215"), "missing", "Not posted. "),
    ],
)  # fmt: skip
def test_a_transaction_without_a_record_says_why(row: Posting | None, kind: str, why: str) -> None:
    found = only(proof(row=row))

    assert (found.kind, found.spend_amount, found.intacct_amount) == (kind, Decimal("612.40"), None)
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("changes", "row", "kind", "why"),
    [
        ({"total": "612.41"}, None, "amount", "The amounts differ."),
        ({"total": "612.41"}, posting(), "amount", "Changed in Intacct after it was posted."),
        ({"total": "600.00"}, posting(amount=Decimal("600.00")), "amount", "Changed in Spend Center after it was posted with 600.00."),
        ({"CURRENCY": "CAD"}, None, "currency", "Intacct has it in CAD."),
        ({"WHENCREATED": "10/16/2026"}, None, "date", "Intacct has it on 2026-10-16."),
    ],
)  # fmt: skip
def test_a_record_that_says_something_else_is_told(
    changes: dict[str, Any], row: Posting | None, kind: str, why: str
) -> None:
    found = only(proof(record(**changes), row=row))

    assert (found.kind, found.why, found.record) == (kind, why, "10301")


def test_two_records_for_one_transaction_are_a_double_that_shows_in_the_totals() -> None:
    found = proof(record(), record(RECORDNO="10302"))

    assert only(found).kind == "double"
    assert "10301, 10302" in only(found).why
    assert found.difference == Decimal("-612.40")


def reversal(day: str = "11/03/2026", **changes: Any) -> FoundRecord:
    """The record that reverses 10301, as the sheet has the pair (facts/intacct-xml.md section 5.2)."""
    keys = {"REVERSEDKEY": "10301", "REVERSEDDATE": "10/15/2026", "STATE": "Reversal"}
    return record(total="-612.40", RECORDNO="10402", WHENCREATED=day, **keys | changes)


def reversed_(**changes: Any) -> FoundRecord:
    return record(**{"REVERSALKEY": "10402", "REVERSALDATE": "11/03/2026", "STATE": "Reversed"} | changes)


def november(*records: FoundRecord, row: Posting | None = None, **changes: Any) -> Proof:
    """The same purchase of October, and what the proof of November makes of these records."""
    sides = {"transactions": [], "rows": {"txr_1": row or posting()}, "records": records} | changes
    return compare(Sides(**sides), terms(), connection(card="CC"), date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize("state", ["Reversal", "Reversed"])
def test_a_charge_reversed_in_the_next_month_stays_in_its_own_and_the_reversal_counts_in_the_next(state: str) -> None:
    """The original is called Reversal until the day has come, so that only the keys tell the two apart."""
    pair = (reversed_(STATE=state), reversal())

    october, november_ = proof(*pair, row=posting()), november(*pair)

    assert (october.spend, october.intacct, october.matched) == (Decimal("612.40"), Decimal("612.40"), 0)
    assert (november_.spend, november_.intacct, november_.matched) == (Decimal(0), Decimal("-612.40"), 0)
    for found, no, said in (
        (october, "10301", "Record 10301 of Oct 15 was reversed on Nov 3 by record 10402."),
        (november_, "10402", "Belongs to October 2026: the transaction is of Oct 15. Record 10402 reverses record 10301 of Oct 15 on Nov 3."),
    ):  # fmt: skip
        assert (only(found).kind, only(found).record, only(found).why) == ("reversed", no, said)


def test_a_pair_in_one_month_leaves_nothing_in_its_ledger_and_two_keys_are_not_needed_to_see_it() -> None:
    shown = (reversed_(REVERSALDATE="10/20/2026"), reversal("10/20/2026"))
    bare = {"REVERSALKEY": "", "REVERSALDATE": "", "REVERSEDKEY": "", "REVERSEDDATE": ""}
    hidden = paired([reversed_(**bare), reversal("10/20/2026", **bare)])

    for pair in (shown, hidden):
        found = proof(*pair, row=posting())
        assert (only(found).kind, only(found).intacct_amount, found.intacct) == ("reversed", None, Decimal(0))


@pytest.mark.parametrize("total", ["-612.40", "612.40"])
def test_a_reversing_record_undoes_its_original_however_its_own_total_is_signed(total: str) -> None:
    """Which sign XML shows there is not published."""
    found = november(reversed_(), reversal(TRX_TOTALENTERED=total))

    assert found.intacct == Decimal("-612.40")


def test_a_row_posted_again_in_the_next_month_is_told_in_both_with_what_still_stands_in_each() -> None:
    again = record("1-2", "600.00", RECORDNO="10403", WHENCREATED="11/03/2026")
    row = posting(generation=2, reference="1-2", record_no="10403", decision={"date": "2026-11-03", "by": "Lee Okafor"})
    numbers = {7: frozenset({"10301", "10402", "10403"})}
    bill = [bought(amount=Money(Decimal("600.00"), "USD"))]

    october = proof(reversed_(), reversal(), again, row=row, transactions=bill, numbers=numbers)
    november_ = november(reversed_(), reversal(), again, row=row, numbers=numbers)

    assert (october.spend, october.intacct) == (Decimal("600.00"), Decimal("612.40"))
    assert november_.intacct == Decimal("-12.40")
    assert (only(october).kind, only(october).record) == ("month", "10403")
    assert (
        "dated Nov 3, posted on that day by Lee Okafor. Record 10301 of Oct 15 was reversed on Nov 3"
        in only(october).why
    )
    assert (only(november_).kind, only(november_).intacct_amount) == ("month", Decimal("-12.40"))


def test_a_draft_is_not_in_the_ledger() -> None:
    found = proof(record(STATE="Draft"), row=posting())

    assert (only(found).kind, found.intacct, found.matched) == ("draft", Decimal(0), 0)
    stray = proof(record(), record("HAND", "9.00", RECORDNO="10399", STATE="Draft"), row=posting())
    assert (stray.differences, stray.intacct) == ((), Decimal("612.40"))
    assert "10399" in stray.remarks[0]


def test_a_record_on_another_card_is_not_in_this_ones_ledger() -> None:
    found = proof(record(FINANCIALENTITY="AMEX"), row=posting())

    assert (only(found).kind, found.intacct) == ("card", Decimal(0))


def test_a_record_is_followed_by_its_number_when_its_reference_was_edited() -> None:
    found = proof(record("HAND-7"), row=posting())

    assert (only(found).kind, only(found).record, found.difference) == ("reference", "10301", Decimal(0))


def test_a_row_left_out_is_no_agreement_even_where_intacct_has_it() -> None:
    out = posting(state=PostingState.IGNORED, decision={"ignored": "personal", "by": "Dana"})

    found = proof(record(), row=out)

    assert (found.matched, only(found).kind) == (0, "ignored")
    assert only(found).why == "Left out by Dana: personal. Intacct has it all the same, record 10301."


def test_a_date_that_a_person_moved_agrees_within_its_month() -> None:
    found = proof(record(WHENCREATED="10/20/2026"), row=posting(decision={"date": "2026-10-20"}))

    assert (found.matched, found.differences) == (1, ())


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ({"by": "Lee Okafor", "dated_by": "Lee Okafor"}, "posted on that day by Lee Okafor."),
        ({"by": "Dana", "coding": {"department": "20"}, "dated_by": "Lee Okafor"}, "posted on that day by Lee Okafor."),
        ({"by": "Dana", "coding": {"department": "20"}, "dated_by": ""}, "posted on that day as this connection is set to do."),
        ({"by": "Lee Okafor"}, "posted on that day by Lee Okafor."),  # written by the version before
        ({"by": "Dana", "coding": {"department": "20"}}, "posted on that day as a person decided."),
        ({"by_hand": {"by": "Lee Okafor", "date": "2026-11-01"}}, "entered by hand, marked by Lee Okafor."),
    ],
)  # fmt: skip
def test_who_chose_another_day_is_said_and_not_who_chose_a_coding(decision: dict[str, Any], said: str) -> None:
    row = posting(decision={"date": "2026-11-01", **decision})

    found = only(proof(record(WHENCREATED="11/01/2026"), row=row))

    assert (found.kind, found.why) == ("month", f"Its record is dated Nov 1, {said}")


def test_a_row_that_a_person_moved_to_the_next_month_is_named_in_both_and_counted_where_it_stands() -> None:
    row = posting(decision={"date": "2026-11-01", "by": "Lee Okafor"})
    later = record(WHENCREATED="11/01/2026")

    october, november_ = proof(later, row=row), november(later, row=row)

    assert (october.matched, october.spend, october.intacct) == (0, Decimal("612.40"), Decimal(0))
    assert (november_.matched, november_.spend, november_.intacct) == (0, Decimal(0), Decimal("612.40"))
    assert (only(october).kind, only(october).why) == (
        *("month", "Its record is dated Nov 1, posted on that day by Lee Okafor."),
    )
    assert (only(november_).kind, only(november_).why) == (
        *("month", "Belongs to October 2026: the transaction is of Oct 15."),
    )


@pytest.mark.parametrize(
    ("changes", "sides", "counts"),
    [
        ({}, {}, True),
        ({"FINANCIALENTITY": "AMEX"}, {}, False),
        ({"FINANCIALENTITY": ""}, {}, False),
        ({"FINANCIALENTITY": ""}, {"only_card": True}, True),
        ({"FINANCIALENTITY": "", "MEGAENTITYID": "200"}, {"only_card": True}, False),
        ({"STATE": "Draft"}, {}, False),
        ({}, {"others": {"10399": ""}}, False),
    ],
)
def test_a_record_made_by_hand_is_an_extra_only_where_it_is_this_cards(
    changes: dict[str, Any], sides: dict[str, Any], counts: bool
) -> None:
    made = record("HAND-1", "25.00", RECORDNO="10399", **changes)

    found = compare(
        Sides(**{"transactions": [bought()], "rows": {}, "records": [record(), made]} | sides),
        *(terms(), connection(card="CC"), FIRST, LAST),
    )

    assert [one.kind for one in found.differences] == (["extra"] if counts else [])
    assert found.difference == (Decimal("-25.00") if counts else 0)


def test_a_posting_whose_transaction_is_gone_from_the_source_is_an_extra_of_ours() -> None:
    found = only(proof(record(), transactions=[], row=posting()))

    assert found.kind == "extra"
    assert "does not show" in found.why


def test_rows_that_cannot_be_read_forbid_a_clean_proof() -> None:
    found = proof(record(), problems=[RowProblem("txr_9", "Its amount is no number.")])

    assert (found.matched, only(found).kind, only(found).transaction) == (1, "unread", "txr_9")


# --- the whole story ---


async def all_posted(harbor: World) -> list[Connection]:
    """Both entities synced, every failure mended, everything retried, the refund answered."""
    both = [await harbor.connect("100"), await harbor.connect("200")]
    for one in both:
        await harbor.sync(one)
    for fix in fixes(harbor.story):
        for act in fix.acts:
            await (harbor.intacct if act.simulator == "intacct" else harbor.spend).control(act.verb, act.args)
    store = harbor.parts.store
    for one in both:
        held = await postings.list_postings(store, one.id, states=[PostingState.HELD], category="held.refund")
        await postings.move(
            store,
            [row.id for row in held],
            source=[PostingState.HELD],
            target=PostingState.PENDING,
            now=harbor.clock(),
            decision={"refund": "negative"},
            category="",
        )
        failed = await postings.list_postings(store, one.id, states=[PostingState.FAILED])
        await harbor.sync(one, retry=[row.id for row in failed])
    return [await _fresh(harbor, one) for one in both]


async def _fresh(harbor: World, one: Connection) -> Connection:
    found = await connections.get_connection(harbor.parts.store, one.id)
    assert found is not None
    return found


async def proofs(harbor: World, both: list[Connection]) -> list[Proof]:
    first = harbor.story.calendar.first
    return [await reconcile(harbor.parts.reach, one, first, TODAY) for one in both]


async def test_after_the_story_two_hundred_agree_and_nothing_differs(harbor: World) -> None:
    both = await all_posted(harbor)

    found = await proofs(harbor, both)

    assert [one.matched for one in found] == [124, 76]
    assert [one.differences for one in found] == [(), ()]
    assert sum(one.spend for one in found) == sum(one.intacct for one in found) == Decimal("61482.17")
    assert all(one.difference == 0 for one in found)


async def test_months_add_up_to_the_whole(harbor: World) -> None:
    [portland, _] = await all_posted(harbor)
    first = harbor.story.calendar.first
    cut = first + timedelta(days=14)

    early = await reconcile(harbor.parts.reach, portland, first, cut)
    late = await reconcile(harbor.parts.reach, portland, cut + timedelta(days=1), TODAY)

    assert early.matched + late.matched == 124
    assert early.spend + late.spend == Decimal("39905.42")
    assert early.differences == late.differences == ()


async def _by_hand(harbor: World, one: Connection) -> IntacctClient:
    company = await connections.get_company(harbor.parts.store, one.company)
    return await harbor.parts.reach.intacct(company)


async def test_what_people_change_on_either_side_is_found_to_the_record(harbor: World) -> None:
    [portland, denver] = await all_posted(harbor)
    store, books = harbor.parts.store, harbor.intacct.gateway.company
    posted = await postings.list_postings(store, portland.id, states=[PostingState.POSTED])
    edited, deleted, turned = posted[:3]
    client = await _by_hand(harbor, portland)
    made = CardTransaction(
        card=portland.card,
        date=harbor.story.calendar.first + timedelta(days=3),
        reference="HAND-1",
        lines=(PostingLine(amount=Decimal("25.00"), account="6430", department="20", location="100"),),
    )
    await client.record_batch([("hand-1", render_posting("hand-1", made))], entity="100")
    ledger = {str(row["RECORDNO"]): row for row in books.rows("CCTRANSACTION")}
    ledger[edited.record_no]["TRX_TOTALENTERED"] = edited.amount + 1
    books.delete("CCTRANSACTION", ledger[deleted.record_no])
    await client.reverse("turn-1", turned.record_no, turned.date, "by hand", entity="100")

    first = harbor.story.calendar.first
    found = await reconcile(harbor.parts.reach, portland, first, TODAY)

    told = {one.kind: one for one in found.differences}
    assert sorted(told) == ["amount", "extra", "missing", "reversed"]
    assert (told["amount"].record, told["amount"].why) == (edited.record_no, "Changed in Intacct after it was posted.")
    assert told["extra"].intacct_amount == Decimal("25.00")
    assert told["missing"].transaction == deleted.transaction
    assert told["reversed"].transaction == turned.transaction
    assert found.matched == 121
    assert found.difference == deleted.amount + turned.amount - 1 - Decimal("25.00")
    assert (await reconcile(harbor.parts.reach, denver, first, TODAY)).differences == ()


async def test_four_rows_moved_to_the_first_open_day_are_not_in_octobers_ledger_and_novembers_says_whose_they_are(
    harbor: World,
) -> None:
    """Denver's Cash Management is closed through October; Lee Okafor posts its four rows on the first open day."""
    denver, desk = await harbor.connect("200"), desk_of(harbor)
    await harbor.sync(denver)
    alert = await alert_on(harbor, desk, denver.id, "period.closed")
    late = await postings.list_postings(harbor.parts.store, denver.id, category="period.closed")
    assert len(late) == 4

    await correct.redate(desk, alert, date(2026, 11, 1), "U0LEE", "Lee Okafor")

    records = {str(row["RECORDNO"]): row for row in harbor.intacct.gateway.company.rows("CCTRANSACTION")}
    october = await reconcile(harbor.parts.reach, denver, FIRST, LAST)
    november = await reconcile(harbor.parts.reach, denver, date(2026, 11, 1), date(2026, 11, 30))
    here = [one for one in october.differences if one.kind == "month"]
    there = [one for one in november.differences if one.kind == "month"]
    assert {one.transaction for one in here} == {one.transaction for one in there} == {row.transaction for row in late}
    assert {one.why for one in here} == {"Its record is dated Nov 1, posted on that day by Lee Okafor."}
    assert all(one.why.startswith("Belongs to October 2026: the transaction is of Oct 3") for one in there)
    for one in (*here, *there):
        assert records[one.record]["WHENCREATED"] == date(2026, 11, 1)
    moved = sum((records[one.record]["TRX_TOTALENTERED"] for one in there), Decimal(0))
    assert sum((one.spend_amount or Decimal(0) for one in here), Decimal(0)) == moved
    assert {one.intacct_amount for one in here} == {one.spend_amount for one in there} == {None}
    for proof, month in ((october, 10), (november, 11)):
        mine = [row for row in records.values() if row["card"] == denver.card and row["WHENCREATED"].month == month]
        assert proof.intacct == sum((row["TRX_TOTALENTERED"] for row in mine), Decimal(0))


async def test_what_is_ignored_or_not_synced_yet_stands_in_the_proof_with_its_reason(harbor: World) -> None:
    portland = await harbor.connect("100")
    before = await reconcile(harbor.parts.reach, portland, harbor.story.calendar.first, TODAY)
    await harbor.sync(portland)
    store = harbor.parts.store
    [refund] = await postings.list_postings(store, portland.id, states=[PostingState.HELD])
    await postings.move(
        store,
        [refund.id],
        source=[PostingState.HELD],
        target=PostingState.IGNORED,
        now=harbor.clock(),
        decision={"ignored": "settled by cheque", "by": "Dana Whitfield"},
    )

    after = await reconcile(harbor.parts.reach, portland, harbor.story.calendar.first, TODAY)

    assert (before.matched, before.intacct) == (0, Decimal(0))
    assert {one.why for one in before.differences} == {"Not read by a sync yet."}
    assert (after.matched, len(after.differences)) == (80, 44)
    ignored = [one for one in after.differences if one.kind == "ignored"]
    assert [one.why for one in ignored] == ["Left out by Dana Whitfield: settled by cheque"]
    assert after.difference == sum((one.spend_amount or Decimal(0) for one in after.differences), Decimal(0))


async def test_with_several_cards_and_none_shown_the_proof_says_what_it_does_not_look_for(harbor: World) -> None:
    books = harbor.intacct.gateway.company
    books.absent_fields["CCTRANSACTION"] = frozenset({"FINANCIALENTITY"})
    [portland, _] = await all_posted(harbor)
    card = {**next(row for row in books.rows("CREDITCARD") if row["CARDID"] == portland.card)}
    books.insert("CREDITCARD", {**card, "CARDID": "AMEX-01", "LIABACCTKEY": "2010"})

    [found, _] = await proofs(harbor, [portland, portland])

    assert found.remarks == (SEVERAL_CARDS,)
    assert found.differences == ()
