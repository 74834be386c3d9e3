"""The set-up in Slack: two messages in the conversation with the app, a few forms, and free text."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.store import walkthroughs
from bot.store.connections import ensure_workspace
from bot.walkthrough.keeper import Refused
from handlers.services import Services
from handlers.ui.text import esc
from handlers.walkthrough import cards, lists
from handlers.walkthrough.chat import on_message
from handlers.walkthrough.clicks import CLICKS
from handlers.walkthrough.common import Ack, Click, Form, of_this_workspace, refuse, take_secrets, theirs
from handlers.walkthrough.drifting import LookAround
from handlers.walkthrough.finishing import FINISH_CLICKS, FINISH_FORMS
from handlers.walkthrough.forms import FORMS
from handlers.walkthrough.watching import shown, watch_step
from handlers.walkthrough.writing import write_books

__all__ = [
    "LookAround",
    "Refused",
    "mend",
    "on_message",
    "register",
    "resume",
    "start",
    "take_secrets",
    "watch_step",
    "write_books",
]


def register(app: AsyncApp, services: Services) -> None:
    """Everything of the set-up: buttons by verb, forms by callback, pick lists by action.

    A middleware that takes secrets out of submissions hands them on as `context["secrets"]`; see `take_secrets`.
    """
    presses, submissions = {**CLICKS, **FINISH_CLICKS}, {**FORMS, **FINISH_FORMS}

    async def press(ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        click = Click.of(body)
        await of_this_workspace(services, body, click.walk)
        try:
            await theirs(services, click.walk, click.user)
            await presses[_verb(body["actions"][0]["action_id"])](services, client, click)
        except Refused as refused:
            await refuse(services, client, click, refused)
        except Exception:
            await cards.show(services, client, click.walk)  # a card must not go on saying that it is checking
            raise

    async def submit(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext) -> None:
        form = Form.of(body, context.get("secrets") or take_secrets(body))
        await of_this_workspace(services, body, form.walk)
        try:
            await theirs(services, form.walk, form.user)
            await submissions[_verb(body["view"]["callback_id"])](services, client, form, ack)
        except Refused as refused:
            if ack.response is None:
                await ack()
            await refuse(services, client, form.click, refused)
        except Exception:
            await cards.show(services, client, form.walk)
            raise

    async def options(ack: Ack, body: dict[str, Any]) -> None:
        await ack(options=await lists.answer(services, _verb(body["action_id"]), body))

    app.action(_any_of(presses))(press)
    app.view(_any_of(submissions))(submit)
    app.options(_any_of(lists.LISTS))(options)


async def start(services: Services, client: AsyncWebClient, workspace: str, user: str, *, fresh: bool = False) -> str:
    """Opens the set-up in the person's conversation with the app: where it was left, or a new one. Returns its channel."""
    enterprise, _, team = workspace.partition(":")
    await ensure_workspace(services.store, enterprise, team, "", services.clock())
    try:
        walk = await services.walkthrough.open(workspace, user, fresh=fresh)
    except Refused as refused:
        said = await client.chat_postMessage(channel=user, text=esc(str(refused)))
        return str(said["channel"])
    await cards.show(services, client, walk.id, anew=True)
    walk = await services.walkthrough.get(walk.id)
    return str(walk.messages["card"]["channel"])


async def resume(services: Services, client: AsyncWebClient, workspace: str) -> None:
    """After a start of the app: brings every open set-up up to date, since some may say that they are checking."""
    for walk in await walkthroughs.find_open(services.store, workspace):
        if walk.messages:
            await shown(services, client, Click(walk.owner, walk.id, walk.step))


async def mend(
    services: Services,
    client: AsyncWebClient,
    workspace: str,
    user: str,
    company: int,
    step: int,
    *,
    connection: str = "",
) -> None:
    """Opens one step of a finished set-up again, for an alert that names the step which mends it.

    Raises:
        Refused: somebody else set the connection up.
    """
    walk = await services.walkthrough.mend(workspace, user, company, step, connection=connection)
    await cards.show(services, client, walk.id, anew=True)


def _verb(name: str) -> str:
    return name.removeprefix("walkthrough.")


def _any_of(table: dict[str, Any]) -> re.Pattern[str]:
    return re.compile(r"walkthrough\.(?:" + "|".join(map(re.escape, table)) + r")\Z")
