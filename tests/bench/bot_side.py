"""The bot's process: all of `python -m bot run`, and an eye on time, memory and the event loop.

    python -m tests.bench.bot_side prepare|sync|again FOLDER ADDRESSES   (the order as JSON on standard input)

ADDRESSES are the far ends' as JSON: {"url", "slack"}.

What it saw is its last line of output.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from bot.app import Parts, open_parts
from bot.engine import Engine
from bot.models import ConnectionState, FieldMapping, PostingState, RunState, Secret, Trigger
from bot.sandbox.slack import SlackSim
from bot.sandbox.slack.workspace import TEAM, TEAM_NAME
from bot.serve import Bot, keep_what_is_there
from bot.settings import Settings
from bot.spend import pacing
from bot.store import connections
from bot.store.connections import Connection
from bot.store.database import Store, open_store
from bot.store.tables import postings, sync_runs
from bot.sync.fetch import fetch
from bot.sync.terms import terms_of
from tests.bench import gateway, source
from tests.bench.order import Order

TICK = 0.005
"""Seconds between two looks at the event loop; what comes later than that is its lag."""
LOOK = 0.1
"""Seconds between two looks at whether it is over."""
QUIET = 12.0
"""Seconds without a posting after which nothing more is to be expected of this run and what it promised."""
FIELDS = {"gl_account": "GL Account", "department": "Department", "location": "Location"}


def settings_for(order: Order, folder: Path, url: str, slack: str = "") -> Settings:
    return Settings(
        _env_file=None,
        intacct_url=url + gateway.PATH,
        intacct_sender_id=gateway.SENDER,
        intacct_sender_password=gateway.SENDER_PASSWORD,
        intacct_settle_after=order.settle_after,
        spend_center_url=url + source.BASE,
        data_dir=folder,
        log_level="WARNING",
        slack_bot_token=SecretStr(SlackSim.BOT_TOKEN),
        slack_app_token=SecretStr(SlackSim.APP_TOKEN),
        slack_api_url=slack or "http://127.0.0.1/api/",
        port=_free_port(),
    )


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# --- before ---


async def prepare(order: Order, folder: Path, url: str) -> None:
    """Connections as the set-up leaves them; if wanted, with everything of the first wave read and pending."""
    async with open_parts(settings_for(order, folder, url)) as parts:
        made = [await _connect(parts, order, number) for number in range(order.companies)]
        if order.pending:
            await _tell(url, "wave")
            await _read_one(parts, made[0])
            await _multiply(parts, order)


async def _connect(parts: Parts, order: Order, number: int) -> Connection:
    workspace = await connections.ensure_workspace(parts.store, "", TEAM, TEAM_NAME, parts.clock())
    company = await connections.save_company(
        parts.store,
        workspace,
        f"Bench{number:04d}",
        user_id="Spendcenter",
        password=Secret(gateway.USER_PASSWORD),
        base_currency="USD",
        requests_at_once=order.at_once,
    )
    values: dict[str, Any] = {
        "name": f"Bench {number}",
        "state": ConnectionState.ACTIVE,
        "entity_id": gateway.ENTITY if order.entity else "",
        "entity_name": "Portland" if order.entity else "",
        "card": gateway.CARD,
        "card_account": gateway.OFFSET,
        "default_location": gateway.ENTITY,
        "channel": "C0FINANCE",
        "time_zone": "America/Los_Angeles",
        "start_date": source.TODAY - timedelta(days=90),
        "spend_company": f"cmp_{number:04d}",
        "spend_token": Secret(f"{source.TOKEN}{number}"),
        "mapping": {key: FieldMapping(field=name) for key, name in FIELDS.items()},
        "options": {"currency": "USD"},
        "owner": "U0DANA",
        "activated": parts.clock(),
    }
    return await connections.add_connection(
        parts.store, workspace=workspace, company=company.id, now=parts.clock(), **values
    )


async def _read_one(parts: Parts, connection: Connection) -> None:
    company = await connections.get_company(parts.store, connection.company)
    where = await parts.reach.source(connection)
    await fetch(parts.store, connection, where, terms_of(connection, company, inside=None), clock=parts.clock)


COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :many)
INSERT INTO postings ({columns})
SELECT {values}
FROM postings, numbers,
     (SELECT id, company, spend_company, CAST(substr(name, 7) AS INTEGER) AS k FROM connections) AS into_
WHERE postings.id = :first AND NOT (n = 0 AND k = 0)
"""
OWN = {
    "connection_id": "into_.id",
    "company": "into_.company",
    "spend_company": "into_.spend_company",
    "transaction": "printf('txr_%06d%014d', k, n)",
    "reference": "printf('%06d%014d', k, n)",
    "authorization_id": "printf('txr_auth%04d%012d', k, n)",
    "source": """replace(replace(source, :authorization, printf('txr_auth%04d%012d', k, n)),
                       :number, printf('%06d%014d', k, n))""",
}


async def _multiply(parts: Parts, order: Order) -> None:
    """Copies of the one row for every number and connection, as the fetch would have made them."""
    columns = [f'"{column.name}"' for column in postings.c if column.name != "id"]
    values = [OWN.get(column.name, f'postings."{column.name}"') for column in postings.c if column.name != "id"]
    async with parts.store.begin() as db:
        first = (await db.execute(select(postings))).one()
        sql = text(COPIES.format(columns=", ".join(columns), values=", ".join(values)))
        named = {"number": first.reference, "authorization": first.authorization_id}
        await db.execute(sql, {"many": order.waves[0][0], "first": first.id, **named})
        if order.warm:
            await db.execute(update(postings).values(state=PostingState.IGNORED))
    newest = datetime.combine(source.TODAY, datetime.min.time(), UTC) - timedelta(days=order.waves[0][1])
    for row in await connections.list_connections(parts.store):
        await connections.set_watermark(parts.store, row.id, newest)


# --- during ---


class Lag:
    """How late the event loop comes, tick by tick."""

    def __init__(self) -> None:
        self._late: list[float] = []

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK)
            self._late.append(max(0.0, time.perf_counter() - before - TICK))

    def told(self) -> tuple[float, float, float]:
        """p50, p99 and the longest since the last time."""
        late, self._late = sorted(self._late) or [0.0], []
        return late[len(late) // 2], late[int(len(late) * 0.99)], late[-1]


async def sync(order: Order, folder: Path, url: str, slack: str, *, again: bool) -> list[dict[str, Any]]:
    """Every wave, due at once for all connections; after a kill (`again`) the engine goes on by itself."""
    pacing.WINDOW = 61.0 * order.scale if order.paced else 0.0
    settings = settings_for(order, folder, url, slack)
    seen: list[dict[str, Any]] = []
    store = await open_store(settings)
    lag = Lag()
    watching = asyncio.create_task(lag.watch())
    try:
        async with Bot(settings, patience=1) as bot, asyncio.timeout(order.patience):
            keep_what_is_there()
            while not await bot.line.connected():  # noqa: ASYNC110  # it has no event, being asked by /healthz alone
                await asyncio.sleep(0.05)
            if order.warm:
                await _first_runs(store, bot.engine)
            for number in range(1 if again else len(order.waves)):
                if number:
                    await _quiet(url, order.calm)
                if not again:
                    await _tell(url, "wave")
                seen.append(await _wave(store, bot.engine, order, lag, number, url, again=again))
    finally:
        watching.cancel()
        await store.close()
    return seen


async def _wave(
    store: Store, engine: Engine, order: Order, lag: Lag, number: int, url: str, *, again: bool
) -> dict[str, Any]:
    rows = await connections.list_connections(store)
    wanted = len(rows) * sum(many for many, _ in order.waves[: None if again else number + 1])
    more = 0
    lag.told()
    if order.commands:
        await _tell(url, "commands/start")
    began, cpu = time.perf_counter(), time.process_time()
    if not again:
        await asyncio.gather(*(_due(engine, row, f"wave-{number}") for row in rows))
    if not again and not order.enough:
        while await _ended(store, f"wave-{number}") < len(rows):  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(LOOK)
    if again or order.fault_every or order.enough:
        more = await _posted(store, engine, order.enough or wanted)
    seen = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "lag": lag.told(),
        "tally": await _tally(store),
        "more": more,
    }
    if order.commands:
        await _tell(url, "commands/stop")
    await asyncio.sleep(order.linger)
    async with httpx.AsyncClient(trust_env=False) as http:
        told: dict[str, Any] = (await http.get(f"{url}/bench/report")).json()
    return seen | told | {"peak": peak()}


async def _first_runs(store: Store, engine: Engine) -> None:
    """A run of every connection, which finds nothing to post; from then on all there is is due."""
    rows = await connections.list_connections(store)
    await asyncio.gather(*(_due(engine, row, "before") for row in rows))
    while await _ended(store, "before") < len(rows):  # noqa: ASYNC110  # the database tells nobody
        await asyncio.sleep(LOOK)
    async with store.begin() as db:
        await db.execute(update(postings).values(state=PostingState.PENDING))


async def _ended(store: Store, due: str) -> int:
    """How many runs of this due time have come to their end."""
    ended = sync_runs.c.state.in_([RunState.FINISHED, RunState.STOPPED])
    async with store.read() as db:
        found = await db.execute(select(func.count()).where(sync_runs.c.key.endswith(f":{due}"), ended))
        return int(found.scalar_one())


async def _quiet(url: str, calm: float) -> None:
    """Until the gateway was left alone for a while: what a start or a first run brought along is over by then."""
    before, since = -1, time.monotonic()
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() - since < calm:
            now = (await http.get(f"{url}/bench/report")).json()["intacct"]["requests"]
            if now != before:
                before, since = now, time.monotonic()
            await asyncio.sleep(LOOK)


async def _due(engine: Engine, row: Connection, due: str) -> None:
    key = f"{row.id}:{due}"
    trigger = str(Trigger.SCHEDULE)
    await engine.enqueue("sync", key, company=row.company, connection_id=row.id, trigger=trigger, run_key=key)


async def _posted(store: Store, engine: Engine, wanted: int) -> int:
    """Wait until so many are posted: look-ups and second sends come after the end of a run.

    Where nothing moves any more the next due time is made to come, as the clock would.

    Returns:
        How many more due times it took.
    """
    more, moved, before = 0, time.monotonic(), -1
    while (posted := (await _tally(store)).get(PostingState.POSTED, 0)) < wanted:
        now = time.monotonic()
        if posted != before:
            before, moved = posted, now
        elif now - moved > QUIET:
            more, moved = more + 1, now
            for row in await connections.list_connections(store):
                await _due(engine, row, f"more-{more}")
        await asyncio.sleep(LOOK)
    return more


async def _tally(store: Store) -> dict[str, int]:
    async with store.read() as db:
        found = await db.execute(select(postings.c.state, func.count()).group_by(postings.c.state))
        return {str(state): int(many) for state, many in found}


def peak() -> int:
    """Bytes that this process had at most; of its own image only, unlike `ru_maxrss`, which remembers its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(found[1]) * 1024 if found else 0


async def _tell(url: str, what: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.post(f"{url}/bench/{what}")).raise_for_status()


async def main() -> None:
    what, folder, addresses = sys.argv[1:4]
    far = json.loads(addresses)
    logging.basicConfig(level=logging.ERROR)
    order = Order.read(json.load(sys.stdin))
    if what == "prepare":
        await prepare(order, Path(folder), far["url"])
        return
    seen = await sync(order, Path(folder), far["url"], far["slack"], again=what == "again")
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
