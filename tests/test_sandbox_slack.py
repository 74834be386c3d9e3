"""The simulated Slack, driven by the real Bolt over real Socket Mode: what people do and what they then see."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.control import ControlError
from bot.sandbox.slack import SlackSim
from tests.patience import PATIENCE

DANA, LEE, MARIA = "U0DANA", "U0LEE", "U0MARIA"
FINANCE = "C0FINANCE"
Json = dict[str, Any]
HURRY = 0.05
"""Seconds until an acknowledgement that never comes is given up."""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Bench:
    """A simulator, a Bolt app on it, and what the app was told."""

    def __init__(self, sim: SlackSim, clock: Clock, app: AsyncApp) -> None:
        self.sim, self.clock, self.app = sim, clock, app
        self.client = app.client
        self.told: list[Json] = []
        self.view: Json = {}
        self.news = asyncio.Event()
        sim.on_change = lambda _: self.news.set()

    async def do(self, verb: str, user: str = DANA, **args: Any) -> Json:
        return await self.sim.control(verb, {"user": user, **args})

    async def post(self, channel: str = FINANCE, **content: Any) -> str:
        answer = await self.client.chat_postMessage(channel=channel, text="A message", **content)
        return str(answer["ts"])

    def keep(self, *, ack: Json | None = None) -> Callable[..., Awaitable[None]]:
        """A listener that keeps the payload and acknowledges, with `ack` if given."""

        async def listener(ack: Callable[..., Awaitable[Any]], body: Json) -> None:
            self.told.append(body)
            self.news.set()
            await ack(**(answer or {}))

        answer = ack
        return listener

    async def until(self, done: Callable[[], bool]) -> None:
        """Waits for something that a change in the workspace or a payload brings about."""
        async with asyncio.timeout(PATIENCE):
            while not done():
                self.news.clear()
                await self.news.wait()

    async def heard(self, count: int = 1) -> list[Json]:
        """What the app was told, once there are `count` of it and no delivery is under way."""
        await self.until(lambda: len(self.told) >= count)
        await self.sim.core.delivery.settled()
        return self.told


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    sim, clock = SlackSim(), Clock()
    sim.clock = clock
    sim.core.delivery.ack_seconds = PATIENCE
    sim.core.delivery.retry_delays = (0.0, 0.01, 0.01)
    await sim.start()
    app = AsyncApp(token=sim.BOT_TOKEN, client=AsyncWebClient(token=sim.BOT_TOKEN, base_url=sim.url))
    made = Bench(sim, clock, app)
    async with connected(made):
        yield made
    await sim.stop()


@contextlib.contextmanager
def hurry(bench: Bench) -> Iterator[None]:
    """Slack waits for no acknowledgement as long as this lasts."""
    bench.sim.core.delivery.ack_seconds = HURRY
    yield
    bench.sim.core.delivery.ack_seconds = PATIENCE


@contextlib.asynccontextmanager
async def connected(bench: Bench) -> AsyncIterator[None]:
    """One more Socket Mode connection of the app, over the client that Bolt's handler uses."""
    before = bench.sim.core.socket.count
    client = AsyncSocketModeHandler(bench.app, bench.sim.APP_TOKEN, ping_interval=0.1).client
    await client.connect_to_new_endpoint()
    await bench.until(lambda: bench.sim.core.socket.count > before)
    yield
    await client.close()  # type: ignore[no-untyped-call]  # slack-sdk leaves it untyped
    tasks = (client.message_processor, client.message_receiver, client.current_session_monitor)
    await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "retry", "text": {"type": "plain_text", "text": "Retry 37"}, **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "block_id": "acts", "elements": list(elements)}


def field(action_id: str = "user", block_id: str = "user_block", **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": "User ID"},
        "element": {"type": "plain_text_input", "action_id": action_id, **element},
    }


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": {"type": "plain_text", "text": "Credentials"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": list(blocks) or [field()],
        **more,
    }


async def open_modal(bench: Bench, view: Json | None = None, user: str = DANA) -> Json:
    """Has the app open a modal from a command; returns the view on the screen."""

    async def opens(ack: Callable[..., Awaitable[Any]], body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=bench.view)

    if not bench.view:
        bench.app.command("/intacct")(opens)
    bench.view = view or modal()
    await bench.do("command", user, text="/intacct setup", channel=FINANCE)
    await bench.until(lambda: bench.sim.view_of(user) is not None)
    return bench.sim.view_of(user) or {}


# --- commands ---------------------------------------------------------------------------------------------------------


async def test_a_command_reaches_the_app_with_slacks_fields_and_its_answer_is_seen_by_one_person(bench: Bench) -> None:
    bench.app.command("/intacct")(bench.keep(ack={"text": "All is well."}))
    result = await bench.do("command", text="/intacct status @lee in #general <b>", channel=FINANCE)
    assert result["acked"]
    body = bench.told[0]
    assert (body["command"], body["user_id"], body["channel_name"]) == ("/intacct", DANA, "privategroup")
    assert body["text"] == "status <@U0LEE|lee> in <#C0GENERAL|general> &lt;b&gt;"
    assert bench.sim.messages(FINANCE, DANA)[-1]["ephemeral"] is True
    assert bench.sim.messages(FINANCE, LEE) == []
    await bench.do("reload")
    assert bench.sim.messages(FINANCE, DANA) == []


async def test_a_command_without_an_ack_in_time_tells_the_person_and_the_next_one_works(bench: Bench) -> None:
    async def sleeps(ack: Callable[..., Awaitable[Any]], body: Json) -> None:
        if body["text"] == "slow":
            await released.wait()
        await ack()

    released = asyncio.Event()
    bench.app.command("/intacct")(sleeps)
    with hurry(bench):
        result = await bench.do("command", text="/intacct slow", channel=FINANCE)
    released.set()
    assert result["acked"] is False
    assert result["error"] == "operation_timeout"
    assert bench.sim.messages(FINANCE)[-1]["text"] == '/intacct failed with the error "operation_timeout"'
    assert (await bench.do("command", text="/intacct fast", channel=FINANCE))["acked"] is True


async def test_a_command_that_the_manifest_does_not_have_is_not_valid(bench: Bench) -> None:
    await bench.do("command", text="/quickbooks", channel=FINANCE)
    assert bench.sim.messages(FINANCE)[-1]["text"] == "/quickbooks is not a valid command."


async def test_a_command_in_a_thread_is_not_supported(bench: Bench) -> None:
    ts = await bench.post()
    await bench.do("command", text="/intacct status", channel=FINANCE, thread_ts=ts)
    assert "not supported in threads" in bench.sim.messages(FINANCE)[-1]["text"]


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_a_click_carries_message_state_trigger_and_response_url(bench: Bench) -> None:
    bench.app.action("retry")(bench.keep())
    menu = {
        "type": "static_select",
        "action_id": "department",
        "options": [{"text": {"type": "plain_text", "text": "20 Sales"}, "value": "20"}],
    }
    ts = await bench.post(blocks=[actions(button(value="A-1", style="primary"), menu)])
    result = await bench.do("click", channel=FINANCE, ts=ts, block_id="acts", action_id="retry")
    assert result["acked"]
    body = bench.told[0]
    assert body["container"] == {"type": "message", "message_ts": ts, "channel_id": FINANCE, "is_ephemeral": False}
    assert body["actions"][0]["value"] == "A-1"
    assert body["actions"][0]["style"] == "primary"
    assert float(body["actions"][0]["action_ts"]) > 0
    assert body["state"]["values"] == {"acts": {"department": {"type": "static_select", "selected_option": None}}}
    assert body["message"]["ts"] == ts
    assert body["trigger_id"]
    assert body["response_url"].startswith(bench.sim.core.origin)


async def test_a_pick_in_a_message_is_kept_per_person_and_comes_back_in_state(bench: Bench) -> None:
    bench.app.action("department")(bench.keep())
    bench.app.action("retry")(bench.keep())
    option = {"text": {"type": "plain_text", "text": "20 Sales"}, "value": "20"}
    menu = {"type": "static_select", "action_id": "department", "options": [option]}
    ts = await bench.post(blocks=[actions(button(), menu)])
    place: Json = {"channel": FINANCE, "ts": ts, "block_id": "acts"}
    await bench.do("click", **place, action_id="department", selected_option={"value": "20"})
    await bench.do("click", **place, action_id="retry")
    await bench.do("click", LEE, **place, action_id="retry")
    picks = [body["state"]["values"]["acts"]["department"]["selected_option"] for body in bench.told]
    assert picks == [option, option, None]
    with pytest.raises(ControlError, match="not among the options"):
        await bench.do("click", **place, action_id="department", selected_option={"value": "99"})


async def test_a_click_on_what_is_not_there_is_refused(bench: Bench) -> None:
    ts = await bench.post(blocks=[actions(button())])
    with pytest.raises(ControlError, match="no control"):
        await bench.do("click", channel=FINANCE, ts=ts, block_id="acts", action_id="other")
    with pytest.raises(ControlError, match="sees no channel"):
        await bench.do("click", MARIA, channel=FINANCE, ts=ts, block_id="acts", action_id="retry")


async def test_an_answer_by_response_url_is_private_and_can_replace_the_message(bench: Bench) -> None:
    async def answers(ack: Callable[..., Awaitable[Any]], respond: Callable[..., Awaitable[Any]]) -> None:
        await ack()
        await respond("Lee Okafor pressed Retry 4 seconds ago; it is running.")
        await respond(text="Running", replace_original=True)

    bench.app.action("retry")(answers)
    ts = await bench.post(blocks=[actions(button())])
    await bench.do("click", LEE, channel=FINANCE, ts=ts, block_id="acts", action_id="retry")
    await bench.until(lambda: bench.sim.messages(FINANCE)[0]["text"] == "Running")
    assert bench.sim.messages(FINANCE)[0]["blocks"] == []
    assert [message.get("ephemeral") for message in bench.sim.messages(FINANCE, LEE)] == [None, True]
    assert len(bench.sim.messages(FINANCE, DANA)) == 1


async def test_a_response_url_ends_after_five_uses_or_thirty_minutes(bench: Bench) -> None:
    bench.app.action("retry")(bench.keep())
    ts = await bench.post(blocks=[actions(button())])
    place: Json = {"channel": FINANCE, "ts": ts, "block_id": "acts", "action_id": "retry"}
    await bench.do("click", **place)
    await bench.do("click", **place)
    first, second = (body["response_url"] for body in bench.told)
    assert [await _posted(bench, first) for _ in range(6)] == [200] * 5 + [404]
    bench.clock.pass_by(30 * 60 + 1)
    assert await _posted(bench, second) == 404


async def _posted(bench: Bench, url: str) -> int:
    answer = await AsyncWebhookClient(url).send(text="Hello")
    return answer.status_code


async def test_direct_messages_reach_the_app_and_its_own_come_back_marked(bench: Bench) -> None:
    bench.app.event("message")(bench.keep())
    await bench.do("say", text="hello <there>", channel="D0DANA")
    event = (await bench.heard())[0]["event"]
    assert (event["channel_type"], event["user"], event["text"]) == ("im", DANA, "hello &lt;there&gt;")
    await bench.do("say", text="said in a channel", channel=FINANCE)
    ts = await bench.post(channel=DANA)
    await bench.client.chat_update(channel="D0DANA", ts=ts, text="Changed")
    await bench.sim.core.delivery.settled()
    subtypes = [body["event"].get("subtype") for body in bench.told]
    assert subtypes == [None], "Bolt drops what the app itself said"
    assert [line["what"] for line in bench.sim.state()["log"] if line["dir"] == "out"] == ["event message"] * 3


async def test_unread_counts_fall_when_the_person_reads(bench: Bench) -> None:
    await bench.post()
    await bench.post()

    def unread(user: str) -> Any:
        return next(one["unread"] for one in bench.sim.state(user)["channels"] if one["id"] == FINANCE)

    assert unread(DANA) == 2
    await bench.do("read", channel=FINANCE)
    assert (unread(DANA), unread(LEE)) == (0, 2)


async def test_each_person_sees_their_own_channels(bench: Bench) -> None:
    kinds = {one["id"]: one["kind"] for one in bench.sim.state(DANA)["channels"]}
    assert kinds == {"C0FINANCE": "private", "C0GENERAL": "channel", "C0SHARED": "shared", "D0DANA": "im"}
    assert set(bench.sim.state(MARIA)["messages"]) == {"C0GENERAL", "D0MARIA"}


async def test_inviting_the_app_lets_it_post(bench: Bench) -> None:
    with pytest.raises(SlackApiError) as refusal:
        await bench.post(channel="C0GENERAL")
    assert refusal.value.response["error"] == "not_in_channel"
    await bench.do("say", MARIA, text="/invite @spend-intacct", channel="C0GENERAL")
    await bench.post(channel="C0GENERAL")
    assert bench.sim.messages("#general")[-1]["bot"] is True


# --- modals -----------------------------------------------------------------------------------------------------------


async def test_a_submission_carries_what_was_typed_and_an_empty_ack_closes_the_modal(bench: Bench) -> None:
    bench.app.view("ask")(bench.keep())
    view = await open_modal(bench, modal(field(), private_metadata="S-1"))
    values = {"user_block": {"user": {"type": "plain_text_input", "value": "Spendcenter"}}}
    result = await bench.do("submit", view_id=view["id"], values=values)
    assert result["acked"]
    assert bench.sim.view_of(DANA) is None
    sent = bench.told[0]["view"]
    assert sent["state"]["values"] == values
    assert sent["private_metadata"] == "S-1"
    expected = "id team_id app_id bot_id type title close submit blocks state hash private_metadata callback_id"
    assert set(expected.split()) <= set(sent)
    assert {"root_view_id", "previous_view_id", "clear_on_close", "notify_on_close"} <= set(sent)


async def test_an_empty_required_field_never_leaves_the_client(bench: Bench) -> None:
    bench.app.view("ask")(bench.keep())
    view = await open_modal(bench)
    result = await bench.do("submit", view_id=view["id"], values={})
    assert result["errors"] == {"user_block": "Please complete this required field."}
    assert bench.told == []


async def test_errors_stand_under_their_fields_until_the_next_try(bench: Bench) -> None:
    async def judges(ack: Callable[..., Awaitable[Any]], view: Json) -> None:
        typed = view["state"]["values"]["user_block"]["user"]["value"]
        if " " in typed:
            await ack(response_action="errors", errors={"user_block": "No blanks."})
        else:
            await ack()

    bench.app.view("ask")(judges)
    view = await open_modal(bench)
    wrong = {"user_block": {"user": {"type": "plain_text_input", "value": "a b"}}}
    result = await bench.do("submit", view_id=view["id"], values=wrong)
    assert result["errors"] == {"user_block": "No blanks."}
    shown = bench.sim.state(DANA)["modals"][0]
    assert shown["errors"] == {"user_block": "No blanks."}
    assert shown["state"]["values"]["user_block"]["user"]["value"] == "a b"
    right = {"user_block": {"user": {"type": "plain_text_input", "value": "ab"}}}
    await bench.do("submit", view_id=view["id"], values=right)
    assert bench.sim.view_of(DANA) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "Text"}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "dance"},
    ],
)
async def test_an_ack_that_slack_would_not_follow_leaves_the_modal_open_and_says_so(bench: Bench, answer: Json) -> None:
    bench.app.view("ask")(bench.keep(ack=answer))
    view = await open_modal(bench)
    values = {"user_block": {"user": {"value": "x"}}}
    await bench.do("submit", view_id=view["id"], values=values)
    assert "trouble connecting" in (bench.sim.view_of(DANA) or {})["notice"]
    refused = [line["what"] for line in bench.sim.state()["log"] if not line["ok"]]
    assert len(refused) == 1
    assert refused[0].startswith("view_submission ask: the acknowledgement is refused")


async def test_a_submission_without_an_answer_keeps_the_modal_and_what_was_typed(bench: Bench) -> None:
    async def sleeps(ack: Callable[..., Awaitable[Any]]) -> None:
        await released.wait()
        await ack()

    released = asyncio.Event()
    bench.app.view("ask")(sleeps)
    view = await open_modal(bench)
    with hurry(bench):
        result = await bench.do("submit", view_id=view["id"], values={"user_block": {"user": {"value": "x"}}})
    released.set()
    assert result["error"] == "operation_timeout"
    shown = bench.sim.view_of(DANA) or {}
    assert "trouble connecting" in shown["notice"]
    assert shown["state"]["values"]["user_block"]["user"]["value"] == "x"


async def test_update_push_and_clear_work_and_the_stack_ends_at_three(bench: Bench) -> None:
    replies: Iterator[Json] = iter(
        [
            {"response_action": "update", "view": modal(callback_id="ask", private_metadata="two")},
            {"response_action": "push", "view": modal(callback_id="ask")},
            {"response_action": "push", "view": modal(callback_id="ask")},
            {"response_action": "push", "view": modal(callback_id="ask")},
            {"response_action": "clear"},
        ]
    )

    async def follows(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack(**next(replies))

    bench.app.view("ask")(follows)
    await open_modal(bench)
    heights = []
    for _ in range(5):
        top = bench.sim.state(DANA)["modals"][-1]
        await bench.do("submit", view_id=top["id"], values={"user_block": {"user": {"value": "x"}}})
        heights.append(len(bench.sim.state(DANA)["modals"]))
    assert heights == [1, 2, 3, 3, 0]


async def test_an_ack_for_a_modal_that_was_closed_meanwhile_opens_nothing(bench: Bench) -> None:
    async def pushes(ack: Callable[..., Awaitable[Any]], view: Json) -> None:
        await bench.do("close", view_id=view["id"])
        await ack(response_action="push", view=modal())

    bench.app.view("ask")(pushes)
    view = await open_modal(bench)
    await bench.do("submit", view_id=view["id"], values={"user_block": {"user": {"value": "x"}}})
    assert bench.sim.view_of(DANA) is None


async def test_a_commands_answer_can_be_replaced_by_its_response_url(bench: Bench) -> None:
    async def answers(ack: Callable[..., Awaitable[Any]], respond: Callable[..., Awaitable[Any]]) -> None:
        await ack()
        await respond("Checking…")
        await respond("Checked", replace_original=True)

    bench.app.command("/intacct")(answers)
    await bench.do("command", text="/intacct status", channel=FINANCE)
    await bench.until(lambda: [one["text"] for one in bench.sim.messages(FINANCE)] == ["Checked"])


async def test_what_was_typed_survives_an_update_with_the_same_ids_only(bench: Bench) -> None:
    bench.app.action("check")(bench.keep())
    click_me = {"type": "actions", "block_id": "acts", "elements": [button(action_id="check")]}
    view = await open_modal(bench, modal(field(), click_me))
    typed = {"user_block": {"user": {"value": "Spend"}}}
    await bench.do("click", view_id=view["id"], block_id="acts", action_id="check", values=typed)
    assert bench.told[0]["view"]["state"]["values"]["user_block"]["user"]["value"] == "Spend"
    assert "response_url" not in bench.told[0]
    await bench.client.views_update(view_id=view["id"], view=modal(field(), field("user", "fresh_block")))
    values = (bench.sim.view_of(DANA) or {})["state"]["values"]
    assert (values["user_block"]["user"]["value"], values["fresh_block"]["user"]["value"]) == ("Spend", None)


async def test_two_updates_with_one_hash_conflict(bench: Bench) -> None:
    view = await open_modal(bench)
    await bench.client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    with pytest.raises(SlackApiError) as refusal:
        await bench.client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    assert refusal.value.response["error"] == "hash_conflict"
    fresh = (bench.sim.view_of(DANA) or {})["hash"]
    await bench.client.views_update(view_id=view["id"], hash=fresh, view=modal())


async def test_closing_tells_the_app_only_when_it_asked_and_the_view_is_gone(bench: Bench) -> None:
    bench.app.view_closed("ask")(bench.keep())
    view = await open_modal(bench, modal(notify_on_close=True))
    await bench.do("close", view_id=view["id"])
    assert (bench.told[0]["type"], bench.told[0]["is_cleared"]) == ("view_closed", False)
    with pytest.raises(SlackApiError) as refusal:
        await bench.client.views_update(view_id=view["id"], view=modal())
    assert refusal.value.response["error"] == "not_found"
    view = await open_modal(bench)
    await bench.do("close", view_id=view["id"])
    assert len(bench.told) == 1


async def test_a_trigger_opens_one_view_within_three_seconds(bench: Bench) -> None:
    bench.app.command("/intacct")(bench.keep())
    await bench.do("command", text="/intacct setup", channel=FINANCE)
    await bench.do("command", text="/intacct setup", channel=FINANCE)
    first, second = (body["trigger_id"] for body in bench.told)
    await bench.client.views_open(trigger_id=first, view=modal())
    bench.clock.pass_by(3.1)
    errors = []
    for trigger in (first, second, "1.2.x"):
        with pytest.raises(SlackApiError) as refusal:
            await bench.client.views_open(trigger_id=trigger, view=modal())
        errors.append(refusal.value.response["error"])
    assert errors == ["exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id"]


async def test_options_come_from_the_app_and_too_many_are_refused(bench: Bench) -> None:
    def some(count: int) -> list[Json]:
        return [{"text": {"type": "plain_text", "text": f"{n} Place"}, "value": str(n)} for n in range(count)]

    async def offers(ack: Callable[..., Awaitable[Any]], payload: Json) -> None:
        bench.told.append(payload)
        await ack(options=some(101 if payload["value"] == "many" else 2))

    bench.app.options("entity")(offers)
    menu = {"type": "external_select", "action_id": "entity", "min_query_length": 2}
    view = await open_modal(bench, modal(field() | {"element": menu}))
    ask: Json = {"view_id": view["id"], "block_id": "user_block", "action_id": "entity"}
    assert (await bench.do("options", **ask, query="p"))["options"] == []
    assert bench.told == []
    assert (await bench.do("options", **ask, query="pl"))["options"] == some(2)
    assert bench.told[0]["view"]["id"] == view["id"]
    assert (await bench.do("options", **ask, query="many"))["error"] == "invalid_options"
    bench.app.view("ask")(bench.keep())
    picked = {"user_block": {"entity": {"type": "external_select", "selected_option": some(1)[0]}}}
    assert (await bench.do("submit", view_id=view["id"], values=picked))["acked"]


async def test_the_channel_menu_keeps_its_filter(bench: Bench) -> None:
    menu = {
        "type": "conversations_select",
        "action_id": "channel",
        "filter": {"include": ["public", "private"], "exclude_external_shared_channels": True},
    }
    view = await open_modal(bench, modal(field() | {"element": menu}))
    bench.app.view("ask")(bench.keep())

    async def pick(channel: str) -> Json:
        values = {"user_block": {"channel": {"selected_conversation": channel}}}
        return await bench.do("submit", view_id=view["id"], values=values)

    with pytest.raises(ControlError, match="another company"):
        await pick("C0SHARED")
    with pytest.raises(ControlError, match="public, private"):
        await pick("D0DANA")
    assert (await pick(FINANCE))["acked"]


# --- Home -------------------------------------------------------------------------------------------------------------


async def test_the_home_tab_is_published_per_person_and_clicked(bench: Bench) -> None:
    async def publishes(event: Json, client: AsyncWebClient) -> None:
        bench.told.append(event)
        bench.news.set()
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [actions(button())]})

    bench.app.event("app_home_opened")(publishes)
    bench.app.action("retry")(bench.keep())
    await bench.do("open_home")
    await bench.until(lambda: bench.sim.state(DANA)["home"] is not None)
    assert bench.told[0]["tab"] == "home"
    assert bench.sim.state(LEE)["home"] is None
    home = bench.sim.state(DANA)["home"]
    await bench.do("click", view_id=home["id"], block_id="acts", action_id="retry")
    assert bench.told[1]["container"] == {"type": "view", "view_id": home["id"]}
    await bench.do("open_home")
    assert (await bench.heard(3))[2]["view"]["id"] == home["id"]


# --- the line to the app ----------------------------------------------------------------------------------------------


async def test_an_event_that_nobody_takes_comes_again_and_says_so(bench: Bench) -> None:
    seen: list[tuple[str, str]] = []

    async def slow_at_first(body: Json, request: Any, next: Callable[[], Awaitable[Any]]) -> None:  # noqa: A002 -- Bolt's name for it
        attempt = request.headers.get("x-slack-retry-num", [""])[0]
        seen.append((body["event_id"], attempt))
        bench.news.set()
        if len(seen) == 2:
            bench.sim.core.delivery.ack_seconds = PATIENCE
        if len(seen) < 3:
            await released.wait()
        await next()

    released = asyncio.Event()
    bench.app.middleware(slow_at_first)
    bench.app.event("app_home_opened")(bench.keep())
    bench.sim.core.delivery.ack_seconds = HURRY
    await bench.do("open_home")
    await bench.until(lambda: len(seen) == 3)
    released.set()
    await bench.sim.core.delivery.settled()
    assert len({event_id for event_id, _ in seen}) == 1
    assert [attempt for _, attempt in seen[1:]] == ["1", "2"]


async def test_the_redeliver_drill_sends_one_event_twice(bench: Bench) -> None:
    bench.app.event("app_home_opened")(bench.keep())
    await bench.do("fault", kind="redeliver")
    await bench.do("open_home")
    first, second = await bench.heard(2)
    assert first["event_id"] == second["event_id"]
    await bench.do("open_home")
    assert len(await bench.heard(3)) == 3


@pytest.mark.parametrize("reason", ["refresh_requested", "warning", "drop"])
async def test_after_a_disconnect_the_app_comes_back_and_works(bench: Bench, reason: str) -> None:
    bench.app.command("/intacct")(bench.keep())
    await bench.do("fault", kind="disconnect", reason=reason)
    if reason == "drop":
        assert (await bench.do("command", text="/intacct x", channel=FINANCE))["error"] == "dispatch_failed"
    await bench.until(lambda: bool(bench.sim.state()["connected"]))
    assert (await bench.do("command", text="/intacct status", channel=FINANCE))["acked"]


async def test_slack_goes_down_and_comes_back_by_the_clock(bench: Bench) -> None:
    await bench.do("fault", kind="down", seconds=60)
    with pytest.raises(SlackApiError) as refusal:
        await bench.client.auth_test()
    assert refusal.value.response.status_code == 503
    assert bench.sim.state()["connected"] is False
    assert bench.sim.state()["faults"] == ["down"]
    bench.clock.pass_by(61)
    assert bench.sim.state()["faults"] == []
    assert (await bench.client.auth_test())["ok"]
    await bench.until(lambda: bool(bench.sim.state()["connected"]))


async def test_several_sockets_share_the_work(bench: Bench) -> None:
    bench.app.command("/intacct")(bench.keep())
    async with connected(bench):
        assert bench.sim.core.socket.count == 2
        results = [await bench.do("command", text="/intacct x", channel=FINANCE) for _ in range(4)]
    assert all(result["acked"] for result in results)
    assert len(bench.told) == 4
    await bench.until(lambda: bench.sim.core.socket.count == 1)


async def test_removing_the_app_tells_it_and_ends_its_token_until_it_is_installed_again(bench: Bench) -> None:
    bench.app.event("app_uninstalled")(bench.keep())
    bench.app.event("tokens_revoked")(bench.keep())
    await bench.do("uninstall")
    events = {body["event"]["type"] for body in await bench.heard(2)}
    assert events == {"app_uninstalled", "tokens_revoked"}
    with pytest.raises(SlackApiError) as refusal:
        await bench.client.auth_test()
    assert refusal.value.response["error"] == "account_inactive"
    await bench.do("install")
    assert (await bench.client.auth_test())["ok"]


async def test_an_unknown_verb_and_a_missing_argument_are_told_in_a_sentence(bench: Bench) -> None:
    with pytest.raises(ControlError, match="knows no verb dance"):
        await bench.do("dance")
    with pytest.raises(ControlError, match="needs text"):
        await bench.do("say", channel=FINANCE)
    with pytest.raises(ControlError, match="no person U0NOBODY"):
        await bench.do("say", "U0NOBODY", channel=FINANCE, text="x")


async def test_every_change_is_announced(bench: Bench) -> None:
    changes: list[str] = []
    bench.sim.on_change = changes.append
    await bench.post()
    assert set(changes) == {"slack"}
