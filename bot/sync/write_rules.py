"""What a rule filled is written to Spend Center too, as a person's choice is, so that both systems say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.models import CustomField, FieldMapping
from bot.spend.errors import SourceAuth, SourceBusy, SourceError, SourceLocked, SourceRefused, SourceUnavailable
from bot.spend.source import Source
from bot.store import alerts, connections, rules
from bot.store.connections import Company, Connection
from bot.store.postings import Posting
from bot.store.rules import Rule
from bot.sync.mapping import LINE_FIELDS, Composed, coded, compose
from bot.sync.reach import line_of
from bot.sync.rules import in_order
from bot.sync.run import Runner
from bot.sync.terms import terms_of
from bot.sync.write_back import PAUSE, means

RECENT = timedelta(days=2)
"""What was posted longer ago and could not be written is left: the proof lists it."""

Change = tuple[str, str, str]
"""A line's uuid, the dimension, and the Intacct ID that it was posted with."""


@dataclass(frozen=True, slots=True)
class WriteRules:
    """The job. It takes only calls that Spend Center has to spare and never waits inside a turn: what is left is promised."""

    runner: Runner

    async def __call__(self, turn: int, *, connection_id: str) -> bool:
        store = self.runner.reach.store
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or turn > 0:
            return False
        source = await self.runner.reach.source(connection)
        try:
            pause = await self._go_on(connection, source)
        except (SourceBusy, SourceUnavailable) as away:
            pause = away.retry_after or PAUSE
        except (
            SourceError
        ):  # the sign-in is refused, which has an alert of its own; the next run's end promises this again
            return False
        if pause:
            await self._promise("write_rules", connection, line_of(connection), delay=pause)
        else:
            await self._tell(connection)
        return False

    async def _go_on(self, connection: Connection, source: Source) -> float:
        """Writes what it may now. Returns the seconds until it may go on, 0 when nothing is left."""
        reach = self.runner.reach
        company = await connections.get_company(reach.store, connection.company)
        fields: Sequence[CustomField] | None = None
        while found := await rules.unwritten(reach.store, connection.id, reach.clock() - RECENT):
            for row, used in found:
                if pause := source.spare():
                    return pause
                fields = fields if fields is not None else await source.fields()
                outcome = await _write(source, connection, changes(connection, company, row, used), fields)
                await rules.mark_written(reach.store, row, outcome, reach.clock())
        return 0

    async def _tell(self, connection: Connection) -> None:
        """A line in the story of each alert whose transactions are among them; the others are counted at the rule."""
        reach = self.runner.reach
        told = False
        for alert in await alerts.unsettled_messages(reach.store, connection.id):
            before = {one for line in alert.story for one in line.get("wrote") or []}
            asked = {int(one) for line in alert.story if "intent" in line for one in line.get("postings") or []}
            found = await rules.written(reach.store, sorted(asked - before))
            if not found:
                continue
            counted = {kind: sum(one == kind for one in found.values()) for kind in (rules.YES, rules.LOCKED)}
            line: dict[str, Any] = {"did": "write back", "by_rule": True, "actor": "", "at": reach.clock().isoformat()}
            line |= {"written": counted[rules.YES], "locked": counted[rules.LOCKED], "wrote": sorted(found)}
            await alerts.add_line(reach.store, alert.id, {**line, "postings": []})
            told = True
        if told:
            await self._promise("refresh", connection, str(connection.company))

    async def _promise(self, job: str, connection: Connection, line: str, *, delay: float = 0) -> None:
        if self.runner.engine is not None:
            key = f"{connection.id}:written:{self.runner.reach.clock().isoformat()}"
            await self.runner.engine.enqueue(job, key, company=line, delay=delay, connection_id=connection.id)


def changes(connection: Connection, company: Company, row: Posting, used: Sequence[Rule]) -> list[Change] | None:
    """What Spend Center does not say yet of what was posted with these rules.

    None where the posting cannot be made again as it was sent: a rule or the source was changed since.
    """
    terms = replace(terms_of(connection, company, inside=None), rules=tuple(in_order(used)))
    transaction = row.read()
    made = compose(transaction, terms, day=row.date, reference=row.reference, decision=row.decision)
    if not isinstance(made, Composed) or made.fingerprint != row.fingerprint:
        return None
    wanted = []
    for dimension in {rule.dimension for rule in used}:
        mapping = terms.codes.get(dimension, FieldMapping())
        for line, posted in zip(transaction.lines, made.record.lines, strict=True):
            value = getattr(posted, LINE_FIELDS[dimension])  # type: ignore[index]  # a rule's dimension is a Dimension's value
            if value and coded(transaction, line, mapping) != value:
                wanted.append((line.uuid, dimension, value))
    return wanted


async def _write(
    source: Source, connection: Connection, wanted: Sequence[Change] | None, fields: Sequence[CustomField]
) -> str:
    """What became of it; a locked transaction keeps what it has, and one that says it already needs nothing."""
    if not wanted:
        return rules.NOWHERE if wanted is None else rules.YES
    outcome = rules.NOWHERE
    try:
        for line, dimension, value in wanted:
            field, meant = means(fields, connection.codes().get(dimension), value)
            if meant:
                await source.set_coding(line, field, [meant])
                outcome = rules.YES
    except SourceAuth:
        raise
    except SourceLocked:
        return rules.LOCKED
    except SourceRefused:
        return rules.NOWHERE
    return outcome
