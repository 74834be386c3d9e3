"""Which connection somebody means: the only one, the one they named, or a question with a button for each."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.store import connections
from bot.store.connections import Connection
from bot.sync.alerts import place
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import status as ui
from handlers.ui.status import NOTHING
from handlers.ui.text import listed


@dataclass(frozen=True, slots=True)
class Choosing:
    services: Services
    access: Access

    async def theirs(self, client: AsyncWebClient, workspace: str, user: str) -> list[Connection]:
        """The connections of a workspace that are this person's business."""
        store = self.services.store
        mine = [one async for one in connections.each_connection(store) if one.workspace_id == workspace]
        mine.sort(key=lambda one: (one.created, one.id))
        return [one for one in mine if await self.access.sees(client, one, user)]

    async def named(self, ask: Ask, named: str, verb: str, question: str) -> Connection | None:
        """The one that is meant, or None after asking which.

        Args:
            ask: who asks; gets the question.
            named: the words behind the command: an ID, a name or the beginning of one, or nothing.
            verb: the action id that a button of the question carries.
            question: ends with a question mark.

        Raises:
            Refused: there is none, or none of that name.
        """
        found = await self.theirs(ask.client, ask.workspace, ask.user)
        if not found:
            raise Refused(await self.whom_to_ask(ask) or NOTHING)
        wanted = named.casefold().strip()
        if wanted:
            found = [one for one in found if _is_called(one, wanted)]
            if not found:
                raise Refused(f"No connection is called {named}. Type `/intacct status` to see them.")
        if len(found) == 1:
            return found[0]
        await ask.tell(ui.pick(verb, question, found))
        return None

    async def whom_to_ask(self, ask: Ask) -> str:
        """For somebody to whom none of this workspace's connections is shown: who can help; empty when there is none."""
        here = await connections.list_connections(self.services.store, ask.workspace)
        if not here:
            return ""
        owners = dict.fromkeys(one.owner for one in here if one.owner)
        names = (await self.access.people.names(ask.client, list(owners)[:5])).values()
        who = listed([*names], "or") if names else "whoever runs this app"
        return (
            "Spend Center is connected to Sage Intacct here already, and nothing of it is yours to see. If it should be, ask "
            f"{who}."
        )

    async def pressed(self, ask: Ask) -> Connection:
        """The connection whose button was pressed.

        Raises:
            Refused: it was disconnected, or is of another workspace.
        """
        one = await connections.in_workspace(self.services.store, ask.workspace, ask.value or ask.metadata)
        if one is None:
            raise Refused("That connection is not there any more. Type `/intacct status` to see what is.")
        return one


def _is_called(one: Connection, wanted: str) -> bool:
    names = (one.id, one.name, one.entity_id, one.entity_name, place(one))
    return any(name.casefold().startswith(wanted) for name in names if name)
