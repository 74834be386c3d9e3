"""A step ticks itself: a durable job looks every few seconds for as long as it stands open and can be put right in Intacct."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine import Job
from handlers.services import Services
from handlers.walkthrough import cards
from handlers.walkthrough.common import Click


async def shown(services: Services, client: AsyncWebClient, click: Click) -> None:
    """After something changed: every card, and a watch where the step is one that ticks itself."""
    await cards.show_or_end(services, client, click.walk)
    await watch(services, click.walk)


async def watch(services: Services, walk_id: str) -> None:
    """Begins to look at the step now, and does nothing where there is nothing to look for or when looking already."""
    first = await services.walkthrough.watch.start(walk_id)
    if first is not None:
        await _promise(services, walk_id, first)


def watch_step(services: Services, client: AsyncWebClient) -> Job:
    """The body of the job `watch_step`: one look each, which promises the next while there is something to look for."""

    async def look(turn: int, *, walkthrough_id: str, round: int) -> bool:  # noqa: A002 - the job's argument is named so
        if turn == 0:
            _, following = await services.walkthrough.watch.look(walkthrough_id, round)
            if following is not None:
                await _promise(services, walkthrough_id, following)
            await cards.show_or_end(services, client, walkthrough_id)
        return False

    return look


async def _promise(services: Services, walk_id: str, number: int) -> None:
    """The round is part of the key, so that a click and a job together promise one look and not two."""
    walk = await services.walkthrough.get(walk_id)
    await services.engine.enqueue(
        "watch_step",
        f"{walk_id}:{number}",
        company=walk.company or walk_id,
        delay=services.walkthrough.watch.every,
        walkthrough_id=walk_id,
        round=number,
    )
