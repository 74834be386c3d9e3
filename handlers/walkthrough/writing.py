"""What a set-up writes in Intacct: agreed to by a click, then a durable job, so that it is done though this process dies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine import Job
from bot.walkthrough.keeper import Refused
from bot.walkthrough.ledger import Ledger
from handlers.services import Services
from handlers.walkthrough.common import Click, busy, refuse
from handlers.walkthrough.watching import shown

CREATE, MEND = "create", "mend"
DEEDS: dict[str, tuple[str, Callable[[Ledger, str, str], Awaitable[Any]]]] = {
    CREATE: ("Creating the account in Intacct…", Ledger.create_account),
    MEND: ("Changing the account in Intacct…", Ledger.mend_account),
}
"""What the card says meanwhile, and what is done; each looks at what stands there, so that doing it twice does it once."""


async def promise(services: Services, click: Click, deed: str) -> None:
    """Durable when this returns. In a line of the set-up's own: it must not wait for a sync of the same company.

    Raises:
        Refused: this person may not, or the set-up is finished.
    """
    await services.walkthrough.keeper.allowed(click.walk, click.user, click.step)
    await services.engine.enqueue(
        "write_books",
        f"{click.walk}:{deed}:{uuid4().hex}",
        company=click.walk,
        urgent=True,
        walkthrough_id=click.walk,
        user=click.user,
        step=click.step,
        deed=deed,
    )


def write_books(services: Services, client: AsyncWebClient) -> Job:
    """The body of the job `write_books`: one deed, and what came of it on the card of whoever asked."""

    async def write(turn: int, *, walkthrough_id: str, user: str, step: int, deed: str) -> bool:
        if turn == 0:
            click = Click(user, walkthrough_id, step)
            words, do = DEEDS[deed]
            try:
                async with busy(services, client, click, words):
                    await do(services.walkthrough.ledger, walkthrough_id, user)
                await shown(services, client, click)
            except Refused as refused:
                await refuse(services, client, click, refused)
        return False

    return write
