"""Postings over the wire: what each way of losing, refusing or answering proves, and what happens next."""

from __future__ import annotations

import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intacct.batches import Lost, NotSent, Recorded, Refused
from bot.intacct.client import IntacctClient, render_posting
from bot.intacct.errors import (
    BlindLookup,
    Busy,
    ControlFailure,
    FunctionFailure,
    TransportFailure,
    Unreachable,
)
from bot.intacct.records import Attachment, AttachmentFile, CardTransaction, PostingLine, Role
from bot.models import Level, Operation
from tests.intacct_gateway import (
    SIGN_IN,
    Asked,
    Clock,
    Reply,
    ScriptedGateway,
    authentication_failure,
    control_failure,
    data,
    document,
    errors,
    failed,
    gateway,
    hang_up,
    invalid_session,
    raw,
    recorded,
    result,
    says,
    xml,
)
from tests.intacct_gateway import settings as gateway_settings


def posting(controlid: str) -> tuple[str, str]:
    line = PostingLine("6120", Decimal("41.20"), location="100")
    return controlid, render_posting(controlid, CardTransaction("CC", date(2026, 10, 5), (line,), reference=controlid))


BATCH = [posting("cc-a"), posting("cc-b")]


@pytest.fixture
async def far_end() -> AsyncIterator[ScriptedGateway]:
    async with gateway() as scripted:
        yield scripted


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def intacct(far_end: ScriptedGateway, clock: Clock) -> AsyncIterator[IntacctClient]:
    async with IntacctClient(
        gateway_settings(far_end.url), SIGN_IN, sleep=clock.sleep, monotonic=clock.monotonic
    ) as client:
        yield client


# --- answered ---------------------------------------------------------------------------------------------------------


async def test_one_request_carries_the_batch_and_each_posting_its_own_id(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(recorded(7001))
    assert await intacct.record_batch(BATCH) == [Recorded("cc-a", "7001"), Recorded("cc-b", "7002")]
    sent = far_end.asked[1]
    assert sent.ids == ["cc-a", "cc-b"]
    assert sent.text("control/uniqueid") == "true"
    operation = sent.document.find("operation")
    assert operation is not None
    assert operation.get("transaction") == "false"
    assert all(function.encode() in sent.body for _, function in BATCH)


async def test_results_in_another_order_find_their_postings(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    def answer(asked: Asked) -> str:
        return document(
            asked,
            result("cc-b", key="9", function="record_cctransaction"),
            result("cc-a", status="failure", errors=errors(("BL01001973", "Invalid Project 'X' specified."))),
        )

    far_end.then(says(answer))
    first, second = await intacct.record_batch(BATCH)
    assert isinstance(first, Refused)
    assert first.fault.errors[0].description2 == "Invalid Project 'X' specified."
    assert (first.fault.level, first.fault.operation) == (Level.FUNCTION, Operation.WRITE)
    assert second == Recorded("cc-b", "9")


# --- proven not to have run, and the recovery -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "level"),
    [
        (raw("", 429), Level.TRANSPORT),
        (raw("<html>slow down</html>", 429), Level.TRANSPORT),
        (says(lambda asked: control_failure(asked, "XL03000003", "XML Parse schema error")), Level.CONTROL),
        (says(lambda asked: control_failure(asked, "GW-0011", "Invalid Request"), 400), Level.CONTROL),
        (says(lambda asked: control_failure(asked, "XMLGW_JPP0002", "Sign-in incorrect"), 401), Level.CONTROL),
        (says(lambda asked: authentication_failure(asked, "XL03000006", "Sign-in incorrect")), Level.AUTHENTICATION),
    ],
)
async def test_a_batch_refused_at_the_door_was_not_executed_and_goes_again(
    far_end: ScriptedGateway, intacct: IntacctClient, reply: Reply, level: Level
) -> None:
    far_end.then(reply)
    found = await intacct.record_batch(BATCH)
    assert [type(one) for one in found] == [NotSent, NotSent]
    assert all(isinstance(one, NotSent) and one.fault.level is level for one in found)
    assert far_end.calls[1:] == [["record_cctransaction"] * 2]
    far_end.then(recorded())
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [Recorded, Recorded]


async def test_a_gateway_that_is_not_there_got_nothing(clock: Clock) -> None:
    async with (
        gateway() as far_end,
        IntacctClient(gateway_settings(far_end.url), SIGN_IN, sleep=clock.sleep) as client,
    ):
        await client.sign_in()
        assert far_end.stop is not None
        await far_end.stop()
        found = await client.record_batch(BATCH)
    assert [type(one) for one in found] == [NotSent, NotSent]
    assert all(isinstance(one, NotSent) and one.fault.operation is Operation.READ for one in found)
    assert clock.slept == []


@pytest.mark.parametrize("reply", [hang_up, raw("", 502), raw("<html/>"), raw("<respo"), failed("x", "no session")])
async def test_a_sign_in_that_fails_leaves_the_batch_unsent(
    far_end: ScriptedGateway, intacct: IntacctClient, reply: Reply
) -> None:
    far_end.sign_ins.extend([reply] * 4)
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [NotSent, NotSent]
    assert {call for calls in far_end.calls for call in calls} == {"getAPISession"}
    far_end.sign_ins.clear()
    far_end.then(recorded())
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [Recorded, Recorded]


async def test_a_session_found_over_is_replaced_and_the_same_bytes_are_sent_again(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(invalid_session(), recorded())
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [Recorded, Recorded]
    first, second = (asked for asked in far_end.asked if "record_cctransaction" in asked.calls)
    assert first.body.partition(b"<content>")[2] == second.body.partition(b"<content>")[2]
    assert first.text("operation/authentication/sessionid") != second.text("operation/authentication/sessionid")


async def test_a_session_that_cannot_be_replaced_leaves_the_batch_unsent(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    await intacct.sign_in()
    far_end.sign_ins.append(hang_up)
    far_end.then(invalid_session())
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [NotSent, NotSent]


async def test_a_batch_withdrawn_at_the_last_moment_never_leaves(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    found = await intacct.record_batch(BATCH, ready=lambda: False)
    assert [type(one) for one in found] == [NotSent, NotSent]
    assert far_end.calls == [["getAPISession"]]
    far_end.then(recorded())
    assert [type(one) for one in await intacct.record_batch(BATCH, ready=lambda: True)] == [Recorded, Recorded]


# --- unknown ----------------------------------------------------------------------------------------------------------


async def half(asked: Asked) -> web.StreamResponse:
    return xml(document(asked, *(result(one, key="7") for one in asked.ids))[:-40])


async def short_of_its_length(asked: Asked) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(asked.http)
    await response.write(b"<response><control>")
    return await hang_up(asked)


def with_status(status: int) -> Reply:
    return says(lambda asked: document(asked, *(result(one, key="7") for one in asked.ids)), status)


async def packed_twice(asked: Asked) -> web.StreamResponse:
    """Every posting succeeded, in a body that a far end has no reason to pack so."""
    said = document(asked, *(result(one, key="7") for one in asked.ids)).encode()
    packed = gzip.compress(gzip.compress(said))
    return web.Response(body=packed, headers={"Content-Encoding": "gzip, gzip", "Content-Type": "text/xml"})


LOSING: dict[str, Reply] = {
    "dropped after it was read": hang_up,
    "500 with a good body": with_status(500),
    "502": raw("<html>bad gateway</html>", 502),
    "524": raw("", 524),
    "a redirect": raw("", 302, Location="https://elsewhere.example/"),
    "400 with a good body": with_status(400),
    "403 in HTML": raw("<!DOCTYPE html><html>blocked</html>", 403),
    "200 in HTML": raw("<!DOCTYPE html><html>cf-error-details</html>"),
    "empty": raw(b""),
    "cut off": half,
    "cut off by the line": short_of_its_length,
    "broken gzip": raw(b"not gzip", 200, **{"Content-Encoding": "gzip"}),
    "packed twice": packed_twice,
    "a character that XML forbids": says(
        lambda asked: document(asked, *(result(one, key="7", data="<data><x>a\x0bb</x></data>") for one in asked.ids))
    ),
    "a reference that XML forbids": says(
        lambda asked: document(asked, *(result(one, key="7", data="<data><x>a&#x1;b</x></data>") for one in asked.ids))
    ),
    "a DOCTYPE": says(lambda asked: "<!DOCTYPE response>" + document(asked).partition("?>\n")[2]),
    "no result at all": says(document),
    "each result twice": says(lambda asked: document(asked, *(result(one, key="7") for one in asked.ids * 2))),
    "success without a key": says(lambda asked: document(asked, *(result(one) for one in asked.ids))),
    "a status never heard of": says(
        lambda asked: document(asked, *(result(one, key="7", status="queued") for one in asked.ids))
    ),
    "another request's answer": says(
        lambda asked: document(asked, *(result(one, key="7") for one in asked.ids)).replace(asked.request_id, "other")
    ),
}


@pytest.mark.parametrize("name", LOSING)
async def test_an_answer_that_proves_nothing_leaves_the_outcome_unknown_and_is_never_sent_again_by_itself(
    far_end: ScriptedGateway, intacct: IntacctClient, name: str
) -> None:
    far_end.then(LOSING[name])
    found = await intacct.record_batch(BATCH)
    assert [type(one) for one in found] == [Lost, Lost]
    assert [one.controlid for one in found] == ["cc-a", "cc-b"]
    assert all(isinstance(one, Lost) and one.fault.level is Level.TRANSPORT for one in found)
    assert sum("record_cctransaction" in calls for calls in far_end.calls) == 1

    far_end.then(LOOKUP, found_records(("9", "cc-a"), ("8", "known")))
    hits = await intacct.find_by_reference(["cc-a", "cc-b"], known="known")
    assert [(hit.record_no, hit.reference) for hit in hits] == [("9", "cc-a")]


async def test_an_answer_that_never_comes_is_unknown(far_end: ScriptedGateway, clock: Clock) -> None:
    released = asyncio.Event()

    async def silent(asked: Asked) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    far_end.then(silent)
    async with IntacctClient(gateway_settings(far_end.url, read_timeout=1.0), SIGN_IN, sleep=clock.sleep) as client:
        found = await client.record_batch(BATCH)
    released.set()
    assert [type(one) for one in found] == [Lost, Lost]


async def test_an_endless_answer_is_left_before_it_fills_the_memory(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    megabytes = 0

    async def endless(asked: Asked) -> web.StreamResponse:
        nonlocal megabytes
        response = web.StreamResponse()
        await response.prepare(asked.http)
        while megabytes < 100:
            await response.write(b" " * 2**20)
            megabytes += 1
        return response

    far_end.then(endless)
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [Lost, Lost]
    assert 20 <= megabytes < 60


async def test_one_posting_missing_from_the_answer_leaves_the_others_alone(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(says(lambda asked: document(asked, result("cc-b", key="7"))))
    assert [type(one) for one in await intacct.record_batch(BATCH)] == [Lost, Recorded]


def test_garbage_bodies_raise_nothing_and_never_count_as_recorded() -> None:
    async def play(bodies: list[tuple[bytes, int]]) -> None:
        async with (
            gateway() as far_end,
            IntacctClient(gateway_settings(far_end.url), SIGN_IN, sleep=Clock().sleep) as client,
        ):
            for body, status in bodies:
                far_end.then(raw(body, status))
                for outcome in await client.record_batch(BATCH):
                    assert isinstance(outcome, NotSent if status == 429 else Lost)

    bodies = st.lists(
        st.tuples(st.binary(max_size=200), st.sampled_from([200, 400, 404, 429, 500, 503])), min_size=1, max_size=5
    )

    @settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
    @given(bodies)
    def run(bodies: list[tuple[bytes, int]]) -> None:
        asyncio.run(play(bodies))

    run()


# --- wrong use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batch", [[], [BATCH[0], BATCH[0]], [("cc-b", BATCH[0][1])], [("cc-a", BATCH[0][1][:-3])], [("cc-a", "<x/>")]]
)
async def test_a_batch_that_could_mix_up_postings_is_not_sent(
    far_end: ScriptedGateway, intacct: IntacctClient, batch: list[tuple[str, str]]
) -> None:
    with pytest.raises(ValueError):
        await intacct.record_batch(batch)
    assert far_end.asked == []


# --- looking up -------------------------------------------------------------------------------------------------------

LOOKUP = data(
    '<data><Type Name="CCTRANSACTION"><Fields>'
    + "".join(
        f"<Field><ID>{name}</ID></Field>"
        for name in ("RECORDNO", "RECORDID", "WHENCREATED", "TRX_TOTALENTERED", "CURRENCY", "STATE", "FINANCIALENTITY")
    )
    + "</Fields></Type></data>"
)


def found_records(*pairs: tuple[str, str], state: str = "Posted") -> Reply:
    rows = "".join(
        f"<CCTRANSACTION><RECORDNO>{number}</RECORDNO><RECORDID>{reference}</RECORDID>"
        f"<WHENCREATED>10/05/2026</WHENCREATED><TRX_TOTALENTERED>41.2</TRX_TOTALENTERED><CURRENCY>USD</CURRENCY>"
        f"<STATE>{state}</STATE><FINANCIALENTITY>CC</FINANCIALENTITY></CCTRANSACTION>"
        for number, reference in pairs
    )
    return data(f'<data listtype="CCTRANSACTION" numremaining="0">{rows}</data>')


async def test_a_record_found_by_reference_can_be_compared(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(LOOKUP, found_records(("9", "cc-a")), found_records(("9", "cc-a"), state="Reversed"))
    (hit,) = await intacct.find_by_reference(["cc-a"])
    assert (hit.record_no, hit.reference, hit.date, hit.total, hit.currency, hit.card, hit.role) == (
        *("9", "cc-a", date(2026, 10, 5), Decimal("41.20"), "USD", "CC"),
        Role.LIVE,
    )
    assert (await intacct.find_by_reference(["cc-a"]))[0].role is Role.REVERSED
    query = far_end.asked[2].functions[0][1]
    assert query.findtext("options/showprivate") == "true"
    assert [field.text for field in query.iterfind("select/field")][-1] == "FINANCIALENTITY"
    assert "RAWSTATE" not in [field.text for field in query.iterfind("select/field")]


async def test_a_look_up_that_misses_the_known_record_is_no_answer(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(LOOKUP, found_records(), found_records(("1", "known")))
    with pytest.raises(BlindLookup):
        await intacct.find_by_reference(["cc-a"], known="known")
    assert await intacct.find_by_reference(["cc-a"], known="known") == []


async def test_many_references_are_asked_a_thousand_at_a_time_each_with_the_known_one(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    references = [f"ref-{number}" for number in range(1500)]
    far_end.then(LOOKUP, *[found_records(("1", "known"), ("2", "ref-3"))] * 2)
    hits = await intacct.find_by_reference(references, known="known")
    assert [hit.record_no for hit in hits] == ["2"]
    asked = [[value.text for value in one.document.iter("value")] for one in far_end.asked[2:]]
    assert [len(values) for values in asked] == [1000, 502]
    assert all("known" in values for values in asked)
    assert {*itertools.chain(*asked)} == {*references, "known"}


async def test_where_lookup_is_refused_the_documented_fields_are_asked_for(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(failed("PL04000005", "You do not have permission"), found_records(("9", "cc-a")))
    assert len(await intacct.find_by_reference(["cc-a"])) == 1
    fields = [field.text for field in far_end.asked[-1].document.iterfind(".//select/field")]
    assert {"RECORDID", "RAWSTATE"} <= {*fields}
    assert "FINANCIALENTITY" not in fields


# --- other writes -----------------------------------------------------------------------------------------------------


async def test_a_reversal_and_a_receipt_are_written_once_under_their_own_id(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(recorded(8001), recorded(), recorded(), recorded())
    assert await intacct.reverse("rv-1", "7001", date(2026, 10, 31), "Wrong card") == "8001"
    await intacct.create_attachment_folder("fo-1", "Spend Center")
    await intacct.create_attachment("at-1", Attachment("SC-1", "R", "Spend Center", (AttachmentFile("a.pdf", b"%"),)))
    await intacct.attach("up-1", "7001", "SC-1")
    assert far_end.calls[1:] == [
        *(["reverse_cctransaction"], ["create_supdocfolder"], ["create_supdoc"], ["update_cctransaction"])
    ]
    assert [asked.ids for asked in far_end.asked[1:]] == [["rv-1"], ["fo-1"], ["at-1"], ["up-1"]]
    assert {asked.text("control/uniqueid") for asked in far_end.asked[1:]} == {"true"}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (hang_up, TransportFailure),
        (raw("", 503), TransportFailure),
        (raw("", 429), Busy),
        (failed("BL01001973", "The period is closed."), FunctionFailure),
        (says(lambda asked: control_failure(asked, "GW-0011", "Invalid Request"), 400), ControlFailure),
    ],
)
async def test_a_single_write_says_by_its_exception_what_is_proven_and_is_not_repeated(
    far_end: ScriptedGateway, intacct: IntacctClient, reply: Reply, kind: type[Exception]
) -> None:
    far_end.then(reply)
    with pytest.raises(kind):
        await intacct.reverse("rv-1", "7001", date(2026, 10, 31))
    assert len(far_end.asked) == 2
    far_end.then(recorded(8001))
    assert await intacct.reverse("rv-1", "7001", date(2026, 10, 31)) == "8001"


async def test_a_write_whose_sign_in_is_lost_never_left(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.sign_ins.extend([hang_up] * 4)
    with pytest.raises(Unreachable):
        await intacct.reverse("rv-1", "7001", date(2026, 10, 31))
