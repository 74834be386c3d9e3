"""The buttons of steps 1 to 8: acknowledge, do one thing, show what it did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from slack_sdk.web.async_client import AsyncWebClient

from bot.walkthrough.keeper import Refused
from bot.walkthrough.steps import CREDENTIALS, ENTITY, OPEN
from handlers.services import Services
from handlers.ui import walkthrough as ui
from handlers.ui import walkthrough_modals as modals
from handlers.walkthrough import cards, writing
from handlers.walkthrough.common import Click, busy, update_view
from handlers.walkthrough.watching import shown

Handler = Callable[[Services, AsyncWebClient, Click], Awaitable[None]]


async def check(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.keeper.allowed(click.walk, click.user, click.step)
    async with busy(services, client, click, ui.CHECKING):
        await services.walkthrough.check(click.walk, click.user, click.step)
    await shown(services, client, click)


async def back(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.back(click.walk, click.user)
    await shown(services, client, click)


async def change(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.go_to(click.walk, click.user, click.step)
    await shown(services, client, click)


async def scope(services: Services, client: AsyncWebClient, click: Click, chosen: str) -> None:
    """Opens the form at once, since its trigger is good for three seconds."""
    walk = await services.walkthrough.keeper.allowed(click.walk, click.user, OPEN)
    await client.views_open(trigger_id=click.trigger, view=modals.company(click.key, walk.answers))
    await services.walkthrough.door.choose_scope(click.walk, click.user, chosen)
    await cards.show(services, client, click.walk)


async def scope_top(services: Services, client: AsyncWebClient, click: Click) -> None:
    await scope(services, client, click, "top")


async def scope_entity(services: Services, client: AsyncWebClient, click: Click) -> None:
    await scope(services, client, click, "entity")


async def unsure(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.door.choose_scope(click.walk, click.user, "unsure")
    await cards.show(services, client, click.walk)


async def company(services: Services, client: AsyncWebClient, click: Click) -> None:
    walk = await services.walkthrough.keeper.allowed(click.walk, click.user, OPEN)
    await client.views_open(trigger_id=click.trigger, view=modals.company(f"{click.walk}:{OPEN}", walk.answers))


async def password(services: Services, client: AsyncWebClient, click: Click) -> None:
    walk = await services.walkthrough.keeper.allowed(click.walk, click.user, CREDENTIALS)
    company_id = walk.answers.get("company_id", "")
    if not company_id:
        raise Refused("Choose the company first, in step 1.")
    before = {"user_id": str(walk.answers.get("user_id", ""))}
    view = modals.password(f"{click.walk}:{CREDENTIALS}", company_id, before)
    await client.views_open(trigger_id=click.trigger, view=view)


async def mail_elsewhere(services: Services, client: AsyncWebClient, click: Click) -> None:
    """Only the password is asked of that person: it passes through no one else."""
    await hand_over(services, client, Click(click.user, click.walk, CREDENTIALS, click.trigger))


async def hand_over(services: Services, client: AsyncWebClient, click: Click) -> None:
    walk = await services.walkthrough.get(click.walk)
    if walk.owner != click.user:
        raise Refused("Only the person who runs this set-up can ask someone else.")
    await client.views_open(trigger_id=click.trigger, view=modals.hand_over(click.key, click.step))


def permissions(**chosen: str) -> Handler:
    async def choose(services: Services, client: AsyncWebClient, click: Click) -> None:
        answers = {"show_me": "", **chosen}
        await services.walkthrough.door.choose_permissions(click.walk, click.user, **answers)
        await cards.show(services, client, click.walk)

    return choose


async def entity(services: Services, client: AsyncWebClient, click: Click) -> None:
    walk = await services.walkthrough.keeper.allowed(click.walk, click.user, ENTITY)
    before = str(walk.answers.get("entity_id", ""))
    view = modals.entity(f"{click.walk}:{ENTITY}", listed=walk.company is not None, before=before)
    await client.views_open(trigger_id=click.trigger, view=view)


async def create_account(services: Services, client: AsyncWebClient, click: Click) -> None:
    """The proposal is read behind a form that is open already."""
    opened = await client.views_open(
        trigger_id=click.trigger, view=modals.waiting("Liability account", "Reading the chart of accounts…")
    )
    view_id = str(opened["view"]["id"])
    try:
        walk = await services.walkthrough.get(click.walk)
        chart = await services.walkthrough.ledger.chart(click.walk, click.user)
    except Refused as refused:
        await update_view(client, view_id, modals.told("Liability account", str(refused)))
        return
    before = walk.answers.get("planned") or {"number": chart.free_number()}  # what was typed and could not be made yet
    await update_view(client, view_id, modals.new_account(click.key, chart.categories(), before))


async def use_account(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.keeper.allowed(click.walk, click.user, click.step)
    await client.views_open(trigger_id=click.trigger, view=modals.pick_account(click.key))


async def self_account(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.ledger.make_account_by_hand(click.walk, click.user)
    await cards.show(services, client, click.walk)


async def mend_account(services: Services, _client: AsyncWebClient, click: Click) -> None:
    await writing.promise(services, click, writing.MEND)


async def use_card(services: Services, client: AsyncWebClient, click: Click) -> None:
    await services.walkthrough.keeper.allowed(click.walk, click.user, click.step)
    await client.views_open(trigger_id=click.trigger, view=modals.pick_card(click.key))


async def another(services: Services, client: AsyncWebClient, click: Click) -> None:
    walk = await services.walkthrough.another(click.walk, click.user)
    await cards.show(services, client, walk.id)


CLICKS: dict[str, Handler] = {
    "check": check,
    "back": back,
    "change": change,
    "scope_top": scope_top,
    "scope_entity": scope_entity,
    "unsure": unsure,
    "company": company,
    "password": password,
    "mail_elsewhere": mail_elsewhere,
    "hand_over": hand_over,
    "by_role": permissions(kind="role"),
    "by_user": permissions(kind="user"),
    "show_me": permissions(show_me="yes"),
    "needed": permissions(breadth="needed"),
    "all_modules": permissions(breadth="all"),
    "entity": entity,
    "create_account": create_account,
    "use_account": use_account,
    "self_account": self_account,
    "mend_account": mend_account,
    "use_card": use_card,
    "another": another,
}
"""Verb to what a press does; the action's id is `walkthrough.<verb>`."""
