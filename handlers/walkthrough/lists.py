"""Pick lists read while somebody types; each answers within Slack's three seconds, if need be with nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.models import Dimension
from bot.walkthrough.keeper import Refused
from handlers.services import Services
from handlers.ui.blocks import Json, matching, options_answer
from handlers.walkthrough.common import of_this_workspace

Pairs = list[tuple[str, str]]


async def entities(services: Services, walk: str, user: str, _block: str) -> Pairs:
    found = await services.walkthrough.door.entities(walk, user)
    return [(" · ".join(filter(None, (f"{one.entity_id} {one.name}", one.currency))), one.entity_id) for one in found]


async def accounts(services: Services, walk: str, user: str, _block: str) -> Pairs:
    found = await services.walkthrough.ledger.choosable(walk, user)
    return [(f"{one.account_no} {one.title}", one.account_no) for one in found]


async def cards(services: Services, walk: str, user: str, _block: str) -> Pairs:
    found = await services.walkthrough.ledger.cards(walk, user)
    return [(f"{one.card_id} · {one.entity_id or 'top level'}", one.card_id) for one in found]


async def values(services: Services, walk: str, user: str, block: str) -> Pairs:
    """The Intacct list behind a doubtful value; the block names the dimension."""
    known = await services.walkthrough.spending.read(walk, user)
    entries = known.lists.get(Dimension(block.split(":")[1]), ())
    return [
        (f"{one.value_id} {one.name}" + ("" if one.active else f" ({one.status or 'inactive'})"), one.value_id)
        for one in entries
    ]


async def selector(services: Services, walk: str, user: str, _block: str) -> Pairs:
    return (await services.walkthrough.spending.read(walk, user)).selectable()


LISTS: dict[str, Callable[[Services, str, str, str], Awaitable[Pairs]]] = {
    "pick_entity": entities,
    "pick_account": accounts,
    "pick_card": cards,
    "pick_value": values,
    "pick_selector": selector,
}


async def answer(services: Services, action: str, body: Json) -> list[Json]:
    """The options for what was typed so far."""
    walk = str(body["view"]["private_metadata"]).partition(":")[0]
    try:
        await of_this_workspace(services, body, walk)
        pairs = await LISTS[action](services, walk, str(body["user"]["id"]), str(body.get("block_id", "")))
    except Refused:
        return []
    return options_answer(matching(pairs, str(body.get("value") or "")))
