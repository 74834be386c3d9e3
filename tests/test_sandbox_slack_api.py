"""The simulated Web API, called by the real slack-sdk: what it gives, what it refuses, and in which words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import COVERAGE, SlackSim
from bot.sandbox.slack.manifest import MANIFEST, Manifest
from bot.sandbox.slack.methods import METHODS, MISSING

FINANCE = "C0FINANCE"
Json = dict[str, Any]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
async def sim() -> AsyncIterator[SlackSim]:
    made = SlackSim()
    made.clock = Clock()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def clock(sim: SlackSim) -> Clock:
    assert isinstance(sim.clock, Clock)
    return sim.clock


@pytest.fixture
def client(sim: SlackSim) -> AsyncWebClient:
    return AsyncWebClient(token=sim.BOT_TOKEN, base_url=sim.url, team_id="T0HARBOR")


async def refusal(client: AsyncWebClient, method: str, **args: Any) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    answer = caught.value.response
    return {**answer.data, "status": answer.status_code, "headers": answer.headers}


async def error(client: AsyncWebClient, method: str, **args: Any) -> str:
    return str((await refusal(client, method, **args))["error"])


def section(text: str = "Hello", **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


# --- tokens, scopes, methods ------------------------------------------------------------------------------------------


async def test_auth_test_says_who_the_app_is_and_what_it_may(client: AsyncWebClient, sim: SlackSim) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0BOT", "B0SPEND", "T0HARBOR")
    assert answer.headers["x-oauth-scopes"].split(",") == list(sim.core.manifest.scopes)


@pytest.mark.parametrize(
    ("token", "expected"),
    [(None, "not_authed"), ("xoxb-other", "invalid_auth"), (SlackSim.APP_TOKEN, "not_allowed_token_type")],
)
async def test_a_wrong_token_is_refused_by_its_kind(sim: SlackSim, token: str | None, expected: str) -> None:
    assert await error(AsyncWebClient(token=token, base_url=sim.url), "auth.test") == expected


async def test_socket_mode_opens_with_the_app_level_token_only(client: AsyncWebClient, sim: SlackSim) -> None:
    assert await error(client, "apps.connections.open") == "not_allowed_token_type"
    answer = await client.apps_connections_open(app_token=sim.APP_TOKEN)
    assert answer["url"].startswith("ws://127.0.0.1:")


async def test_a_socket_address_works_once(client: AsyncWebClient, sim: SlackSim) -> None:
    url = (await client.apps_connections_open(app_token=sim.APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            assert hello["connection_info"]["app_id"] == "A0SPEND"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_an_update_right_after_the_ack_is_not_undone_by_the_ack(client: AsyncWebClient, sim: SlackSim) -> None:
    def modal(note: str) -> Json:
        return {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [], "private_metadata": note}

    trigger = sim.core.passes.trigger("U0DANA").id
    view_id = (await client.views_open(trigger_id=trigger, view=modal("asked")))["view"]["id"]
    async with aiohttp.ClientSession() as session:
        url = (await client.apps_connections_open(app_token=sim.APP_TOKEN))["url"]
        async with session.ws_connect(url) as socket:
            await socket.receive_json()
            for _ in range(10):
                submitted = asyncio.create_task(sim.control("submit", {"user": "U0DANA", "view_id": view_id}))
                envelope = await socket.receive_json()
                answer = {"response_action": "update", "view": modal("checking")}
                await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": answer})
                await client.views_update(view_id=view_id, view=modal("checked"))
                assert (await submitted)["acked"]
                assert (sim.view_of("U0DANA") or {})["private_metadata"] == "checked"


async def test_the_eleventh_socket_is_sent_away(client: AsyncWebClient, sim: SlackSim) -> None:
    async with aiohttp.ClientSession() as session:
        kept = []
        for number in range(1, 12):
            url = (await client.apps_connections_open(app_token=sim.APP_TOKEN))["url"]
            kept.append(await session.ws_connect(url))
            first = await kept[-1].receive_json()
            assert first["type"] == ("hello" if number <= 10 else "disconnect")
        assert first["reason"] == "too_many_websockets"


async def test_what_the_manifest_does_not_grant_is_missing_scope(client: AsyncWebClient) -> None:
    answer = await refusal(client, "conversations.open", users="U0DANA")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "im:write")
    assert "chat:write" in answer["provided"].split(",")
    assert (await refusal(client, "conversations.info", channel="D0DANA"))["needed"] == "im:read"


async def test_a_manifest_without_chat_write_cannot_post() -> None:
    sim = SlackSim({"display_information": {"name": "Reader"}, "oauth_config": {"scopes": {"bot": ["commands"]}}})
    await sim.start()
    client = AsyncWebClient(token=sim.BOT_TOKEN, base_url=sim.url)
    assert (await refusal(client, "chat.postMessage", channel=FINANCE, text="x"))["needed"] == "chat:write"
    await sim.stop()


async def test_an_unknown_method_names_itself_in_the_log(client: AsyncWebClient, sim: SlackSim) -> None:
    assert await error(client, "reactions.add", name="eyes") == "unknown_method"
    assert sim.state()["log"][-1] | {"at": ""} == {
        "at": "",
        "dir": "in",
        "what": "reactions.add: unknown_method",
        "ok": False,
    }


async def test_the_table_of_what_is_simulated_is_the_table_of_what_answers(client: AsyncWebClient) -> None:
    for method, coverage in COVERAGE.items():
        try:
            answer = (await client.api_call(method, json={})).data
        except SlackApiError as caught:
            answer = caught.response.data
        assert isinstance(answer, dict)
        assert (answer.get("error") == "unknown_method") == (coverage == "missing"), method
    assert set(COVERAGE) == set(METHODS) | set(MISSING)


async def test_arguments_come_as_query_form_or_json(client: AsyncWebClient, sim: SlackSim) -> None:
    blocks = json.dumps([section()])
    headers = {"Authorization": f"Bearer {sim.BOT_TOKEN}"}
    args = {"channel": FINANCE, "text": "Hello", "blocks": blocks, "team_id": "T0HARBOR"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for sent in ({"params": args}, {"data": args}, {"json": args | {"blocks": [section()]}}):
            async with session.post(f"{sim.url}chat.postMessage", **sent) as answer:
                body = await answer.json()
                assert body["message"]["blocks"][0]["text"]["text"] == "Hello"
        form = {"token": sim.BOT_TOKEN, "user": "U0LEE"}
        async with aiohttp.ClientSession() as bare, bare.get(f"{sim.url}users.info", params=form) as answer:
            assert (await answer.json())["user"]["real_name"] == "Lee Okafor"
    assert (await client.conversations_info(channel=FINANCE))["channel"]["is_member"] is True
    assert await error(client, "auth.test", team_id="T0OTHER") == "team_not_found"


# --- people and channels ----------------------------------------------------------------------------------------------


async def test_people_are_found_by_id_and_by_email(client: AsyncWebClient) -> None:
    assert (await client.users_lookupByEmail(email="maria@harborpine.example"))["user"]["id"] == "U0MARIA"
    assert (await client.users_info(user="U0DANA"))["user"]["profile"]["email"] == "dana@harborpine.example"
    assert await error(client, "users.lookupByEmail", email="x@y.example") == "users_not_found"
    assert await error(client, "users.info", user="U0X") == "user_not_found"


async def test_lists_come_in_pages(client: AsyncWebClient) -> None:
    names: list[str] = []
    async for page in await client.users_list(limit=2):
        names += [member["id"] for member in page["members"]]
    assert names == ["U0DANA", "U0LEE", "U0SAM", "U0MARIA", "U0BOT"]
    assert await error(client, "users.list", cursor="!") == "invalid_cursor"


async def test_a_channel_tells_whether_it_is_public_shared_and_joined(client: AsyncWebClient, sim: SlackSim) -> None:
    async def facts(channel: str) -> tuple[bool, bool, bool]:
        found = (await client.conversations_info(channel=channel))["channel"]
        return found["is_private"], found["is_ext_shared"], found["is_member"]

    assert await facts(FINANCE) == (True, False, True)
    assert await facts("C0GENERAL") == (False, False, False)
    assert await facts("C0SHARED") == (False, True, False)
    members = (await client.conversations_members(channel=FINANCE))["members"]
    assert members == ["U0BOT", "U0DANA", "U0LEE", "U0SAM"]
    sim.core.workspace.channels[FINANCE].members.discard("U0BOT")
    assert await error(client, "conversations.info", channel=FINANCE) == "channel_not_found"


async def test_channels_are_listed_by_type(client: AsyncWebClient) -> None:
    both = await client.conversations_list(types="public_channel,private_channel")
    assert [one["id"] for one in both["channels"]] == [FINANCE, "C0GENERAL", "C0SHARED"]
    own = await client.users_conversations(types="public_channel,private_channel")
    assert [one["id"] for one in own["channels"]] == [FINANCE]
    assert await error(client, "conversations.list", types="secret") == "invalid_types"


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_messages_are_posted_changed_and_deleted(client: AsyncWebClient, sim: SlackSim) -> None:
    sent = await client.chat_postMessage(channel="#finance-cards", text="One", blocks=[section("One")])
    ts = sent["ts"]
    assert sent["channel"] == FINANCE
    assert sent["message"]["blocks"][0]["block_id"]
    await client.chat_update(channel=FINANCE, ts=ts, text="Two", blocks=[section("Two")])
    assert "edited" not in sim.messages(FINANCE)[0]
    await client.chat_update(channel=FINANCE, ts=ts, text="Three")
    changed = sim.messages(FINANCE)[0]
    assert (changed["text"], changed["blocks"], changed["edited"]["user"]) == ("Three", [], "U0BOT")
    await client.chat_delete(channel=FINANCE, ts=ts)
    assert sim.messages(FINANCE) == []
    assert await error(client, "chat.delete", channel=FINANCE, ts=ts) == "message_not_found"


async def test_an_update_without_text_and_blocks_keeps_both_and_metadata_until_cleared(
    client: AsyncWebClient, sim: SlackSim
) -> None:
    metadata = {"event_type": "alert", "event_payload": {"id": "A-1"}}
    sent = await client.chat_postMessage(channel=FINANCE, text="One", blocks=[section()], metadata=metadata)
    await client.api_call("chat.update", json={"channel": FINANCE, "ts": sent["ts"]})
    kept = sim.messages(FINANCE)[0]
    assert (kept["text"], len(kept["blocks"]), kept["metadata"]) == ("One", 1, metadata)
    await client.api_call("chat.update", json={"channel": FINANCE, "ts": sent["ts"], "metadata": {}})
    assert "metadata" not in sim.messages(FINANCE)[0]
    wrong = {"event_type": "alert", "id": "A-1"}
    assert (
        await error(client, "chat.postMessage", channel=FINANCE, text="x", metadata=wrong) == "invalid_metadata_format"
    )


async def test_replies_stand_in_their_thread_and_are_counted(client: AsyncWebClient, sim: SlackSim) -> None:
    parent = (await client.chat_postMessage(channel=FINANCE, text="Parent"))["ts"]
    first = (await client.chat_postMessage(channel=FINANCE, text="One", thread_ts=parent))["ts"]
    await client.chat_postMessage(channel=FINANCE, text="Two", thread_ts=first)
    shown = sim.messages(FINANCE)
    assert shown[0]["reply_count"] == 2
    assert [message.get("thread_ts") for message in shown] == [None, parent, parent]
    link = (await client.chat_getPermalink(channel=FINANCE, message_ts=first))["permalink"]
    assert link.endswith(f"/archives/{FINANCE}/p{first.replace('.', '')}?thread_ts={parent}&cid={FINANCE}")
    late = {"channel": FINANCE, "text": "x", "thread_ts": "1.000001"}
    assert await error(client, "chat.postMessage", **late) == "cannot_reply_to_message"


async def test_a_private_note_needs_a_member_and_is_not_there_to_be_changed(
    client: AsyncWebClient, sim: SlackSim
) -> None:
    ts = (await client.chat_postEphemeral(channel=FINANCE, user="U0DANA", text="Only you"))["message_ts"]
    assert [message["text"] for message in sim.messages(FINANCE, "U0DANA")] == ["Only you"]
    assert sim.messages(FINANCE, "U0LEE") == []
    assert await error(client, "chat.update", channel=FINANCE, ts=ts, text="x") == "message_not_found"
    stranger = {"channel": FINANCE, "user": "U0MARIA", "text": "x"}
    assert await error(client, "chat.postEphemeral", **stranger) == "user_not_in_channel"


async def test_a_message_by_a_person_cannot_be_changed(client: AsyncWebClient, sim: SlackSim) -> None:
    said = await sim.control("say", {"user": "U0DANA", "channel": FINANCE, "text": "mine"})
    assert await error(client, "chat.update", channel=FINANCE, ts=said["ts"], text="x") == "cant_update_message"
    assert await error(client, "chat.delete", channel=FINANCE, ts=said["ts"]) == "cant_delete_message"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0GENERAL", "text": "x"}, "not_in_channel"),
        ({"channel": FINANCE}, "no_text"),
        ({"channel": FINANCE, "text": "  "}, "no_text"),
        ({"channel": FINANCE, "blocks": "{not json"}, "invalid_blocks_format"),
        ({"channel": FINANCE, "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"channel": FINANCE, "blocks": [section("x" * 3000) for _ in range(5)]}, "msg_blocks_too_long"),
        ({"channel": FINANCE, "text": "x", "blocks": [section("y" * 3001)]}, "invalid_blocks"),
        ({"text": "x"}, "invalid_arguments"),
    ],
)
async def test_messages_are_refused_in_slacks_words(client: AsyncWebClient, args: Json, expected: str) -> None:
    assert await error(client, "chat.postMessage", **args) == expected


async def test_an_update_takes_shorter_texts_than_a_post_and_no_person_for_a_channel(client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel="U0DANA", text="x" * 5000))["ts"]
    assert await error(client, "chat.update", channel="D0DANA", ts=ts, text="x" * 4001) == "msg_too_long"
    assert await error(client, "chat.update", channel="U0DANA", ts=ts, text="x") == "channel_not_found"
    await client.chat_update(channel="D0DANA", ts=ts, text="x" * 4000)


async def test_an_archived_channel_takes_nothing(client: AsyncWebClient, sim: SlackSim) -> None:
    sim.core.workspace.channels[FINANCE].archived = True
    assert await error(client, "chat.postMessage", channel=FINANCE, text="x") == "is_archived"
    sim.core.workspace.channels[FINANCE].archived = False
    assert (await client.chat_postMessage(channel=FINANCE, text="x"))["ok"]


async def test_refused_blocks_say_where_and_why(client: AsyncWebClient) -> None:
    answer = await refusal(client, "chat.postMessage", channel=FINANCE, text="x", blocks=[{"type": "section"}])
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must have at least one of: text, fields [json-pointer:/blocks/0]"
    ]


# --- views ------------------------------------------------------------------------------------------------------------


def home(**more: Any) -> Json:
    return {"type": "home", "blocks": [section()], **more}


async def test_the_home_tab_has_a_hash_and_needs_a_person(client: AsyncWebClient, sim: SlackSim) -> None:
    first = (await client.views_publish(user_id="U0DANA", view=home()))["view"]
    second = (await client.views_publish(user_id="U0DANA", view=home(), hash=first["hash"]))["view"]
    assert (first["id"], first["hash"] != second["hash"]) == (second["id"], True)
    stale = {"user_id": "U0DANA", "view": home(), "hash": first["hash"]}
    assert await error(client, "views.publish", **stale) == "hash_conflict"
    assert await error(client, "views.publish", user_id="U0X", view=home()) == "user_not_found"
    sim.core.manifest.home_tab = False
    assert await error(client, "views.publish", user_id="U0DANA", view=home()) == "not_enabled"


async def test_views_are_refused_in_slacks_words(client: AsyncWebClient, sim: SlackSim) -> None:
    async def refused(view: Any) -> Json:
        return await refusal(client, "views.publish", user_id="U0DANA", view=view)

    wrong = await refused({"type": "home", "blocks": [section("x" * 3001)]})
    assert wrong["error"] == "invalid_arguments"
    assert wrong["response_metadata"]["messages"][0].endswith("[json-pointer:/view/blocks/0/text/text]")
    assert (await refused(home(title={"type": "plain_text", "text": "x"})))["error"] == "invalid_arguments"
    assert (await refused("{"))["error"] == "invalid_arguments"
    big = home(blocks=[section("x" * 3000) for _ in range(90)])
    assert (await refused(big))["error"] == "view_too_large"
    await client.views_publish(user_id="U0LEE", view=home(external_id="one"))
    assert (await refused(home(external_id="one")))["error"] == "duplicate_external_id"
    await client.views_publish(user_id="U0LEE", view=home(external_id="one"))
    trigger = {"trigger_id": "1.2.x", "view": home()}
    assert await error(client, "views.open", **trigger) == "invalid_arguments"
    assert await error(client, "views.update", view_id="V0X", view=home()) == "not_found"


async def test_blocks_validate_needs_no_token_and_points_at_the_fault(sim: SlackSim) -> None:
    client = AsyncWebClient(base_url=sim.url)
    assert (await client.blocks_validate(blocks=[section()]))["ok"]
    with pytest.raises(SlackApiError) as caught:
        await client.blocks_validate(
            view={"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": []}
        )
    answer = caught.value.response
    assert answer["error"] == "invalid_view"
    assert answer["errors"] == [
        {
            "pointer": "/title/text",
            "code": "failed_constraint",
            "message": "must be less than 25 characters",
            "constraint": {"type": "max_length", "expected": 24, "got": 25},
        }
    ]
    assert await error(client, "blocks.validate", blocks=[], view={}) == "invalid_arguments"
    long_enough_for_a_query = [section("x" * 2900) for _ in range(8)]
    assert (await client.blocks_validate(view={"type": "home", "blocks": long_enough_for_a_query}))["ok"]


# --- limits and faults ------------------------------------------------------------------------------------------------


async def test_a_channel_takes_one_message_a_second_after_a_short_burst(
    client: AsyncWebClient, sim: SlackSim, clock: Clock
) -> None:
    message: Json = {"channel": FINANCE, "text": "x"}
    for _ in range(5):
        await client.chat_postMessage(**message)
    answer = await refusal(client, "chat.postMessage", **message)
    assert (answer["status"], answer["error"], answer["headers"]["Retry-After"]) == (429, "ratelimited", "1")
    await client.chat_postMessage(channel="U0DANA", text="another channel")
    clock.pass_by(1)
    await client.chat_postMessage(**message)
    assert await error(client, "chat.postMessage", **message) == "ratelimited"
    await sim.control("limits", {"on": False})
    await client.chat_postMessage(**message)


async def test_a_tier_is_a_number_of_calls_a_minute(client: AsyncWebClient, clock: Clock) -> None:
    for _ in range(20):
        await client.users_list()
    answer = await refusal(client, "users.list")
    assert (answer["status"], answer["headers"]["Retry-After"]) == (429, "60")
    clock.pass_by(60)
    assert (await client.users_list())["ok"]


async def test_a_rate_limited_call_is_repeated_by_the_sdk(sim: SlackSim) -> None:
    patient = AsyncWebClient(
        token=sim.BOT_TOKEN,
        base_url=sim.url,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )
    await sim.control("fault", {"kind": "rate_limit", "n": 1, "retry_after": 1})
    assert (await patient.auth_test())["ok"]
    assert [line["ok"] for line in sim.state()["log"]] == [False, True]


async def test_an_error_on_request_comes_as_often_as_asked_and_then_the_call_works(
    client: AsyncWebClient, sim: SlackSim
) -> None:
    await sim.control("fault", {"kind": "error", "method": "chat.update", "error": "internal_error", "n": 2})
    ts = (await client.chat_postMessage(channel=FINANCE, text="One"))["ts"]
    for _ in range(2):
        assert await error(client, "chat.update", channel=FINANCE, ts=ts, text="Two") == "internal_error"
    await client.chat_update(channel=FINANCE, ts=ts, text="Two")
    assert sim.messages(FINANCE)[0]["text"] == "Two"


async def test_a_slow_slack_answers_all_the_same(client: AsyncWebClient, sim: SlackSim) -> None:
    await sim.control("fault", {"kind": "slow", "n": 1, "seconds": 0.05})
    client.timeout = 1
    assert (await client.auth_test())["ok"]
    assert sim.core.faults.slow_calls == 0


async def test_a_stopped_slack_refuses_connections_and_keeps_its_state(client: AsyncWebClient, sim: SlackSim) -> None:
    await client.chat_postMessage(channel=FINANCE, text="One")
    before = sim.url
    await sim.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.auth_test()
    assert await sim.start() == before
    assert (await client.auth_test())["ok"]
    assert [message["text"] for message in sim.messages(FINANCE)] == ["One"]


async def test_the_log_holds_no_token_and_no_text(client: AsyncWebClient, sim: SlackSim) -> None:
    await client.chat_postMessage(channel=FINANCE, text="hunter2 is a secret")
    for _ in range(60):
        await client.auth_test()
    log = sim.state()["log"]
    assert len(log) == 50
    assert "hunter2" not in json.dumps(log)
    assert "xoxb" not in json.dumps(log)


def test_timestamps_rise_even_when_the_clock_stands(sim: SlackSim) -> None:
    stamps = [sim.core.workspace.next_ts() for _ in range(3)]
    assert stamps == sorted(set(stamps))


def test_the_sandbox_reads_the_manifest_of_this_repository() -> None:
    manifest = Manifest(MANIFEST)
    assert manifest.bot_name == "spend-intacct"
    assert set(manifest.commands) == {"/intacct"}
