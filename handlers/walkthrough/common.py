"""What the set-up's listeners share: reading a click or a form, and saying what was refused."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Secret
from bot.walkthrough.keeper import Refused
from handlers.services import Services
from handlers.ui import walkthrough_modals as modals
from handlers.ui.blocks import Json
from handlers.ui.ids import SECRET_BLOCKS
from handlers.ui.text import esc
from handlers.walkthrough import cards
from handlers.walkthrough.cards import Note

log = logging.getLogger(__name__)

Ack = Callable[..., Awaitable[Any]]


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
    """A submission: what stood in each block. Secrets are apart and never among the texts."""

    user: str
    walk: str
    step: int
    view_id: str
    texts: Mapping[str, str]
    many: Mapping[str, tuple[str, ...]]
    secrets: Mapping[str, Secret]

    @property
    def key(self) -> str:
        return f"{self.walk}:{self.step}"

    @property
    def click(self) -> Click:
        return Click(self.user, self.walk, self.step)

    @classmethod
    def of(cls, body: Mapping[str, Any], secrets: Mapping[str, Secret]) -> Form:
        view = body["view"]
        walk, _, step = str(view.get("private_metadata", "")).partition(":")
        texts, many = {}, {}
        for block, given in view["state"]["values"].items():
            for entry in given.values():
                if block not in SECRET_BLOCKS:
                    texts[block], many[block] = _value(entry)
        return cls(str(body["user"]["id"]), walk, int(step or 0), str(view["id"]), texts, many, secrets)


def _value(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What was typed or picked, in whichever shape Slack sends it."""
    for name in ("value", "selected_date", "selected_time", "selected_conversation", "selected_user"):
        if entry.get(name):
            return str(entry[name]), ()
    if option := entry.get("selected_option"):
        return str(option["value"]), ()
    many = tuple(str(option["value"]) for option in entry.get("selected_options") or ())
    return "", many


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


async def update_view(client: AsyncWebClient, view_id: str, view: Json) -> None:
    """Changes an open form; one that was closed meanwhile is nobody's loss."""
    try:
        await client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if error.response["error"] not in {"not_found", "view_not_found"}:
            raise


async def tried(
    client: AsyncWebClient,
    view_id: str,
    title: str,
    work: Callable[[], Awaitable[Json]],
    again: Callable[[str], Json],
) -> None:
    """Does something that takes longer than Slack waits, behind a form that says so.

    Args:
        client: Slack.
        view_id: the form, which shows "Checking…" already.
        title: of the form, for the case that all went wrong.
        work: the next view.
        again: the form once more with a refusal at its top, everything in it but the secret.
    """
    try:
        view = await work()
    except Refused as refused:
        view = again(str(refused))
    except Exception:
        await update_view(
            client, view_id, modals.told(title, "That did not work, and nothing was kept. Try once more.")
        )
        raise
    await update_view(client, view_id, view)
