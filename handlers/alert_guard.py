"""The way to an alert that every listener takes: within the workspace, for those whose business it is, with a right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.models import PostingState, Right
from bot.store import alerts, connections, postings
from bot.store.connections import Connection
from bot.sync.alerts import AlertView
from bot.sync.desk import Asked
from bot.walkthrough.conversation import Refused
from handlers.access import HELP, Access
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import help as ui
from handlers.ui.alerts import over, solved_already, solver
from handlers.ui.text import ago

OPEN = [PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN, *postings.CHANGING]

GONE = "That alert is not there any more."
"""Also said of an alert of another workspace: that it exists is nobody's business there."""


@dataclass(frozen=True, slots=True)
class AlertGuard:
    """Looks alerts up for a person. What it gives may be shown to that person, or done by them."""

    services: Services
    access: Access

    async def seen(self, ask: Ask, alert: str) -> AlertView:
        """The alert, if this person may see its transactions.

        Raises:
            Refused: it is not of this workspace, or not this person's business.
        """
        view = await self._find(ask, alert)
        await self.access.need_sight(ask.client, await self.connections(view), ask.user)
        return view

    async def helped(self, ask: Ask, alert: str) -> AlertView:
        """The alert, if this person may take it, put it off or ask someone about it."""
        return await self.acts(ask, alert, *HELP)

    async def may(self, ask: Ask, alert: str, *rights: Right) -> AlertView:
        """The alert, if this person has one of these rights for it.

        Raises:
            Refused: it is not of this workspace, or this person has none of them.
        """
        view = await self._find(ask, alert)
        await self.access.need_any(ask.client, await self.connections(view), rights, ask.user)
        return view

    async def acts(self, ask: Ask, alert: str, *rights: Right) -> AlertView:
        """The same, for a press or a form that changes something: what is over already is told, with who ended it.

        Raises:
            Refused: as `may`, or a colleague was faster.
        """
        view = await self.may(ask, alert, *rights)
        if over(view):
            raise Refused(await self.already(ask, view))
        return view

    async def already(self, ask: Ask, view: AlertView) -> str:
        """Who solved an alert, when and how, as a sentence for somebody who wanted to."""
        who, since = solver(view)
        name = "You" if who == ask.user else (await self.access.people.person(ask.client, who)).name if who else ""
        return solved_already(view, name, ago(self.services.clock() - since) if since else "meanwhile")

    async def decides(self, ask: Ask, alert: str) -> AlertView:
        """The alert, if this person may decide about its transactions: with the right, and none of them their own."""
        view = await self.acts(ask, alert, Right.CORRECT)
        if view.connection is None:
            raise Refused("This is not about transactions; there is nothing to decide.")
        rows = await self.rows(view)
        await self.access.not_own_card(ask.client, view.connection, ask.user, (row.email for row in rows))
        return view

    async def row(self, view: AlertView, posting: str) -> int:
        """The id of one of the alert's own open transactions, as a form names it.

        Raises:
            Refused: it is not among them, so that nothing was asked about whose it is.
        """
        if posting in {str(row.id) for row in await self.rows(view)}:
            return int(posting)
        raise Refused("That transaction is not among those of this alert any more. Nothing was changed.")

    async def _find(self, ask: Ask, alert: str) -> AlertView:
        found = await alerts.in_workspace(self.services.store, ask.workspace, alert)
        view = await self.services.desk.alert_view(found.id) if found is not None else None
        if view is None:
            raise Refused(GONE)
        if view.connection is not None and view.connection.removed is not None:
            raise Refused("The connection that this is about was disconnected.")
        return view

    # --- what belongs to an alert ---

    async def rows(self, view: AlertView) -> list[postings.Posting]:
        if view.connection is None:
            return []
        return await postings.list_postings(
            self.services.store,
            view.connection.id,
            states=OPEN,
            category=view.alert.category,
            subject=view.alert.subject,
            limit=20_000,
            largest_first=True,
        )

    async def connections(self, view: AlertView) -> Sequence[Connection]:
        """The alert's own connection, or all of a company whose sign-in it is about."""
        if view.connection is not None:
            return [view.connection]
        return await connections.list_connections(self.services.store, company=view.company.id)

    async def refresh(self, view: AlertView, at: datetime | None = None) -> None:
        """Promise the refresh of an alert's connection, now or at a later instant."""
        now = self.services.clock()
        for one in (await self.connections(view))[:1]:
            key = f"{'at' if at else one.id}:{(at or now).isoformat()}:{view.alert.id}"
            delay = max(0.0, (at - now).total_seconds() + 1) if at else 0.0
            await self.services.engine.enqueue(
                "refresh", key, company=one.company, urgent=True, delay=delay, connection_id=one.id
            )

    async def first(self, ask: Ask, asked: Asked, label: str, view: AlertView) -> None:
        """A lost click is told to whoever lost it, and to nobody else."""
        if asked.already is None:
            return
        now = await self.services.desk.alert_view(view.alert.id)
        if now is not None and over(now):
            await ask.tell(ui.said(await self.already(ask, now)))
        elif now is not None and now.alert.working:
            who, since = asked.already
            name = (await self.access.people.person(ask.client, who)).name if who else "The schedule"
            when = ago(self.services.clock() - since)
            await ask.tell(ui.said(ui.already(name, f"pressed {label}", when, asked.stands)))
        else:
            await ask.tell(
                ui.said("Somebody else was faster: these have been tried meanwhile, and nothing more was done.")
            )
