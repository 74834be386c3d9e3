"""The one place where everything is wired: settings in, a running bot out."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from bot.engine import Engine, Work
from bot.intacct.allowance import Allowance
from bot.intacct.client import Gateway, IntacctClient, SignIn
from bot.models import Secret
from bot.settings import Settings
from bot.spend.client import SpendClient
from bot.spend.csv_source import CsvSource
from bot.spend.source import Source
from bot.store.connections import Connection
from bot.store.database import Store, open_store
from bot.sync.deleted import Deleted
from bot.sync.desk import Desk
from bot.sync.reach import Reach
from bot.sync.run import Runner
from bot.sync.vendors import Vendors
from bot.sync.write_back import WriteBack
from bot.sync.write_rules import WriteRules

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def sniff_nothing() -> None:
    """Say once that sniffio is not installed: httpcore tries to import it six times a request, and searches the whole path."""
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # the language's own way to say so


class Parts:
    """What the commands and the bot share: the store, the far ends and the runner. No Slack, no engine."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], datetime] = utc_now) -> None:
        sniff_nothing()
        self.settings, self.store, self.clock = settings, store, clock
        self.gateway = Gateway(settings.intacct_url, settings.intacct_sender_id, settings.sender_password)
        self._allowances: dict[tuple[str, int], Allowance] = {}
        self.reach = Reach(
            store=store,
            clock=clock,
            settle_after=timedelta(seconds=settings.intacct_settle_after),
            sender_id=settings.intacct_sender_id,
            intacct_url=settings.intacct_url,
            intacct_for=self.intacct_for,
            source_for=self.source_for,
        )
        self.runner = Runner(self.reach)

    def intacct_for(self, company_id: str, user_id: str, password: Secret, requests_at_once: int = 2) -> IntacctClient:
        """A client of this sign-in. Clients of one company share its allowance: a set-up beside a sync is no reason for a 429."""
        key = (company_id.casefold(), requests_at_once)
        allowance = self._allowances.setdefault(key, Allowance(requests_at_once))
        sign_in = SignIn(company_id, user_id, password)
        return IntacctClient(self.gateway, sign_in, requests_at_once=requests_at_once, allowance=allowance)

    def source_for(self, connection: Connection) -> Source:
        if connection.csv:
            return csv_source(connection)
        return self.spend_for(connection.spend_token, connection.client_id, connection.client_secret)

    def spend_for(self, token: Secret | None, client_id: str, client_secret: Secret | None) -> Source:
        return SpendClient(
            self.settings.spend_center_url,
            token=token,
            client_id=client_id,
            client_secret=client_secret,
            token_url=self.settings.spend_token_url,
            calls_per_minute=self.settings.spend_center_calls_per_minute,
        )


@asynccontextmanager
async def open_parts(
    settings: Settings, clock: Callable[[], datetime] = utc_now, *, new: bool = False
) -> AsyncIterator[Parts]:
    """The store opened and migrated, the far ends ready; closed at the end of the block. `new` as in `open_store`."""
    store = await open_store(settings, new=new)
    parts = Parts(settings, store, clock)
    try:
        yield parts
    finally:
        await parts.reach.aclose()
        await store.close()


def csv_source(connection: Connection) -> CsvSource:
    """The file of a bank-branded tenant, as the connection file describes it."""
    form = dict(connection.csv or {})
    chosen = {
        key: str(form[key]) for key in ("delimiter", "encoding", "date_format", "decimal", "currency") if key in form
    }
    return CsvSource(
        Path(str(form["path"])),
        form.get("columns", {}),
        company=connection.spend_company_name or connection.name,
        time_zone=connection.time_zone or "UTC",
        cleared=form.get("cleared", ()),
        ignore=form.get("ignore", ()),
        **chosen,
    )


def jobs(runner: Runner) -> dict[str, Work]:
    """The sync's jobs by name; whatever writes to Intacct takes its company's turn."""
    return {
        "sync": Work(runner.sync, exclusive=True),
        "settle": Work(runner.settle, exclusive=True),
        "receipts": Work(runner.receipts, exclusive=True),
        "check_company": Work(runner.check_company, exclusive=True),
        "vendor": Work(Vendors(runner), exclusive=True),
        "write_back": Work(WriteBack(runner)),
        "write_rules": Work(WriteRules(runner)),
        "deleted": Work(Deleted(runner)),
    }


def make_desk(parts: Parts, engine: Engine) -> Desk:
    parts.runner.engine = engine
    desk = Desk(parts.reach, parts.runner, engine)
    engine.sweep = desk.sweep
    return desk
