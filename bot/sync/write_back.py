"""What a person chose is written to Spend Center too, so that both systems say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.models import CustomField, Dimension, FieldMapping
from bot.spend.errors import SourceBusy, SourceError, SourceUnavailable
from bot.spend.source import Source
from bot.store import alerts, connections, postings, runs
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.store.runs import Intent
from bot.sync.mapping import coded, gives_way
from bot.sync.reach import line_of
from bot.sync.run import Runner

PAUSE = 60.0
"""Seconds until a source that did not answer is asked again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a write-back is. Field and value are Spend Center's ids, read once: reading them costs a dozen calls."""

    at: int = 0
    written: int = 0
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class WriteBack:
    """The job. It takes only calls that Spend Center has to spare and never waits inside a turn: what is left is promised.

    Writing the same coding twice does no harm, so a turn that is done again begins where the promise says.
    """

    runner: Runner

    async def __call__(
        self, turn: int, *, intent: str, at: int = 0, written: int = 0, field: str = "", value: str = ""
    ) -> bool:
        store = self.runner.reach.store
        asked = await runs.get_intent(store, intent)
        if asked is None or asked.done is not None or turn > 0:
            return False
        connection = await connections.get_connection(store, asked.target["connection"])
        if connection is None or connection.removed:
            await runs.finish_intent(store, intent, self.runner.reach.clock())
            return False
        left, pause = await self._go_on(connection, asked, Progress(at, written, field, value))
        if left is None:
            return False
        if self.runner.engine is not None:
            await self.runner.engine.enqueue(
                "write_back",
                f"intent:{intent}:{left.at}:{self.runner.reach.clock().isoformat()}",
                company=line_of(connection),
                delay=pause,
                intent=intent,
                at=left.at,
                written=left.written,
                field=left.field,
                value=left.value,
            )
        return False

    async def _go_on(self, connection: Connection, asked: Intent, done: Progress) -> tuple[Progress | None, float]:
        """Writes what it may now. Returns where to go on and after how many seconds, or None when all is told."""
        source = await self.runner.reach.source(connection)
        rows = await postings.get(self.runner.reach.store, asked.target["postings"])
        try:
            if not done.field:
                field, value = await _coded(source, connection, asked.target["dimension"], asked.target["value"])
                done = Progress(field=field, value=value)
            while done.at < len(rows) and done.value:
                if pause := source.spare():
                    return done, pause
                taken = await _write(source, connection, rows[done.at], asked.target["dimension"], done)
                done = Progress(done.at + 1, done.written + taken, done.field, done.value)
        except (SourceBusy, SourceUnavailable) as away:
            return done, away.retry_after or PAUSE
        except SourceError:  # the sign-in is refused, which has an alert of its own
            done = Progress(len(rows), done.written)
        await self._tell(connection, asked, done, len(rows) if done.value else done.written)
        return None, 0

    async def _tell(self, connection: Connection, asked: Intent, done: Progress, tried: int) -> None:
        """One line in the alert's story; what could not be written is listed by the proof."""
        reach = self.runner.reach
        counted = {"written": done.written, "locked": tried - done.written, "postings": []}
        line = {"actor": asked.actor, "did": "write back", **counted, "at": reach.clock().isoformat()}
        await alerts.add_line(reach.store, int(asked.target["alert"]), line)
        await runs.finish_intent(reach.store, asked.id, reach.clock())
        if self.runner.engine is not None:
            key = f"{connection.id}:written:{asked.id}"
            await self.runner.engine.enqueue("refresh", key, company=connection.company, connection_id=connection.id)


async def _coded(source: Source, connection: Connection, dimension: str, chosen: str) -> tuple[str, str]:
    """The field that carries the dimension and the value of it that means what was chosen; empty when there is none."""
    return means(await source.fields(), connection.codes().get(Dimension(dimension)), chosen)


def means(fields: Sequence[CustomField], mapping: FieldMapping | None, chosen: str) -> tuple[str, str]:
    """The field's id and that of its value which stands for an Intacct ID; empty where there is none."""
    field = next((one for one in fields if mapping and mapping.field and mapping.field in {one.uuid, one.name}), None)
    if mapping is None or field is None:
        return "", ""
    bare = {text for _, text in field.values} if not mapping.values else set()
    meant = (
        uuid
        for uuid, text in field.values
        if chosen in {mapping.values.get(uuid), mapping.values.get(text), text if text in bare else ""}
    )
    return field.uuid, next(meant, "")


async def _write(source: Source, connection: Connection, row: Posting, dimension: str, done: Progress) -> bool:
    """Whether Spend Center took it; a locked transaction keeps what it has. Lines that the choice left alone stay."""
    mapping = connection.codes().get(dimension, FieldMapping())
    instead = ((row.decision or {}).get("instead") or {}).get(dimension)
    transaction = row.read()
    try:
        for line in transaction.lines:
            if gives_way(coded(transaction, line, mapping), instead):
                await source.set_coding(line.uuid, done.field, [done.value])
    except (SourceBusy, SourceUnavailable):
        raise
    except SourceError:
        return False
    return True
