"""The whole bot, as `python -m bot run` in processes of its own, between Slack, Spend Center and an Intacct that can die.

Slack and Spend Center live in the test's process, everybody by one clock that the test moves.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bot import engine as machinery
from bot.models import ConnectionState, Secret, Selector
from bot.sandbox.seed import story
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD, WEB_SERVICES_PASSWORD, connected
from bot.sandbox.slack import SlackSim
from bot.sandbox.spend import SpendSim
from bot.settings import Settings
from bot.store import connections
from bot.store.connections import Connection
from bot.store.database import Store, open_store
from tests.chaos.clock import SharedClock, live_by
from tests.chaos.databases import Database, SqliteFiles
from tests.chaos.gateway import GatewayProcess, Kept
from tests.chaos.until import until
from tests.child import Death, arm, ended, start
from tests.patience import PATIENCE
from tests.postgres import free_port
from tests.world import mapping

KEYS = "3bA1yZ1Yw3D8o3bqk0lYxkM9mJtVhL2uJ5o3r8c1b9E="
BACKUPS = "backups"
LEASE = 3.0
"""Seconds after which a replica that does not beat is taken for dead; ten times less than in production."""

FINANCE = "C0FINANCE"
CARD = "3370"
EVERY_TEN_MINUTES = "*/10 * * * *"
SOUND = {"GL Account": "6610 - Store supplies", "Department": "60 - Warehouse", "Location": "100 - Portland"}
FLAWS = {
    "account": SOUND | {"GL Account": "6215 - Software (old)"},
    "department": {"GL Account": "6420 - Travel", "Location": "100 - Portland"},
}
"""Codings that Intacct refuses: an account that is not active, and travel without a department."""


@dataclass(frozen=True)
class BotOrders:
    """One bot's process: its settings as environment variables, the lease in seconds if not the engine's own, where it dies."""

    environment: dict[str, str]
    folder: Path
    log: Path
    lease: float = 0
    death: Death | None = None


def run(orders: BotOrders) -> None:
    """`python -m bot run` in a process that was forked with everything imported, on the town's time."""
    from bot.__main__ import app  # noqa: PLC0415  # only this process is the program

    os.environ.clear()
    os.environ.update(orders.environment)
    os.chdir(orders.folder)
    log = os.open(orders.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    live_by(SharedClock(orders.folder / "clock"))
    machinery.POLL_SECONDS = 0.1
    if orders.lease:
        machinery.LEASE, machinery.BEAT = timedelta(seconds=orders.lease), timedelta(seconds=orders.lease / 6)
    arm(orders.death)
    app(["run"])


@dataclass
class Purchase:
    """What was bought; `flaw` names why Intacct will refuse it, empty for a sound one."""

    reference: str
    amount: Decimal
    flaw: str


@dataclass
class Town:
    """Everything at hand. `replicas` are the bots that ought to be alive."""

    folder: Path
    clock: SharedClock
    slack: SlackSim
    spend: SpendSim
    gateway: GatewayProcess
    database: Database
    settings: Settings
    connection: str
    size: int
    replicas: list[BaseProcess] = field(default_factory=list)
    bought: list[Purchase] = field(default_factory=list)
    started: int = 0

    # --- the bots ---

    def start(self, death: Death | None = None) -> BaseProcess:
        """One more bot."""
        self.started += 1
        made = self.settings
        environment = {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": SlackSim.BOT_TOKEN,
            "SLACK_APP_TOKEN": SlackSim.APP_TOKEN,
            "SLACK_API_URL": self.slack.url,
            "INTACCT_URL": made.intacct_url,
            "INTACCT_SENDER_ID": SENDER_ID,
            "INTACCT_SENDER_PASSWORD": SENDER_PASSWORD,
            "SPEND_CENTER_URL": made.spend_center_url,
            "SPEND_CENTER_CALLS_PER_MINUTE": "100000",
            "DATABASE_URL": made.database_url,
            "DATA_DIR": str(self.folder),
            "ENCRYPTION_KEYS": KEYS,
            "PORT": str(free_port()),
        }
        log = self.folder / f"bot-{self.started}.log"
        orders = BotOrders(environment, self.folder, log, lease=LEASE if made.database_url else 0, death=death)
        process = start(run, orders)
        self.replicas.append(process)
        return process

    async def end(self, process: BaseProcess, how: signal.Signals = signal.SIGKILL) -> int | None:
        """Signal one of the bots and wait until it is gone. Returns its exit code."""
        if process in self.replicas:
            self.replicas.remove(process)
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, how)
        return await ended(process)

    def full(self) -> list[int | None]:
        """As many living bots as there ought to be. Returns the exit codes of those that were found dead."""
        dead = [one.exitcode for one in self.replicas if not one.is_alive()]
        self.replicas = [one for one in self.replicas if one.is_alive()]
        while len(self.replicas) < self.size:
            self.start()
        return dead

    async def connected(self, sockets: int = 1) -> None:
        """So many bots have their line to Slack."""

        async def there() -> bool:
            return self.slack.core.socket.count >= sockets

        await until(there)

    # --- what people do ---

    async def buy(self, n: int, flaw: str = "") -> None:
        for number in range(n):
            amount = Decimal(f"{len(self.bought) + 1}.{number + 10}")
            made = {"card": CARD, "amount": str(amount), "merchant": f"Stall {len(self.bought)}"}
            coding = FLAWS[flaw] if flaw else SOUND
            day = self.clock().date().isoformat()
            answer = await self.spend.control("add_transaction", {**made, "date": day, "fields": coding})
            reference = answer["transaction"]["uuid"].removeprefix("txr_")
            self.bought.append(Purchase(reference, amount, flaw))

    async def asks(self, user: str = "U0LEE") -> bool:
        """Somebody types the command that starts a sync. Returns whether the bot took it."""
        answer = await self.slack.control("command", {"user": user, "text": "/intacct sync", "channel": FINANCE})
        return bool(answer["acked"])

    def is_mended(self, flaw: str) -> None:
        """What Intacct refused for this would post from now on."""
        for one in self.bought:
            one.flaw = "" if one.flaw == flaw else one.flaw

    async def presses_retry(self, ts: str, times: int = 1) -> int:
        """Everybody in the channel presses the same Retry, so often together, all at once. Returns how often the bot took it."""
        press = {"channel": FINANCE, "ts": ts, "block_id": "do", "action_id": "alert.retry"}
        workspace = self.slack.core.workspace
        readers = [user for user in workspace.people if workspace.channels[FINANCE] in workspace.visible(user)]
        users = itertools.islice(itertools.cycle(readers), times)
        clicks = [self.slack.control("click", {"user": user, **press}) for user in users]
        answers = await asyncio.gather(*clicks, return_exceptions=True)
        return sum(isinstance(one, dict) and one["acked"] for one in answers)

    # --- what is there ---

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Our side's database, opened for one look."""
        opened = await open_store(self.settings, migrate=False)
        try:
            yield opened
        finally:
            await opened.close()

    async def books(self) -> list[tuple[str, Decimal]]:
        ledger = (await self.gateway.state())["ledger"]["transactions"]
        return [(row["reference"], Decimal(row["total"])) for row in ledger]

    async def doubles(self) -> int:
        """References that stand in the books more than once."""
        times = Counter(reference for reference, _ in await self.books())
        return sum(n - 1 for n in times.values())


@asynccontextmanager
async def town(folder: Path, database: Database | None = None, size: int = 1) -> AsyncIterator[Town]:
    """A town with nothing bought and no bot started yet; whatever was started is gone afterwards."""
    (folder / BACKUPS).mkdir()  # nobody waits yet
    clock = SharedClock(folder / "clock")
    tale = story(clock().date())
    tale.spend["transactions"] = []
    slack, spend = SlackSim(), SpendSim(tale.spend, calls_per_minute=100_000)
    slack.clock = spend.clock = clock
    await slack.control("limits", {"user": "U0LEE", "on": False, "seconds": PATIENCE})
    await slack.start()
    await spend.start()
    company = connected(tale.company)
    kept = Kept(folder / "books", clock.file, free_port(), free_port(), company)
    gateway = GatewayProcess(kept)
    await gateway.start()
    database = database or SqliteFiles(folder)
    settings = Settings(
        _env_file=None,
        intacct_url=f"http://127.0.0.1:{kept.port}/ia/xml/xmlgw.phtml",
        spend_center_url=spend.url,
        data_dir=folder,
        database_url=database.url,
        encryption_keys=KEYS,
    )
    connection = await _connect(settings, clock, mapping(tale), tale.calendar.first)
    made = Town(folder, clock, slack, spend, gateway, database, settings, connection.id, size)
    try:
        yield made
    finally:
        for process in list(made.replicas):
            await made.end(process)
        await gateway.stop()
        await slack.stop()
        await spend.stop()


async def _connect(settings: Settings, clock: SharedClock, codes: Any, first: Any) -> Connection:
    """Portland, as the set-up and its first sync would leave it, with a schedule that is due every ten minutes."""
    store, now = await open_store(settings), clock()
    workspace = await connections.ensure_workspace(store, "", "T0HARBOR", "Harbor & Pine", now)
    secret = Secret(WEB_SERVICES_PASSWORD)
    company = await connections.save_company(
        store, workspace, "HarborPine", user_id="Spendcenter", password=secret, base_currency="USD"
    )
    made = await connections.add_connection(
        store,
        workspace=workspace,
        company=company.id,
        now=now,
        name="Portland",
        state=ConnectionState.ACTIVE,
        entity_id="100",
        entity_name="Portland",
        card="Spend Center CC Object",
        channel=FINANCE,
        schedule=EVERY_TEN_MINUTES,
        time_zone="America/Los_Angeles",
        start_date=first,
        spend_token=Secret(SPEND_TOKEN),
        selector=Selector(all=True),
        mapping=codes,
        owner="U0DANA",
        activated=now,
        last_fired=now,
    )
    await store.close()
    return made
