"""Free text in the conversation with the app, answered where it is an obvious answer."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.store.walkthroughs import Walkthrough
from bot.walkthrough.keeper import Refused
from bot.walkthrough.steps import ACCOUNT, CARD, CREDENTIALS, ENTITY, OPEN, STEPS
from bot.walkthrough.understanding import Meaning, looks_like_a_password, understand
from handlers.services import Services
from handlers.ui.blocks import actions, button, message, section
from handlers.walkthrough import cards, clicks
from handlers.walkthrough.common import Click, refuse
from handlers.walkthrough.watching import shown

WARNING = (
    "That may be a password. Delete your message, reset it in Intacct, then use *Enter the password*. I have neither stored "
    "nor repeated it."
)
HELP = (
    "You can write *done* (I check the step), *back*, *continue* (I show where we are), or the answer itself where the "
    "step asks for one, such as an Entity ID. Passwords go into the form only."
)


async def on_message(services: Services, client: AsyncWebClient, workspace: str, user: str, text: str) -> bool:
    """Answers a person's text; False when nothing of a set-up is open for them and the text is no password."""
    here = await services.walkthrough.current(workspace, user)
    if here is None:
        if looks_like_a_password(" ".join(text.split())):
            await client.chat_postMessage(channel=user, text=WARNING)
            return True
        return False
    walk, step = here
    meaning = understand(text, step)
    if meaning.kind == "password" and not await _known_id(services, walk, step, user, text.strip()):
        await _warn(client, walk, user)
        return True
    if meaning.kind == "password":
        meaning = Meaning("value", text.strip())
    click = Click(user, walk.id, step)
    try:
        await _do(services, client, click, meaning)
    except Refused as refused:
        await refuse(services, client, click, refused)
    return True


async def _warn(client: AsyncWebClient, walk: Walkthrough, user: str) -> None:
    """What to do about a password in the chat; nothing of it is repeated."""
    enter = button("Enter the password", "walkthrough.password", f"{walk.id}:{CREDENTIALS}", style="primary")
    blocks = [section(WARNING, "warning"), actions("buttons", enter)]
    await client.chat_postMessage(channel=user, **message(WARNING, blocks))


async def _known_id(services: Services, walk: Walkthrough, step: int, user: str, text: str) -> bool:
    """Whether a text that looks like a password is the ID of something in Intacct that this step asks for."""
    try:
        if step == ENTITY:
            return any(one.entity_id == text for one in await services.walkthrough.door.entities(walk.id, user))
        if step == CARD:
            return any(one.card_id == text for one in await services.walkthrough.ledger.cards(walk.id, user))
    except Refused:
        return False
    return False


async def _do(services: Services, client: AsyncWebClient, click: Click, meaning: Meaning) -> None:
    if meaning.kind == "done":
        await clicks.check(services, client, click)
    elif meaning.kind == "back":
        await clicks.back(services, client, click)
    elif meaning.kind == "go_on":
        await cards.show(services, client, click.walk, anew=True)
    elif meaning.kind in ("top", "one_entity", "unsure"):
        chosen = {"top": "top", "one_entity": "entity"}.get(meaning.kind, "unsure")
        await services.walkthrough.door.choose_scope(click.walk, click.user, chosen)
        await cards.show(services, client, click.walk)
    elif meaning.kind in ("role", "user"):
        await services.walkthrough.door.choose_permissions(click.walk, click.user, kind=meaning.kind)
        await cards.show(services, client, click.walk)
    elif meaning.kind == "value":
        await _answered(services, click, meaning.value)
        await shown(services, client, click)
    else:
        title = STEPS[click.step].title
        await client.chat_postMessage(channel=click.user, text=f"We are at step {click.step}, *{title}*. {HELP}")


async def _answered(services: Services, click: Click, value: str) -> None:
    """The current step's answer, typed instead of picked."""
    talk = services.walkthrough
    if click.step == OPEN:
        walk = await talk.get(click.walk)
        if walk.answers.get("scope") not in ("top", "entity"):
            raise Refused("Choose first where this card spend belongs: the whole company, or one entity.")
        await talk.door.choose_company(click.walk, click.user, value, "")
    elif click.step == ENTITY:
        entities = await talk.door.entities(click.walk, click.user)
        named = [
            one.entity_id for one in entities if value.casefold() in (one.name.casefold(), one.entity_id.casefold())
        ]
        await talk.door.choose_entity(click.walk, click.user, named[0] if len(named) == 1 else value)
    elif click.step == ACCOUNT:
        await talk.ledger.use_account(click.walk, click.user, value)
    else:
        await talk.ledger.use_card(click.walk, click.user, value)
