"""Step 9 in Slack: Spend Center's token, fields, doubtful values, and choices."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Dimension, Selector
from bot.slack_errors import said
from bot.store.rows import from_json
from bot.store.walkthroughs import Walkthrough
from bot.typed_values import daily_time, kept_limit, limit
from bot.walkthrough import choices
from bot.walkthrough.draft import native_last
from bot.walkthrough.keeper import Refused
from bot.walkthrough.spending import Spend, Wanted
from handlers.services import Services
from handlers.ui import text
from handlers.ui import walkthrough_modals as modals
from handlers.ui import walkthrough_spend as spend_ui
from handlers.ui.blocks import Json
from handlers.walkthrough import cards
from handlers.walkthrough.clicks import Handler
from handlers.walkthrough.common import Ack, Click, Form, busy, filled, submitted
from handlers.walkthrough.forms import FormHandler
from handlers.walkthrough.previewing import preview, see_each, start

log = logging.getLogger(__name__)

READING = "Reading Spend Center and comparing with Intacct…"
BOT = "@spend-intacct"


# --- Spend Center -----------------------------------------------------------------------------------------------------


async def spend(services: Services, client: AsyncWebClient, click: Click) -> None:
    walk = await services.walkthrough.keeper.allowed(click.walk, click.user, click.step)
    await client.views_open(trigger_id=click.trigger, view=spend_ui.token(click.key, walk.answers))


async def spend_again(services: Services, client: AsyncWebClient, click: Click) -> None:
    opened = await client.views_open(trigger_id=click.trigger, view=modals.waiting("Connect Spend Center", READING))

    async def work() -> Json:
        walk = await services.walkthrough.spending.connect_again(click.walk, click.user)
        if not walk.answers.get("proposed"):
            return await _fields_view(services, client, click)
        await cards.show(services, client, click.walk)
        return await _choices_view(services, client, click)

    await filled(client, str(opened["view"]["id"]), "Connect Spend Center", work, _end)


async def token(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    """Tries the sign-in. Where everything else was chosen before, nothing of it is asked again."""

    async def work() -> Json | None:
        walk = await services.walkthrough.spending.connect(
            form.walk,
            form.user,
            token=form.secrets.get("token"),
            client_id=form.texts.get("client_id", ""),
            client_secret=form.secrets.get("client_secret"),
        )
        chosen = walk.answers.get("mapping") and walk.answers.get("start_date")
        return None if chosen else await _fields_view(services, client, form.click)

    def again(sentence: str) -> Json:
        return spend_ui.token(form.key, form.texts, sentence, form.fresh)

    waiting, done = modals.waiting("Connect Spend Center", READING), "Connected. The token is kept encrypted."
    if await submitted(ack, client, form.view_id, waiting, work, again, done=done):
        await _goes_on(services, client, form.click)


async def _goes_on(services: Services, client: AsyncWebClient, click: Click) -> None:
    """After step 9 changed: a connection that is at work goes on as it is now, a new one is previewed once all is chosen."""
    ended = await cards.show_or_end(services, client, click.walk)
    if not ended and services.walkthrough.spending.complete(await services.walkthrough.get(click.walk)):
        await preview(services, client, click)


# --- fields -----------------------------------------------------------------------------------------------------------


async def fields(services: Services, client: AsyncWebClient, click: Click) -> None:
    opened = await client.views_open(trigger_id=click.trigger, view=modals.waiting("Fields", READING))
    await filled(client, str(opened["view"]["id"]), "Fields", lambda: _fields_view(services, client, click), _end)


def _end(sentence: str) -> Json:
    return modals.told("Spend Center", sentence)


async def _fields_view(services: Services, client: AsyncWebClient, click: Click) -> Json:
    spending = services.walkthrough.spending
    proposed = await spending.propose(click.walk, click.user)
    known = await spending.read(click.walk, click.user)
    walk = await services.walkthrough.keeper.answer(click.walk, asked=[])
    await cards.show(services, client, click.walk)
    answers = walk.answers
    return spend_ui.fields(
        click.key,
        answers["spend_company_name"],
        answers.get("spend_cards", 0),
        known.fields,
        proposed,
        list(known.lists),
        names=_names(known),
    )


def _names(known: Spend) -> dict[str, str]:
    return {f"{d.value}:{value.value_id}": value.name for d, values in known.lists.items() for value in values}


def _decided(form: Form) -> dict[Dimension, dict[str, str]]:
    """What was picked for doubtful values: by dimension, value uuid to Intacct ID, empty where nothing was."""
    decided: dict[Dimension, dict[str, str]] = {}
    for block, value in form.texts.items():
        if block.startswith("value:"):
            _, dimension, value_id = block.split(":", 2)
            decided.setdefault(Dimension(dimension), {})[value_id] = value
    return decided


def _chosen(form: Form) -> dict[Dimension, str]:
    return {
        Dimension(block.removeprefix("field:")): value
        for block, value in form.texts.items()
        if block.startswith("field:") and value
    }


async def keep_fields(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    """Keeps the fields and what was decided about doubtful values; what was not asked yet comes next."""
    if not form.texts.get("field:gl_account"):
        await ack(response_action="errors", errors={"field:gl_account": "One field has to carry the account."})
        return

    async def work() -> Json:
        await services.walkthrough.spending.keep_fields(form.walk, form.user, _chosen(form), _decided(form))
        return await _after_fields(services, client, form)

    await submitted(ack, client, form.view_id, modals.waiting("Fields", READING), work, form.again)


async def keep_doubts(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    async def work() -> Json:
        walk = await services.walkthrough.get(form.walk)
        await services.walkthrough.spending.keep_fields(form.walk, form.user, _kept(walk), _decided(form))
        return await _after_fields(services, client, form)

    await submitted(ack, client, form.view_id, modals.waiting("Doubtful values", READING), work, form.again)


def _kept(walk: Walkthrough) -> dict[Dimension, str]:
    return {Dimension(key): one["uuid"] for key, one in walk.answers.get("fields", {}).items()}


async def _after_fields(services: Services, client: AsyncWebClient, form: Form) -> Json:
    """The next page of doubtful values that nobody was asked about, else the last choices."""
    spending, walk = services.walkthrough.spending, await services.walkthrough.get(form.walk)
    asked = {*walk.answers.get("asked", ()), *(block for block in form.texts if block.startswith("value:"))}
    walk = await services.walkthrough.keeper.answer(form.walk, asked=sorted(asked))
    known = await spending.read(form.walk, form.user)
    matches = await spending.match(form.walk, form.user, _kept(walk))
    doubtful = [
        (dimension, doubt)
        for dimension, one in matches.items()
        for doubt in one.doubts
        if not doubt.kept and spend_ui.doubt_block(dimension, doubt.value_id) not in asked
    ]
    await cards.show(services, client, form.walk)
    if not doubtful:
        return await _choices_view(services, client, form.click)
    return spend_ui.doubts(form.key, doubtful, _names(known))


# --- choices ----------------------------------------------------------------------------------------------------------


async def last_choices(services: Services, client: AsyncWebClient, click: Click) -> None:
    opened = await client.views_open(trigger_id=click.trigger, view=modals.waiting("Choices", READING))
    await filled(client, str(opened["view"]["id"]), "Choices", lambda: _choices_view(services, client, click), _end)


async def _choices_view(services: Services, client: AsyncWebClient, click: Click) -> Json:
    walk = await services.walkthrough.get(click.walk)
    known = await services.walkthrough.spending.read(click.walk, click.user)
    taken = {} if walk.answers.get("start_date") else walk.answers.get("proposed", {})
    answers, last = {**walk.answers, **taken}, native_last(walk)
    start = choices.propose_start(services.clock().date(), last)
    if answers.get("start_date") and not (taken and last and answers["start_date"] <= last.isoformat()):
        start = date.fromisoformat(answers["start_date"])
    before = {
        "start": start.isoformat(),
        "channel": answers.get("channel", ""),
        "time": daily_time(answers.get("schedule", "")) or "07:00",
        "zone": answers.get("time_zone") or await _zone_of(client, click.user),
        "receipts": kept_limit(answers.get("options", {}).get("receipts_above")),
    }
    selected, options = _selected(walk, known), answers.get("options", {})
    who = {key: [str(one) for one in options.get(key) or ()] for key in spend_ui.RIGHTS}
    who["wait"] = ["yes"] if options.get("wait_for_approval") else []
    return spend_ui.choices(
        click.key,
        before=before,
        many=who,
        selected=selected,
        whole=answers["spend_company_name"],
        taken=_taken(answers) if taken else "",
    )


def _taken(answers: Mapping[str, Any]) -> str:
    """What was not asked again, and where it comes from."""
    fields = [f"{Dimension(key).sentence} from {one['name']}" for key, one in answers.get("fields", {}).items()]
    return f"As for {answers['from']}: {text.listed(fields)}; start, channel and time too. Change what differs here."


def _selected(walk: Walkthrough, known: Spend) -> list[tuple[str, str]]:
    """What is picked: as kept, else what tells this entity's transactions by their budget or their location."""
    answers = walk.answers
    if answers.get("selector"):
        picked = choices.picked_of(from_json(Selector, answers["selector"]))
    else:
        field = answers.get("fields", {}).get("location", {}).get("uuid", "")
        values = answers.get("mapping", {}).get("location", {}).get("values", {})
        name = str(answers.get("entity_name", ""))
        picked = choices.propose(known.budgets, name, field, values, answers.get("inside", ()))
    texts = {value: words for words, value in known.selectable()}
    return [(texts[value], value) for value in picked if value in texts]


async def _zone_of(client: AsyncWebClient, user: str) -> str:
    try:
        return str((await client.users_info(user=user))["user"].get("tz") or "UTC")
    except SlackApiError:
        return "UTC"


async def choose(services: Services, client: AsyncWebClient, form: Form, ack: Ack) -> None:
    """Looks at the channel, keeps the choices, and goes on to the preview."""
    spending = services.walkthrough.spending
    texts: dict[str, str] = {}
    whole = str((await services.walkthrough.get(form.walk)).answers.get("spend_company_name", ""))

    async def work() -> None:
        known = await spending.read(form.walk, form.user)
        texts.update({value: words for words, value in known.selectable()})
        chosen = tuple(texts[one] for one in form.many.get("selector", ()) if one in texts)
        await spending.choose(form.walk, form.user, replace(await _wanted(client, form), chosen=chosen))

    def again(sentence: str) -> Json:
        picked = [(texts[one], one) for one in form.many.get("selector", ()) if one in texts]
        public = sentence == PUBLIC
        return spend_ui.choices(
            form.key,
            before=form.texts,
            many=form.many,
            selected=picked,
            whole=whole,
            error=sentence,
            warn_public=public,
        )

    waiting, done = modals.waiting("Choices", "Checking…"), "Saved. The preview comes in the conversation."
    kept = await submitted(ack, client, form.view_id, waiting, work, again, done=done, fields=ON_THEIR_FIELD)
    if kept:
        await _goes_on(services, client, form.click)
    else:
        await cards.show(services, client, form.walk)


ON_THEIR_FIELD = ("start", "selector", "channel", "time", "zone", "receipts")
PUBLIC = "Everyone in the company can read merchants, names and amounts in this channel. Tick the box, or pick another."


async def _wanted(client: AsyncWebClient, form: Form) -> Wanted:
    texts = form.texts
    name, problem, public = await look_at_channel(client, texts.get("channel", ""))
    if public and "yes" not in form.many.get("public", ()):
        raise Refused(PUBLIC)
    try:
        selector = choices.to_selector(form.many.get("selector", ()))
    except ValueError as wrong:
        raise Refused(str(wrong), "selector") from None
    try:
        receipts = limit(texts.get("receipts", ""))
    except ValueError as wrong:
        raise Refused(str(wrong), "receipts") from None
    options = {
        "receipts_above": receipts,
        "wait_for_approval": "yes" in form.many.get("wait", ()),
        **{key: list(form.many.get(key, ())) for key in spend_ui.RIGHTS},
    }
    start = date.fromisoformat(texts.get("start", ""))
    return Wanted(
        start, texts.get("time", ""), texts.get("zone", ""), texts["channel"], name, problem, selector, options
    )


async def look_at_channel(client: AsyncWebClient, channel: str) -> tuple[str, str, bool]:
    """Its name, what keeps the bot from posting there, and whether everyone can read it.

    Raises:
        Refused: it is shared with another company, or no channel.
    """
    invite = f"Type `/invite {BOT}` in "
    try:
        found: dict[str, Any] = (await client.conversations_info(channel=channel))["channel"]
    except SlackApiError as error:
        if said(error) in {"channel_not_found", "not_in_channel", "missing_scope"}:
            return "", f"{invite}the finance channel, then press *Check again*.", False
        raise
    if found.get("is_ext_shared") or found.get("is_shared") or found.get("is_pending_ext_shared"):
        raise Refused("That channel is shared with another company. Pick one of your own.", "channel")
    if found.get("is_im") or found.get("is_mpim") or found.get("is_archived"):
        raise Refused("Pick a channel that is in use, not a direct message.", "channel")
    name = str(found.get("name", ""))
    problem = "" if found.get("is_member") else f"{invite}#{name}, then press *Check again*."
    return name, problem, not found.get("is_private")


async def channel_again(services: Services, client: AsyncWebClient, click: Click) -> None:
    """Looks at the channel and the Spend Center sign-in again, and goes on to the preview when all is well."""
    walk = await services.walkthrough.keeper.allowed(click.walk, click.user, click.step)
    if not walk.answers.get("channel"):
        raise Refused("Choose the finance channel first.")
    async with busy(services, client, click, "Checking…"):
        _, problem, _ = await look_at_channel(client, walk.answers.get("channel", ""))
        await services.walkthrough.spending.channel_checked(click.walk, click.user, problem)
        await services.walkthrough.spending.check(click.walk, click.user)
    await _goes_on(services, client, click)


FINISH_CLICKS: dict[str, Handler] = {
    "spend": spend,
    "spend_again": spend_again,
    "fields": fields,
    "choices": last_choices,
    "channel_again": channel_again,
    "preview": preview,
    "see_each": see_each,
    "start": start,
}
FINISH_FORMS: dict[str, FormHandler] = {
    "token_form": token,
    "fields_form": keep_fields,
    "doubts_form": keep_doubts,
    "choices_form": choose,
}
