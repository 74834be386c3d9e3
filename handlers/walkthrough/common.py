"""What the set-up's listeners share: reading a click or a form, and saying what was refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Secret
from bot.slack_errors import said
from bot.walkthrough import progress
from bot.walkthrough.keeper import HERE_NO_LONGER, Refused
from bot.walkthrough.steps import STEPS
from handlers.asking import workspace_of
from handlers.services import Services
from handlers.ui import walkthrough_modals as modals
from handlers.ui.blocks import Json, refilled
from handlers.ui.ids import SECRET_BLOCKS
from handlers.ui.text import esc
from handlers.walkthrough import cards
from handlers.walkthrough.cards import Note

log = logging.getLogger(__name__)

Ack = Callable[..., Awaitable[Any]]
MOMENT = 0.7
"""Seconds that a check may take before the card says that it is running: an edit less where it is quick."""
QUICK = 1.5
"""Seconds of Slack's three that work may take before the form has to wait visibly."""
APPLIED = 0.5
"""Seconds after which an acknowledgement has surely changed the form: an update that overtakes it would be overwritten."""


@dataclass(frozen=True, slots=True)
class Click:
    """A button's press: who, on which step of which set-up."""

    user: str
    walk: str
    step: int
    trigger: str = ""

    @property
    def key(self) -> str:
        return f"{self.walk}:{self.step}"

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Click:
        walk, _, step = str(body["actions"][0].get("value", "")).partition(":")
        return cls(str(body["user"]["id"]), walk, int(step or 0), str(body.get("trigger_id", "")))


@dataclass(frozen=True, slots=True)
class Form:
    """A submission: what stood in each block. Secrets are apart and never among the texts.

    `fresh` is an action id that the secrets' lines did not have: under the same one Slack would keep what was typed. `view`
    is the form as it was sent.
    """

    user: str
    walk: str
    step: int
    view_id: str
    texts: Mapping[str, str]
    many: Mapping[str, tuple[str, ...]]
    secrets: Mapping[str, Secret]
    fresh: str = "typed"
    view: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.walk}:{self.step}"

    @property
    def click(self) -> Click:
        return Click(self.user, self.walk, self.step)

    def again(self, sentence: str) -> Json:
        """This form once more, with all that stood in it and what was refused at its top; for forms without secrets."""
        return refilled(self.view, sentence)

    @classmethod
    def of(cls, body: Mapping[str, Any], secrets: Mapping[str, Secret]) -> Form:
        view = body["view"]
        walk, _, step = str(view.get("private_metadata", "")).partition(":")
        texts, many, fresh = {}, {}, "typed"
        for block, given in view["state"]["values"].items():
            for action, entry in given.items():
                if block in SECRET_BLOCKS:
                    fresh = "again" if action == "typed" else "typed"
                else:
                    texts[block], many[block] = _value(entry)
        return cls(str(body["user"]["id"]), walk, int(step or 0), str(view["id"]), texts, many, secrets, fresh, view)


def _value(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What was typed or picked, in whichever shape Slack sends it."""
    for name in ("value", "selected_date", "selected_time", "selected_conversation", "selected_user"):
        if entry.get(name):
            return str(entry[name]), ()
    if option := entry.get("selected_option"):
        return str(option["value"]), ()
    options = tuple(str(option["value"]) for option in entry.get("selected_options") or ())
    return "", options or tuple(str(user) for user in entry.get("selected_users") or ())


def take_secrets(body: Mapping[str, Any]) -> dict[str, Secret]:
    """The secrets of a submission, taken out of it: what is left may be logged."""
    found = {}
    for block, given in body["view"]["state"]["values"].items():
        if block in SECRET_BLOCKS:
            for entry in given.values():
                if entry.get("value"):
                    found[block] = Secret(str(entry["value"]))
                    entry["value"] = None
    return found


async def of_this_workspace(services: Services, body: Mapping[str, Any], walk_id: str) -> None:
    """Go on only with a set-up of the workspace that the request comes from.

    Raises:
        Refused: it is not there, or not there for them.
    """
    walk = await services.walkthrough.get(walk_id)
    if walk.workspace_id != workspace_of(body):
        raise Refused(HERE_NO_LONGER)


async def theirs(services: Services, walk_id: str, user: str) -> None:
    """Go on only for whoever runs this set-up or was asked to do a step of it; which step is asked where it is done.

    Raises:
        Refused: it is neither.
    """
    walk = await services.walkthrough.get(walk_id)
    if user != walk.owner and user not in {progress.assignee(walk, step) for step in STEPS}:
        raise Refused("Only the person who runs this set-up, or who was asked to do this step, can do that.")


async def refuse(services: Services, client: AsyncWebClient, click: Click, refused: Refused) -> None:
    """Says why not, on the card of whoever asked; to anybody else, and where no card is left, in a message of its own."""
    try:
        walk = await services.walkthrough.get(click.walk)
        has_card = click.user == walk.owner or any(key.endswith(f":{click.user}") for key in walk.messages)
    except Refused:
        has_card = False
    if has_card and walk.state == "open":
        await cards.show(services, client, click.walk, Note(click.user, remark=str(refused)))
    else:
        await client.chat_postMessage(channel=click.user, text=esc(str(refused)))


@asynccontextmanager
async def busy(services: Services, client: AsyncWebClient, click: Click, words: str) -> AsyncIterator[None]:
    """Says on the card of whoever asked that something is under way, once it takes longer than a moment.

    An edit that has begun is waited for, so that it never overtakes the one which shows the outcome.
    """
    over = asyncio.Event()

    async def tell() -> None:
        try:
            await asyncio.wait_for(over.wait(), MOMENT)
        except TimeoutError:
            await cards.show(services, client, click.walk, Note(click.user, busy=words))

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        over.set()
        await telling


async def update_view(client: AsyncWebClient, view_id: str, view: Json) -> None:
    """Changes an open form; one that was closed meanwhile is nobody's loss."""
    try:
        await client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if said(error) not in {"not_found", "view_not_found"}:
            raise


async def filled(
    client: AsyncWebClient,
    view_id: str,
    title: str,
    work: Callable[[], Awaitable[Json]],
    again: Callable[[str], Json],
) -> None:
    """Puts the outcome of some work into a form that is open already.

    Args:
        client: Slack.
        view_id: the form, which shows that something is under way.
        title: of the form, for the case that all went wrong.
        work: the next view.
        again: the form once more with a refusal at its top, everything in it but the secret.
    """
    outcome = await _outcome(title, work, again)
    assert outcome.view is not None
    await update_view(client, view_id, outcome.view)
    if outcome.fault:
        raise outcome.fault


async def submitted(
    ack: Ack,
    client: AsyncWebClient,
    view_id: str,
    waiting: Json,
    work: Callable[[], Awaitable[Json | None]],
    again: Callable[[str], Json],
    *,
    done: str = "",
    fields: Collection[str] = (),
) -> bool:
    """Answers a submission with the outcome of some work, however long it takes. Returns whether the work was done.

    Quick work is the acknowledgement itself. For slow work the form waits with `waiting`, and is changed afterwards.

    Args:
        ack: Slack's.
        client: Slack.
        view_id: the form.
        waiting: what it shows from the moment that the work turns out to be slow.
        work: gives the next view, or None when the form may close, since the conversation shows what became of it.
        again: the form once more with a refusal at its top, everything in it but the secret.
        done: what a form that had to wait says instead of closing, which Slack does not allow it by then.
        fields: blocks of the form that say themselves what is wrong with them; what was typed stays as it is.
    """
    title = str(waiting["title"]["text"])
    task = asyncio.create_task(_outcome(title, work, again))
    quick, _ = await asyncio.wait({task}, timeout=QUICK)
    if quick:
        outcome = task.result()
        if outcome.refused and outcome.refused.field in fields:
            await ack(response_action="errors", errors={outcome.refused.field: str(outcome.refused)})
        elif outcome.view is None:
            await ack()
        else:
            await ack(response_action="update", view=outcome.view)
    else:
        await ack(response_action="update", view=waiting)
        applied = asyncio.create_task(asyncio.sleep(APPLIED))
        outcome = await task
        await applied
        await update_view(client, view_id, outcome.view or modals.told(title, done))
    if outcome.fault:
        raise outcome.fault
    return outcome.refused is None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The next view, what was refused, and a fault of ours that somebody has to see in the log."""

    view: Json | None
    refused: Refused | None = None
    fault: Exception | None = None


async def _outcome(title: str, work: Callable[[], Awaitable[Json | None]], again: Callable[[str], Json]) -> _Outcome:
    try:
        return _Outcome(await work())
    except Refused as refused:
        return _Outcome(again(str(refused)), refused)
    except Exception as fault:  # noqa: BLE001 - raised again once the person knows
        return _Outcome(modals.told(title, "That did not work, and nothing was kept. Try once more."), fault=fault)
