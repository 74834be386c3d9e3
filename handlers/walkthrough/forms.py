"""The forms of steps 1 to 8: what was typed goes to the conversation, and a refusal comes back beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Secret, StepState
from bot.walkthrough import progress
from bot.walkthrough.door import company_problem
from bot.walkthrough.keeper import Refused
from bot.walkthrough.steps import SENDER, USER
from handlers.people import People
from handlers.services import Services
from handlers.ui import walkthrough as ui
from handlers.ui import walkthrough_modals as modals
from handlers.ui.blocks import Json
from handlers.walkthrough import writing
from handlers.walkthrough.common import Ack, Form, busy, submitted
from handlers.walkthrough.watching import shown

FormHandler = Callable[[Services, AsyncWebClient, Form, Ack], Awaitable[None]]


async def company(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    typed = form.texts.get("company_id", "")
    if problem := company_problem(typed.strip()):
        await ack(response_action="errors", errors={"company_id": problem})
        return
    await ack()
    async with busy(services, client, form.click, ui.CHECKING):
        await services.walkthrough.door.choose_company(form.walk, form.user, typed, form.texts.get("user_id", ""))
    await shown(services, client, form.click)


async def password(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    """Tries the password behind the form; all but the password is there again after a refusal."""
    walk = await services.walkthrough.get(form.walk)
    company_id = str(walk.answers.get("company_id", ""))
    secret = form.secrets.get("password", Secret(""))

    async def work() -> Json | None:
        try:
            seen = await services.walkthrough.door.sign_in(form.walk, form.user, form.texts.get("user_id", ""), secret)
        finally:
            await shown(services, client, form.click)
        if progress.state_of(seen, SENDER) is StepState.PROBLEM:
            first = f"Step 2 first: {progress.line_of(seen, SENDER)} The password need not be typed again."
            return modals.told("Enter the password", first)
        sign_in = next((one for one in progress.checks_of(seen, USER) if one.key == "sign_in"), None)
        if sign_in and sign_in.state is not StepState.DONE:
            raise Refused(sign_in.sentence)
        return None

    def again(sentence: str) -> Json:
        return modals.password(form.key, company_id, form.texts, sentence, form.fresh)

    waiting = modals.waiting("Enter the password", ui.CHECKING)
    done = f"Signed in to {company_id}. The password is kept encrypted."
    await submitted(ack, client, form.view_id, waiting, work, again, done=done)


async def hand_over(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    walk = await services.walkthrough.get(form.walk)
    whom, problem = await People(services.clock).to_ask(client, walk.workspace_id, form.texts.get("person", ""))
    if problem:
        await ack(response_action="errors", errors={"person": problem})
        return
    await ack()
    await services.walkthrough.hand_over(form.walk, form.user, form.step, whom.id)
    await shown(services, client, form.click)


async def entity(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    await ack()
    async with busy(services, client, form.click, ui.CHECKING):
        await services.walkthrough.door.choose_entity(form.walk, form.user, form.texts.get("entity", ""))
    await shown(services, client, form.click)


async def new_account(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    """The form showed the whole record: its button is the one question before anything is written."""
    ledger = services.walkthrough.ledger
    categories: list[str] = []

    async def work() -> None:
        chart = await ledger.chart(form.walk, form.user)
        categories.extend(chart.categories())
        number, category = form.texts.get("number", ""), form.texts.get("category", "")
        await ledger.plan_account(form.walk, form.user, number, category, chart)

    def again(sentence: str) -> Json:
        return modals.new_account(form.key, categories, form.texts, sentence)

    waiting, done = (
        modals.waiting("Liability account", "Checking the number…"),
        "The number is free; I create the account.",
    )
    if await submitted(ack, client, form.view_id, waiting, work, again, done=done, fields=("number",)):
        await writing.promise(services, form.click, writing.CREATE)


async def pick_account(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    await ack()
    async with busy(services, client, form.click, "Checking the account…"):
        await services.walkthrough.ledger.use_account(form.walk, form.user, form.texts.get("account", ""))
    await shown(services, client, form.click)


async def pick_card(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    await ack()
    async with busy(services, client, form.click, "Checking the card…"):
        await services.walkthrough.ledger.use_card(form.walk, form.user, form.texts.get("card", ""))
    await shown(services, client, form.click)


FORMS: dict[str, FormHandler] = {
    "company_form": company,
    "password_form": password,
    "hand_over_form": hand_over,
    "entity_form": entity,
    "account_form": new_account,
    "account_pick": pick_account,
    "card_pick": pick_card,
}
"""Callback id, without `walkthrough.`, to what a submission does."""
