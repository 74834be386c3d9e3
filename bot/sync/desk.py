"""Everything that a person can ask of the sync: the intent is committed first, then the job, then the promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from bot.engine import Engine
from bot.models import AlertState, ConnectionState, PostingState, RunState, Trigger
from bot.schedules import next_due
from bot.store import alerts, connections, postings, runs
from bot.store.alerts import Alert
from bot.store.connections import Company, Connection
from bot.store.postings import CHANGED, RECEIPT, Posting
from bot.store.runs import Run
from bot.store.vendors import AGREED as VENDOR
from bot.sync import alerts as views
from bot.sync import preview as previews
from bot.sync.alerts import AlertView
from bot.sync.overlap import Taken, clash, taken
from bot.sync.reach import Reach, line_of
from bot.sync.remove import Removed, remove
from bot.sync.run import Runner
from bot.typed_values import reason as reason_given

SWEEP_AFTER = timedelta(seconds=3)
"""An intent that is older and not done is promised again; the engine knows whether it has it already."""


Stands = Literal["running", "waiting", "ended"]
"""Of what was asked for: in the hand of a living process, promised and in nobody's hand right now, or over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a click. `already` is who was first, and when; `stands` how that stands now; `rows` is how many it is about."""

    intent: str = ""
    already: tuple[str, datetime] | None = None
    rows: int = 0
    stands: Stands = "running"


@dataclass(frozen=True, slots=True)
class Overview:
    """One connection at a glance. `tally` is number and sum by posting state; `next_due` an instant or None.

    `stands` is how its last run stands.
    """

    connection: Connection
    company: Company
    last: Run | None
    tally: dict[str, tuple[int, Decimal]]
    alerts: tuple[Alert, ...]
    next_due: datetime | None
    stands: Stands = "ended"


@dataclass(slots=True)
class Desk:
    """The people's side of the sync. `actor` is who asks, as a Slack user id, or empty for the command line."""

    reach: Reach
    runner: Runner
    engine: Engine

    # --- syncing ---

    async def request_sync(self, connection_id: str, actor: str) -> Asked:
        """A run now; one that is under way is named instead."""
        connection = await self._connection(connection_id)
        for run in await runs.last_runs(self.reach.store, connection_id, 3):
            if run.state in {RunState.QUEUED, RunState.RUNNING}:
                return Asked(already=(run.actor, run.created), stands=await self._run_stands(connection, run))
        return await self._ask(connection, "sync", actor, {})

    async def start(self, connection_id: str, actor: str) -> Asked:
        """The first sync, started by a person: from now on the schedule counts.

        Raises:
            Taken: another connection takes some of its transactions.
        """
        now = self.reach.clock()
        connection = await self._connection(connection_id)
        if connection.activated is None:
            if rivals := await taken(self.reach.store, connection):
                raise Taken(clash(rivals))
            connection = await connections.change_connection(
                self.reach.store, connection_id, state=ConnectionState.ACTIVE, activated=now
            )
            await self._tell(connection, actor, "started", "Started the first sync and with it the schedule.")
        return await self.request_sync(connection_id, actor)

    async def preview(self, connection_id: str) -> previews.Preview:
        """What a sync would post and what not, read from both sides; nothing is written to either."""
        connection = await self._connection(connection_id)
        return await previews.preview(self.reach, connection)

    async def pause(self, connection_id: str, actor: str) -> Connection:
        changed = await connections.change_connection(self.reach.store, connection_id, state=ConnectionState.PAUSED)
        await self._tell(changed, actor, "paused", "Paused the sync.")
        await self._refresh(changed)
        return changed

    async def resume(self, connection_id: str, actor: str) -> Connection:
        """The schedule counts again; due times of the pause are not made up for one by one."""
        now = self.reach.clock()
        company = await connections.get_company(self.reach.store, (await self._connection(connection_id)).company)
        state = ConnectionState.BROKEN if company.problem else ConnectionState.ACTIVE
        changed = await connections.change_connection(self.reach.store, connection_id, state=state, last_fired=now)
        self.reach.looked.discard(connection_id)
        await self._tell(changed, actor, "resumed", "Resumed the sync.")
        await self._refresh(changed)
        return changed

    async def disconnect(self, connection_id: str, actor: str) -> Removed:
        """Stop for good and forget the secrets, once what is in doubt was looked up."""
        return await remove(self.reach, await self._connection(connection_id), actor)

    # --- alerts ---

    async def retry(self, alert_id: int, actor: str) -> Asked:
        """Post an alert's transactions again. The first click counts; a later one learns who was first."""
        alert = await self._alert(alert_id)
        if alert.connection_id is None:
            return await self.check_and_resume(alert_id, actor)
        if (alert.category, alert.subject) == RECEIPT:
            return await self._attach(alert, actor)
        rows = await self._rows(alert, [PostingState.FAILED])
        return await self._work_on(alert, actor, rows, "retry")

    async def _attach(self, alert: Alert, actor: str) -> Asked:
        """Only the receipts once more; what is posted stays as it is."""
        if not await alerts.start_work(self.reach.store, alert.id, actor, self.reach.clock()):
            return await self.lost_click(alert.id)
        ids = [row.id for row in await self._rows(alert, [PostingState.POSTED])]
        await postings.receipts_again(self.reach.store, ids)
        connection = await self._connection(alert.connection_id or "")
        line = {"did": "receipts", "postings": ids}
        return await self._ask(connection, "receipts", actor, {"postings": ids}, (alert, line))

    async def retry_all(self, connection_id: str, actor: str) -> Asked:
        """Every failed transaction of a connection, as one run."""
        connection = await self._connection(connection_id)
        rows = await postings.list_postings(self.reach.store, connection_id, states=[PostingState.FAILED], limit=20_000)
        claimed = [
            alert
            for alert in await alerts.list_open(self.reach.store, connection=connection_id)
            if await alerts.start_work(self.reach.store, alert.id, actor, self.reach.clock())
        ]
        if not claimed:
            busy = next(
                (a for a in await alerts.list_open(self.reach.store, connection=connection_id) if a.working), None
            )
            if busy is not None and busy.working_since is not None:
                return await self.lost_click(busy.id)
        lines = []
        for alert in claimed:
            ids = [row.id for row in rows if (row.category, row.subject) == (alert.category, alert.subject)]
            lines.append((alert, {"did": "retry", "postings": ids}))
        return await self._ask(connection, "retry", actor, {"postings": [row.id for row in rows]}, *lines)

    async def check_now(self, alert_id: int, actor: str) -> Asked:
        """Ask Intacct about unknown outcomes now instead of later."""
        alert = await self._alert(alert_id)
        connection = await self._connection(alert.connection_id or "")
        if not await alerts.start_work(self.reach.store, alert_id, actor, self.reach.clock()):
            return await self.lost_click(alert_id)
        rows = await self._rows(alert, [PostingState.UNKNOWN])
        line = {"did": "check", "postings": [row.id for row in rows]}
        return await self._ask(connection, "settle", actor, {}, (alert, line))

    async def check_and_resume(self, alert_id: int, actor: str) -> Asked:
        """Sign in again; when Intacct lets us in, every waiting connection goes on.

        A right that was missing shows only by trying what it is for, so then the transactions are tried again.
        """
        alert = await self._alert(alert_id)
        if alert.category.startswith(("permission.", "subscription.")):
            return await self.retry(alert_id, actor)
        if not await alerts.start_work(self.reach.store, alert_id, actor, self.reach.clock()):
            return await self.lost_click(alert_id)
        intent = await self._check_company(alert.workspace_id, alert.company, actor)
        await self._note(alert, {"actor": actor, "did": "check", "intent": intent.id, "postings": []})
        await self.promise(intent)
        return Asked(intent.id)

    async def let_in_again(self, company_id: int, actor: str) -> None:
        """The sign-in of a company that was refused works again: its connections go on, and what waits is posted."""
        company = await connections.get_company(self.reach.store, company_id)
        if company.problem:
            await self.promise(await self._check_company(company.workspace_id, company_id, actor))

    async def _check_company(self, workspace: str, company_id: int, actor: str) -> runs.Intent:
        target = {"company": company_id}
        return await runs.add_intent(self.reach.store, workspace, "check_company", actor, target, self.reach.clock())

    async def ignore(self, alert_id: int, reason: str, actor: str, name: str = "") -> int:
        """Leave an alert's transactions out for good, with a reason. Rows that were posted meanwhile stay posted.

        Raises:
            ValueError: the reason says nothing; the message is for whoever gave it.
        """
        reason = reason_given(reason)
        alert = await self._alert(alert_id)
        now = self.reach.clock()
        rows = await self._rows(alert, [PostingState.FAILED, PostingState.HELD])
        decision = {"ignored": reason, "by": name or actor, "at": now.isoformat()}
        moved = await postings.move(
            self.reach.store,
            [row.id for row in rows],
            source=[PostingState.FAILED, PostingState.HELD],
            target=PostingState.IGNORED,
            now=now,
            decision=decision,
        )
        if alert.category == CHANGED:
            changed = await self._rows(alert, [PostingState.POSTED])
            moved += await postings.accept_change(self.reach.store, [row.id for row in changed], now)
        did = "keep" if alert.category == CHANGED else "ignore"
        what = "kept" if alert.category == CHANGED else "ignored"
        for posting in moved:
            await runs.tell(
                self.reach.store, what, reason, now, actor=actor, connection=alert.connection_id, posting=posting
            )
        await self._note(alert, {"actor": actor, "did": did, "reason": reason, "rows": len(moved), "postings": []})
        await self._refresh(await self._connection(alert.connection_id or ""))
        return len(moved)

    async def answer(self, alert_id: int, choice: str, actor: str, name: str = "") -> Asked:
        """Answer a held posting's question; the answer stands on each row, and the rows become due."""
        alert = await self._alert(alert_id)
        connection = await self._connection(alert.connection_id or "")
        allowed = dict(views.CHOICES.get(alert.category, ()))
        if choice not in allowed:
            raise ValueError(f"{choice} is no answer to {alert.category}")
        rows = await self._rows(alert, [PostingState.HELD])
        now, question = self.reach.clock(), alert.category.removeprefix("held.")
        if alert.category in {"held.fee", "held.entity"}:
            key, value = ("fee_inside", choice == "inside") if question == "fee" else ("other_entities", True)
            options = {**(connection.options or {}), key: value}
            connection = await connections.change_connection(self.reach.store, connection.id, options=options)
        if choice == "beside":
            await self._note(alert, {"actor": actor, "did": "answer", "choice": choice, "postings": []})
            return Asked(rows=len(rows))
        if not await alerts.start_work(self.reach.store, alert_id, actor, now):
            return await self.lost_click(alert_id)
        for row in rows:
            decision = {**(row.decision or {}), question: choice, "answered_by": name or actor}
            await postings.move(
                self.reach.store,
                [row.id],
                source=[PostingState.HELD],
                target=PostingState.PENDING,
                now=now,
                decision=decision,
                category="",
                subject="",
                details=None,
            )
        ids = [row.id for row in rows]
        line = {"did": "answer", "choice": choice, "postings": ids}
        return await self._ask(connection, "retry", actor, {"postings": ids, "alert": alert.id}, (alert, line))

    async def take(self, alert_id: int, actor: str) -> Alert:
        """Someone is on it."""
        alert = await alerts.change(self.reach.store, alert_id, assignee=actor)
        if alert.connection_id:
            await self._refresh(await self._connection(alert.connection_id))
        return alert

    async def snooze(self, alert_id: int, until: datetime, reason: str, actor: str) -> Alert:
        """Quiet until a stated time, with a reason.

        Raises:
            ValueError: the reason says nothing; the message is for whoever gave it.
        """
        reason = reason_given(reason)
        alert = await alerts.change(self.reach.store, alert_id, state=AlertState.SNOOZED, snoozed_until=until)
        await self._note(
            alert, {"actor": actor, "did": "snooze", "reason": reason, "until": until.isoformat(), "postings": []}
        )
        return alert

    # --- reading ---

    async def overview(self, shown: Sequence[Connection]) -> list[Overview]:
        """These connections at a glance; each costs some statements, so no more than are shown."""
        found = []
        for connection in shown:
            last = await runs.last_runs(self.reach.store, connection.id, 1)
            company = await connections.get_company(self.reach.store, connection.company)
            own = await alerts.list_open(self.reach.store, connection=connection.id)
            shared = await alerts.list_open(self.reach.store, company=company.id)
            tally = await postings.tally(self.reach.store, connection.id)
            due = next_due(connection, self.reach.clock())
            run = last[0] if last else None
            stands = await self._run_stands(connection, run)
            found.append(Overview(connection, company, run, tally, (*own, *shared), due, stands))
        return found

    async def _run_stands(self, connection: Connection, run: Run | None) -> Stands:
        """A run's row says what was begun; whether somebody has it at hand, the engine says."""
        if run is None or run.state not in {RunState.QUEUED, RunState.RUNNING}:
            return "ended"
        begun = run.state == RunState.RUNNING
        return "running" if begun and await self.engine.at_work(connection.company) else "waiting"

    async def open_alerts(self, of: Sequence[Connection]) -> list[AlertView]:
        """Whatever is open in these connections of one workspace or in their companies, each alert once."""
        ids, companies = {one.id for one in of}, {one.company for one in of}
        found = await alerts.list_open(self.reach.store, workspace=of[0].workspace_id) if of else []
        theirs = [
            one for one in found if one.connection_id in ids or (not one.connection_id and one.company in companies)
        ]
        seen = [await self.alert_view(one.id) for one in theirs]
        return [view for view in seen if view is not None]

    async def alert_view(self, alert_id: int) -> AlertView | None:
        return await views.view(self.reach.store, alert_id)

    async def reconcile_alerts(self, connection_id: str) -> list[int]:
        return await views.reconcile(self.reach.store, connection_id, self.reach.clock())

    # --- promises ---

    async def sweep(self) -> None:
        """Turn intents without a job into jobs: a process died between the commit and the promise."""
        for intent in await runs.open_intents(self.reach.store, self.reach.clock() - SWEEP_AFTER):
            await self.promise(intent)
        hour = self.reach.clock().strftime("%Y%m%d%H")
        for company in await connections.troubled_companies(self.reach.store):
            if company.problem_since and self.reach.clock() - company.problem_since > timedelta(hours=1):
                await self.engine.enqueue(
                    "check_company", f"{company.id}:{hour}", company=company.id, company_id=company.id
                )

    async def _ask(
        self,
        connection: Connection,
        kind: str,
        actor: str,
        target: dict[str, Any],
        *lines: tuple[Alert, dict[str, Any]],
    ) -> Asked:
        """An intent and its job; the alerts that it works on say so in their story before it can have ended."""
        target = {"connection": connection.id, **target}
        now = self.reach.clock()
        intent = await runs.add_intent(self.reach.store, connection.workspace_id, kind, actor, target, now)
        for alert, line in lines:
            await self._note(alert, {"actor": actor, **line, "intent": intent.id})
        await self.promise(intent)
        return Asked(intent.id, rows=len(target.get("postings", [])))

    async def promise(self, intent: runs.Intent) -> None:
        """The durable job of an intent; asking twice is asking once."""
        if intent.kind == "check_company":
            company = int(intent.target["company"])
            await self.engine.enqueue(
                "check_company",
                f"intent:{intent.id}",
                company=company,
                urgent=True,
                company_id=company,
                intent=intent.id,
            )
            return
        connection = await connections.get_connection(self.reach.store, intent.target["connection"])
        if connection is not None and intent.kind == "write_back":
            await self.engine.enqueue(
                "write_back", f"intent:{intent.id}", company=line_of(connection), intent=intent.id
            )
            return
        if connection is None:
            await runs.finish_intent(self.reach.store, intent.id, self.reach.clock())
            return
        key = f"intent:{intent.id}"
        if intent.kind == "refresh":  # asked for by a command, which has no engine of its own
            await self.engine.enqueue(
                "refresh", key, company=connection.company, urgent=True, connection_id=connection.id
            )
            await runs.finish_intent(self.reach.store, intent.id, self.reach.clock())
            return
        if intent.kind in {"settle", "receipts", VENDOR}:
            await self.engine.enqueue(
                intent.kind, key, company=connection.company, urgent=True, connection_id=connection.id, intent=intent.id
            )
            return
        trigger = Trigger.RETRY if intent.kind == "retry" else Trigger.PERSON
        await runs.ensure_run(
            self.reach.store, key, connection=connection.id, trigger=trigger, actor=intent.actor, now=intent.created
        )
        await self.engine.enqueue(
            "sync",
            key,
            company=connection.company,
            urgent=True,
            trigger=str(trigger),
            run_key=key,
            actor=intent.actor,
            connection_id=connection.id,
            intent=intent.id,
        )

    async def _work_on(self, alert: Alert, actor: str, rows: list[Posting], kind: str) -> Asked:
        if not await alerts.start_work(self.reach.store, alert.id, actor, self.reach.clock()):
            return await self.lost_click(alert.id)
        return await self.retry_rows(alert, [row.id for row in rows], actor, {"did": kind})

    async def retry_rows(self, alert: Alert, ids: list[int], actor: str, line: dict[str, Any]) -> Asked:
        """Post these rows of a claimed alert again, and note in its story what was done and by whom."""
        connection = await self._connection(alert.connection_id or "")
        line = {**line, "postings": ids}
        asked = await self._ask(connection, "retry", actor, {"postings": ids, "alert": alert.id}, (alert, line))
        await self._refresh(connection)
        return asked

    async def lost_click(self, alert_id: int) -> Asked:
        alert = await self._alert(alert_id)
        first = alert.working or alert.solved_by
        stands: Stands = "ended"
        if alert.working:
            stands = "running" if await self.engine.at_work(alert.company) else "waiting"
        return Asked(already=(first, alert.working_since or alert.solved or alert.opened), stands=stands)

    async def _note(self, alert: Alert, line: dict[str, Any]) -> None:
        """One more line of an alert's story; told in its thread by whoever draws it."""
        await alerts.add_line(self.reach.store, alert.id, {**line, "at": self.reach.clock().isoformat()})

    async def _rows(self, alert: Alert, states: list[PostingState]) -> list[Posting]:
        return await postings.list_postings(
            self.reach.store,
            alert.connection_id or "",
            states=states,
            category=alert.category,
            subject=alert.subject,
            limit=20_000,
        )

    async def _alert(self, alert_id: int) -> Alert:
        alert = await alerts.get(self.reach.store, alert_id)
        if alert is None:
            raise LookupError(f"There is no alert {alert_id}.")
        return alert

    async def _connection(self, connection_id: str) -> Connection:
        connection = await connections.get_connection(self.reach.store, connection_id)
        if connection is None or connection.removed:
            raise LookupError(f"There is no connection {connection_id}.")
        return connection

    async def _tell(self, connection: Connection, actor: str, what: str, text: str) -> None:
        await runs.tell(self.reach.store, what, text, self.reach.clock(), actor=actor, connection=connection.id)

    async def _refresh(self, connection: Connection) -> None:
        key = f"{connection.id}:{self.reach.clock().isoformat()}"
        await self.engine.enqueue("refresh", key, company=connection.company, urgent=True, connection_id=connection.id)
