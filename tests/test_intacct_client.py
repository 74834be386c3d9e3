"""Sessions, reads, pace and secrets, over real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import pytest
from aiohttp import web

from bot.intacct.allowance import Allowance
from bot.intacct.answers import MOST_BYTES
from bot.intacct.client import IntacctClient, SignIn, probe
from bot.intacct.errors import (
    AuthenticationFailure,
    Busy,
    ControlFailure,
    FunctionFailure,
    IntacctError,
    TransportFailure,
    Unreachable,
    UnreadableAnswer,
)
from bot.intacct.query import Eq
from bot.intacct.sessions import endpoint_to_follow
from bot.models import Level, Operation, Secret
from tests.intacct_gateway import (
    PASSWORD,
    SENDER,
    SIGN_IN,
    Asked,
    Clock,
    ScriptedGateway,
    authentication_failure,
    control_failure,
    data,
    document,
    failed,
    gateway,
    hang_up,
    invalid_session,
    raw,
    result,
    says,
    settings,
    xml,
)
from tests.patience import PATIENCE

APPLICATIONS = data("<data><application>CM</application><application>GL</application></data>")


@pytest.fixture
async def far_end() -> AsyncIterator[ScriptedGateway]:
    async with gateway() as scripted:
        yield scripted


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def intacct(far_end: ScriptedGateway, clock: Clock) -> AsyncIterator[IntacctClient]:
    async with IntacctClient(settings(far_end.url), SIGN_IN, sleep=clock.sleep, monotonic=clock.monotonic) as client:
        yield client


# --- sessions ---------------------------------------------------------------------------------------------------------


async def test_one_sign_in_serves_many_calls(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(APPLICATIONS, APPLICATIONS)
    assert await intacct.applications() == await intacct.applications() == {"CM", "GL"}
    assert far_end.calls == [["getAPISession"], ["get_applications"], ["get_applications"]]
    assert intacct.requests == 3
    sign_in, first, _ = far_end.asked
    assert sign_in.text("operation/authentication/login/companyid") == "HarborPine"
    assert sign_in.document.find("operation/authentication/login/locationid") is None
    assert first.text("operation/authentication/sessionid") == "session-1-"
    assert [first.text(f"control/{name}") for name in ("senderid", "password", "uniqueid", "dtdversion")] == [
        *("harborpine-bot", "sender-pass-1", "false", "3.0")
    ]
    assert first.http.headers["Content-Type"] == "application/xml"
    assert first.http.headers["Accept-Encoding"] == "gzip"


async def test_calls_at_the_same_time_share_one_sign_in(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(*[APPLICATIONS] * 5)
    await asyncio.gather(*(intacct.applications() for _ in range(5)))
    assert far_end.calls.count(["getAPISession"]) == 1


async def test_each_entity_has_a_session_of_its_own(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(*[APPLICATIONS] * 3)
    for entity in ("100", "200", "100"):
        await intacct.applications(entity=entity)
    used = [asked.text("operation/authentication/sessionid") for asked in far_end.asked]
    assert [one for one in used if one] == ["session-1-100", "session-2-200", "session-1-100"]


async def test_a_session_is_replaced_before_it_ends(
    far_end: ScriptedGateway, intacct: IntacctClient, clock: Clock
) -> None:
    far_end.then(*[APPLICATIONS] * 4)
    await intacct.applications()
    for _ in range(2):
        clock.now += 7000  # every answer moves the end to two hours from then
        await intacct.applications()
    assert far_end.calls.count(["getAPISession"]) == 1
    clock.now += 7180
    await intacct.applications()
    assert far_end.calls.count(["getAPISession"]) == 2


async def test_an_invalid_session_is_replaced_once_and_the_call_repeated(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(invalid_session(), APPLICATIONS)
    assert await intacct.applications() == {"CM", "GL"}
    assert far_end.calls.count(["getAPISession"]) == 2

    far_end.then(invalid_session(), invalid_session(), APPLICATIONS)
    with pytest.raises(AuthenticationFailure):
        await intacct.applications()
    assert await intacct.applications() == {"CM", "GL"}


async def test_two_calls_that_find_the_same_session_over_replace_it_once(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    await intacct.sign_in()
    together = asyncio.Barrier(2)

    async def over_for_both(asked: Asked) -> web.StreamResponse:
        await together.wait()
        return await invalid_session()(asked)

    far_end.then(over_for_both, over_for_both, APPLICATIONS, APPLICATIONS)
    await asyncio.gather(intacct.applications(), intacct.applications())
    assert far_end.calls.count(["getAPISession"]) == 2


async def test_a_sign_in_that_leads_to_another_entity_is_refused(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    async def elsewhere(asked: Asked) -> web.StreamResponse:
        inner = f"<data><api><sessionid>s</sessionid><endpoint>{far_end.url}</endpoint><locationid/></api></data>"
        return xml(document(asked, result(asked.ids[0], data=inner)))

    far_end.sign_ins.append(elsewhere)
    with pytest.raises(AuthenticationFailure, match="another entity"):
        await intacct.sign_in("100")
    assert (await intacct.sign_in("100")).entity_id == "100"


@pytest.mark.parametrize(
    ("gateway_url", "endpoint", "followed"),
    [
        ("https://api.intacct.com/ia/xml/xmlgw.phtml", "https://na12.intacct.com/ia/xml/xmlgw.phtml", True),
        ("https://api.intacct.com/x", "https://na12.intacct.com./x", True),
        ("https://api.intacct.com/x", "http://na12.intacct.com/x", False),
        ("https://api.intacct.com/x", "https://na12.intacct.com:8443/x", False),
        ("https://api.intacct.com/x", "https://evilintacct.com/x", False),
        ("https://api.intacct.com/x", "https://intacct.com.evil.example/x", False),
        ("https://api.intacct.com/x", "https://user@na12.intacct.com/x", False),
        ("https://api.intacct.com/x", "", False),
        ("https://api.intacct.com/x", "https://[broken/x", False),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/y", True),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8081/y", False),
        ("http://127.0.0.1:8080/x", "https://na12.intacct.com/x", False),
        ("http://api.intacct.com/x", "https://na12.intacct.com/x", False),
        ("https://proxy.example/x", "https://proxy.example:443/y", True),
    ],
)
def test_an_endpoint_is_followed_only_where_our_secrets_may_go(gateway_url: str, endpoint: str, followed: bool) -> None:
    assert endpoint_to_follow(gateway_url, endpoint) == (endpoint if followed else gateway_url)


async def test_a_foreign_endpoint_is_ignored_and_work_goes_on(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.endpoint = "https://na12.evil.example/ia/xml/xmlgw.phtml"
    far_end.then(APPLICATIONS)
    assert await intacct.applications() == {"CM", "GL"}


# --- what a failed sign-in proves --------------------------------------------------------------------------------------


async def test_probe_tells_the_level_that_was_reached(far_end: ScriptedGateway, clock: Clock) -> None:
    far_end.sign_ins.extend(
        [
            says(lambda asked: control_failure(asked, "XL03000006", "Incorrect Intacct XML Partner ID or password.")),
            says(lambda asked: authentication_failure(asked, "XL03000006", "Sign-in information is incorrect")),
            says(lambda asked: control_failure(asked, "XMLGW_JPP0002", "Sign-in information is incorrect."), 401),
        ]
    )
    with pytest.raises(ControlFailure) as sender:
        await probe(settings(far_end.url), SIGN_IN, sleep=clock.sleep)
    with pytest.raises(AuthenticationFailure) as user:
        await probe(settings(far_end.url), SIGN_IN, sleep=clock.sleep)
    with pytest.raises(ControlFailure) as early:
        await probe(settings(far_end.url), SIGN_IN, sleep=clock.sleep)
    assert [failure.value.fault.level for failure in (sender, user, early)] == [
        *(Level.CONTROL, Level.AUTHENTICATION, Level.CONTROL)
    ]
    assert early.value.fault.http_status == 401
    session = await probe(settings(far_end.url), SignIn("HarborPine", "Spendcenter", PASSWORD, "200"))
    assert session.entity_id == "200"
    assert clock.slept == []


async def test_a_refused_password_is_not_tried_again_by_itself(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.sign_ins.append(
        says(lambda asked: authentication_failure(asked, "XL03000006", "Sign-in information is incorrect"))
    )
    with pytest.raises(AuthenticationFailure):
        await intacct.applications()
    assert len(far_end.asked) == 1


async def test_nobody_at_home_is_unreachable_until_somebody_is(clock: Clock) -> None:
    async with gateway() as far_end:
        url = far_end.url
    async with IntacctClient(settings(url), SIGN_IN, sleep=clock.sleep) as client:
        with pytest.raises(Unreachable) as failure:
            await client.applications()
    assert failure.value.fault.level is Level.TRANSPORT
    assert clock.slept == [1.0, 2.0, 4.0]


# --- reads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        hang_up,
        raw("<html>bad gateway</html>", 502),
        raw("<!DOCTYPE html><html>cf-error-details</html>"),
        raw("<response><control>"),
        raw("", 524),
        says(document),
    ],
)
async def test_a_read_is_asked_again_after_a_fault_that_passes(
    far_end: ScriptedGateway, intacct: IntacctClient, clock: Clock, fault: object
) -> None:
    assert callable(fault)
    far_end.then(fault, fault, APPLICATIONS)
    assert await intacct.applications() == {"CM", "GL"}
    assert clock.slept == [1.0, 2.0]


async def test_a_read_gives_up_after_some_patience(
    far_end: ScriptedGateway, intacct: IntacctClient, clock: Clock
) -> None:
    far_end.then(*[raw("", 503)] * 4)
    with pytest.raises(TransportFailure) as failure:
        await intacct.applications()
    assert (failure.value.fault.http_status, failure.value.fault.operation) == (503, Operation.READ)
    assert clock.slept == [1.0, 2.0, 4.0]
    far_end.then(APPLICATIONS)
    assert await intacct.applications() == {"CM", "GL"}


async def test_a_refused_read_is_not_asked_again(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(failed("PL04000005", "You do not have permission for API operation QUERY on objects of type X"))
    with pytest.raises(FunctionFailure, match="do not have permission"):
        await intacct.applications()
    assert len(far_end.asked) == 2


async def test_an_answer_to_another_request_is_not_ours(
    far_end: ScriptedGateway, intacct: IntacctClient, clock: Clock
) -> None:
    async def crossed(asked: Asked) -> web.StreamResponse:
        return xml(document(asked, result(asked.ids[0])).replace(asked.request_id, "another"))

    far_end.then(crossed, APPLICATIONS)
    assert await intacct.applications() == {"CM", "GL"}
    assert clock.slept == [1.0]


async def test_a_query_pages_to_its_end_in_a_stable_order(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    def page(*numbers: int, left: int) -> str:
        rows = "".join(f"<vendor><VENDORID>V{number}</VENDORID></vendor>" for number in numbers)
        return f'<data listtype="VENDOR" totalcount="5" offset="0" count="{len(numbers)}" numremaining="{left}">{rows}</data>'

    far_end.then(data(page(1, 2, left=3)), data(page(3, 4, left=1)), data(page(5, left=0)))
    rows = [row async for row in intacct.query("VENDOR", ["VENDORID"], Eq("STATUS", "active"), page=2)]
    assert [row["VENDORID"] for row in rows] == ["V1", "V2", "V3", "V4", "V5"]
    asked = [one.functions[0][1] for one in far_end.asked[1:]]
    assert [call.findtext("offset") for call in asked] == ["0", "2", "4"]
    assert [call.findtext("orderby/order/field") for call in asked] == ["RECORDNO"] * 3
    assert asked[0].findtext("filter/equalto/value") == "active"


@pytest.mark.parametrize("written", ["\x0b", "\x01", "&#x1;", "&#31;", "&#x0000b;", "&#xFFFE;", "\ufffe", "&#xd800;"])
async def test_a_name_with_a_character_that_xml_forbids_is_read_without_it_and_told_once(
    far_end: ScriptedGateway, intacct: IntacctClient, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    """Case "one forbidden character in a name of Intacct's answer"; which ones, "Characters out" of the XML sheet."""
    answer = data(f'<data numremaining="0"><V><A>Sta{written}ples &amp; Söhne &#38; &#x1F600; 1 &lt; 2</A></V></data>')
    far_end.then(answer, answer)

    for _ in range(2):
        assert [row async for row in intacct.query("V", ["A"])] == [{"A": "Staples & Söhne & 😀 1 < 2"}]

    assert sum("characters that XML forbids" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize(
    "broken",
    [
        '<!DOCTYPE response [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE response [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    ],
)
async def test_what_is_mended_is_as_strict_with_entities_as_before(
    far_end: ScriptedGateway, intacct: IntacctClient, broken: str
) -> None:
    def build(asked: Asked) -> str:
        declared, _, rest = document(
            asked, result(asked.ids[0], data="<data><V><A>\x0b&x;&b;</A></V></data>")
        ).partition("?>")
        return f"{declared}?>{broken}{rest}"

    far_end.then(*[says(build)] * 4)
    with pytest.raises(UnreadableAnswer):
        [row async for row in intacct.query("V", ["A"])]


async def test_a_query_may_be_left_half_way(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(data('<data numremaining="9"><V><A>1</A></V><V><A>2</A></V></data>'), APPLICATIONS)
    async with aclosing(intacct.query("V", ["A"])) as rows:  # type: ignore[type-var]  # an async generator underneath
        assert await anext(rows) == {"A": "1"}
    assert await intacct.applications() == {"CM", "GL"}


async def test_a_large_answer_is_read_off_the_loop(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    rows = "".join(f"<V><VENDORID>V{number}</VENDORID><NAME>{'n' * 200}</NAME></V>" for number in range(2000))
    body = f'<data numremaining="0">{rows}</data>'

    async def zipped(asked: Asked) -> web.StreamResponse:
        packed = gzip.compress(document(asked, result(asked.ids[0], data=body)).encode())
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "text/xml"})

    far_end.then(zipped)
    assert len([row async for row in intacct.query("V", ["VENDORID", "NAME"], page=2000)]) == 2000


async def test_an_endless_answer_is_cut_short(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    bomb = gzip.compress(b" " * (MOST_BYTES + 1))
    far_end.then(*[raw(bomb, 200, **{"Content-Encoding": "gzip"})] * 4)
    with pytest.raises(UnreadableAnswer, match="too large"):
        await intacct.applications()


async def test_a_dripping_answer_runs_into_the_total_time_out(far_end: ScriptedGateway, clock: Clock) -> None:
    released = asyncio.Event()

    async def drip(asked: Asked) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(asked.http)
        await response.write(b"<response>")
        await released.wait()
        return response

    far_end.sign_ins.append(drip)
    async with IntacctClient(settings(far_end.url, total_timeout=1.0), SIGN_IN, sleep=clock.sleep) as client:
        assert (await client.sign_in()).entity_id == ""
    assert clock.slept == [1.0]
    released.set()


# --- pace -------------------------------------------------------------------------------------------------------------


async def test_no_more_requests_are_under_way_than_the_company_allows(far_end: ScriptedGateway, clock: Clock) -> None:
    at_once = most = 0

    async def slow(asked: Asked) -> web.StreamResponse:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return await APPLICATIONS(asked)

    far_end.then(*[slow] * 9)
    async with IntacctClient(settings(far_end.url), SIGN_IN, requests_at_once=3, sleep=clock.sleep) as client:
        await client.sign_in()
        await asyncio.gather(*(client.applications() for _ in range(9)))
    assert most == 3


async def test_a_429_slows_the_whole_company_down_and_is_asked_again(
    far_end: ScriptedGateway, intacct: IntacctClient, clock: Clock
) -> None:
    far_end.then(raw("", 429, **{"Retry-After": "7"}), APPLICATIONS)
    assert await intacct.applications() == {"CM", "GL"}
    assert clock.slept == [7.0]
    assert (intacct.allowance.now, intacct.allowance.hold) == (1, 0.0)
    far_end.then(*[APPLICATIONS] * 20)
    for _ in range(20):
        await intacct.applications()
    assert intacct.allowance.now == 2


async def test_the_words_of_the_rate_limit_count_in_a_200_too(
    far_end: ScriptedGateway, intacct: IntacctClient, clock: Clock
) -> None:
    far_end.then(
        says(lambda asked: control_failure(asked, "GW-0010", "slow down")),
        failed("x", "API rate limit exceeded"),
        APPLICATIONS,
    )
    assert await intacct.applications() == {"CM", "GL"}
    assert clock.slept == [1.0, 2.0]


async def test_a_rate_limit_that_stays_is_told(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(*[raw("", 429)] * 4)
    with pytest.raises(Busy) as failure:
        await intacct.applications()
    assert failure.value.fault.http_status == 429


async def test_slots_taken_away_come_back_and_none_is_lost(clock: Clock) -> None:
    allowance = Allowance(4, sleep=clock.sleep, monotonic=clock.monotonic)
    for _ in range(3):
        async with allowance:
            allowance.slow_down()
    assert allowance.now == 1
    await allowance.__aenter__()
    waiting = asyncio.create_task(allowance.__aenter__())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await allowance.__aexit__(None, None, None)
    for _ in range(60):
        async with allowance:
            allowance.went_well()
    assert allowance.now == 4
    for _ in range(4):
        await asyncio.wait_for(allowance.__aenter__(), PATIENCE)


# --- secrets ----------------------------------------------------------------------------------------------------------


async def test_no_secret_reaches_a_log_a_repr_or_an_exception(
    far_end: ScriptedGateway, intacct: IntacctClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def echo(asked: Asked) -> str:
        return control_failure(asked, "XL03000003", f"Value {asked.body.decode()} is wrong.")

    far_end.sign_ins.append(says(echo))
    with pytest.raises(ControlFailure) as door:
        await intacct.applications()
    far_end.then(says(echo), *[hang_up] * 4, failed("x", "session-2- is over"))
    failures: list[IntacctError] = [door.value]
    for _ in range(3):
        with pytest.raises(IntacctError) as failure:
            await intacct.applications()
        failures.append(failure.value)
    session = await intacct.sign_in()
    assert session.id.reveal() == "session-2-"
    shown = [repr(session), repr(SIGN_IN), repr(settings("u")), caplog.text]
    shown += [f"{one!r} {one} {one.fault!r} {one.__cause__!r}" for one in failures]
    for secret in (SENDER.reveal(), PASSWORD.reveal(), session.id.reveal()):
        assert all(secret not in text for text in shown)
    assert "Intacct get_applications x 1: ControlFailure in 0 ms, request" in caplog.text


async def test_a_password_of_xmls_own_letters_is_kept_in_no_fault_though_intacct_repeats_it(
    far_end: ScriptedGateway,
) -> None:
    password = Secret('p&ss<wo>rd"7')
    far_end.sign_ins.append(
        says(lambda asked: authentication_failure(asked, "XL03000006", f"Password {password.reveal()} is wrong for U."))
    )
    async with IntacctClient(settings(far_end.url), SignIn("HarborPine", "U", password)) as client:
        with pytest.raises(AuthenticationFailure) as refused:
            await client.applications()

    assert far_end.asked[0].text("operation/authentication/login/password") == password.reveal()
    assert [error.description2 for error in refused.value.fault.errors] == ["Password … is wrong for U."]


async def test_a_client_that_was_given_stays_open(far_end: ScriptedGateway) -> None:
    async with httpx.AsyncClient() as http:
        await probe(settings(far_end.url), SIGN_IN, http=http)
        assert not http.is_closed
