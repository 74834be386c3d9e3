"""The end of the set-up in Slack: the summary with its preview, and the first sync."""

from __future__ import annotations

import logging
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.intacct.errors import IntacctError
from bot.schedules import next_due
from bot.spend.errors import SourceAuth, SourceError
from bot.store.connections import Connection, get_connection
from bot.sync.preview import Preview
from bot.walkthrough.keeper import Refused
from handlers.services import Services
from handlers.ui import text
from handlers.ui import walkthrough as ui
from handlers.ui import walkthrough_modals as modals
from handlers.ui import walkthrough_spend as spend_ui
from handlers.ui.blocks import Json
from handlers.walkthrough import cards
from handlers.walkthrough.common import Click, busy, filled
from handlers.walkthrough.watching import watch

log = logging.getLogger(__name__)

SUMMARY_HOLDS = timedelta(minutes=10)
"""How long a summary is believed: whoever presses later is told first what has turned wrong since."""
PREVIEWING = "Reading both sides for the preview…"


async def preview(services: Services, client: AsyncWebClient, click: Click) -> None:
    """The summary: all that was proved is looked at once more, and what would post is foreseen."""
    await services.walkthrough.spending.ready(click.walk, click.user)
    async with busy(services, client, click, PREVIEWING):
        connection = await _still_ready(services, click)
        if connection:
            seen = await _previewed(services, connection.id)
            await services.walkthrough.spending.keep_preview(click.walk, click.user, summary(seen))
    await cards.show(services, client, click.walk)
    await watch(services, click.walk)


async def _still_ready(services: Services, click: Click, unless_within: timedelta = timedelta()) -> Connection | None:
    """The connection; None where a step that was green has turned wrong meanwhile, which its card says now."""
    walk = await services.walkthrough.verify(click.walk, click.user, unless_within=unless_within)
    if not services.walkthrough.spending.complete(walk):
        return None
    return await services.walkthrough.spending.ready(click.walk, click.user)


async def _previewed(services: Services, connection_id: str) -> Preview:
    try:
        return await services.desk.preview(connection_id)
    except SourceAuth as refused:
        raise Refused(f"{refused} Connect Spend Center again, then press *Preview*.") from None
    except (IntacctError, SourceError) as lost:
        log.warning("No preview for %s: %s", connection_id, lost)
        raise Refused("One of the two sides did not answer, so there is no preview yet. Press *Preview*.") from None


def summary(seen: Preview) -> Json:
    """What the message says of a preview, as it is kept."""
    number, total = seen.would_post
    return {
        "n": number,
        "total": str(total),
        "currency": seen.currency,
        "causes": [{"n": one.n, "total": str(one.total), "words": one.words.header} for one in seen.would_not],
        "remarks": list(seen.remarks),
    }


async def see_each(services: Services, client: AsyncWebClient, click: Click) -> None:
    opened = await client.views_open(trigger_id=click.trigger, view=modals.waiting("Preview", PREVIEWING))

    async def work() -> Json:
        connection = await services.walkthrough.spending.ready(click.walk, click.user)
        return spend_ui.rows(await _previewed(services, connection.id))

    await filled(client, str(opened["view"]["id"]), "Preview", work, lambda sentence: modals.told("Preview", sentence))


async def start(services: Services, client: AsyncWebClient, click: Click) -> None:
    """The first sync, which starts the schedule; then the last card."""
    async with busy(services, client, click, ui.CHECKING):
        ready = await _still_ready(services, click, SUMMARY_HOLDS)
    if ready is None:
        await cards.show(services, client, click.walk)
        await watch(services, click.walk)
        return
    await services.desk.start(ready.id, click.user)
    walk = await services.walkthrough.finish(click.walk, click.user)
    connection = await get_connection(services.store, ready.id) or ready
    due = next_due(connection, services.clock())
    next_sync = text.when(due, connection.time_zone) if due else "when somebody starts it"
    await cards.close(services, client, walk.id, ui.finished(walk, next_sync, text.channel(connection.channel)))
