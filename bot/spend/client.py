"""The Spend & Expense API v3 as a source of transactions: lists walked to their end, splits fetched, names joined."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx

from bot.http import Client
from bot.models import (
    CustomField,
    Receipt,
    Secret,
    SpendCard,
    SpendCompany,
    Transaction,
    TransactionKind,
)
from bot.spend.auth import ApiToken, Auth, ClientCredentials
from bot.spend.errors import (
    BadRow,
    SourceAuth,
    SourceError,
    SourceLocked,
    SourceMissing,
    SourceRefused,
    SourceUnavailable,
)
from bot.spend.pacing import AT_ONCE, Clock, Pacer, Sleep, shared_pacer
from bot.spend.records import (
    Directory,
    budget_of,
    child_ids,
    parse_company,
    parse_directory,
    parse_field,
    parse_transaction,
    row_uuid,
    with_children,
)
from bot.spend.source import PAGE, Page, RowProblem, Window
from bot.spend.text import clean
from bot.spend.wire import Wire

A = TypeVar("A")
T = TypeVar("T")

SPEND = "/v3/spend"
TRANSACTIONS = f"{SPEND}/transactions"
LONG_PAGE = 100
"""Rows of a page of users, cards, fields and values; transactions give 50 at most."""
DIRECTORY_AGE = 600.0
"""Seconds after which names are read again."""
DIRECTORY_REST = 60.0
"""Seconds between two reads because a row named somebody unknown; deleted users stay unknown for ever."""
PATIENCE = 3
"""Pages in a row without anything new, after which a list is taken to go round in a circle."""
MOST_CHILDREN = 200
MOST_BUDGETS = 40
"""Budgets that are in no list and whose names are read one by one, each a call of the minute's sixty."""
BUDGET_PAGES = 4
"""Pages of the newest transactions that are looked through for budgets."""
CHILD_AGE = 300.0
"""Seconds for which a pass takes the children of an unchanged split as just read: a preview and the posting that follows
it, or two connections of one company, would otherwise pay for each child twice out of the same minute."""


@dataclass(slots=True)
class _Memory:
    """What clients of one token have read and need not pay for again: names, children of splits, budgets of no list."""

    directory: Directory = field(default_factory=Directory)
    directory_read: float | None = None
    reading_directory: asyncio.Lock = field(default_factory=asyncio.Lock)
    children: dict[tuple[str, datetime], tuple[float, Any]] = field(default_factory=dict)
    budgets: dict[str, str] = field(default_factory=dict)
    several_sync_states: bool = True
    """Whether the filter `syncStatus` takes a list; known to be refused once it was."""


_memories: WeakKeyDictionary[Pacer, _Memory] = WeakKeyDictionary()
"""Kept as long as the token's pacer."""


class SpendClient:
    """One sign-in to one company. Safe to share between tasks of one event loop.

    Args:
        base_url: the gateway, ending in `/connect`.
        token: the `apiToken`, or None when client credentials are given.
        client_id: of an OAuth application.
        client_secret: likewise.
        token_url: where its access tokens come from: a host of its own. Without one, client credentials are refused.
        http: a shared client; without it one is made and closed by `aclose`.
        clock: seconds, only ever forward.
        sleep: awaits that many seconds.
        calls_per_minute: the allowance of this token; connections with the same token share it.
        pacer: replaces the shared pacer of this token.
        settled: the currency that amounts are settled in; the API does not name it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: Secret | None = None,
        client_id: str = "",
        client_secret: Secret | None = None,
        token_url: str = "",
        http: httpx.AsyncClient | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        calls_per_minute: int = 60,
        pacer: Pacer | None = None,
        settled: str = "USD",
    ) -> None:
        self._closes_http = http is None
        self._http = http or Client(verify=_tls())
        key = token.reveal() if token else client_id
        pace = pacer or shared_pacer(base_url, key, calls_per_minute, clock=clock, sleep=sleep)
        self._wire = Wire(base_url, self._http, pace, sleep, token_url=token_url)
        self._wire.auth = _auth(token, client_id, client_secret, self._wire, clock)
        self._clock = clock
        self._settled = settled
        self._memory = _memories.setdefault(pace, _Memory())

    async def aclose(self) -> None:
        if self._closes_http:
            await self._http.aclose()

    async def whoami(self) -> SpendCompany:
        return parse_company(await self._wire.get(f"{SPEND}/users/current"), self._wire.base.host)

    async def transactions(
        self, since: date | None, *, on_or_after: date | None = None, on_or_before: date | None = None
    ) -> AsyncGenerator[Page, None]:
        """See `Source`. Sorted by the time of the charge, which does not change, so that pages do not shift."""
        window = Window(since, on_or_after, on_or_before)
        async for rows, cut in self._pages(TRANSACTIONS, PAGE, sort="occurredTime:asc", filters=window.filters()):
            yield await self._page(rows, window, cut=cut)

    async def transaction(self, uuid: str) -> Transaction | None:
        row = await self._row(uuid)
        if row is None:
            return None
        transaction = parse_transaction(row, await self._names([row]), self._settled)
        return await self._expanded(transaction, row, age=0)

    async def cards(self) -> tuple[SpendCard, ...]:
        directory = await self._names([], fresh=True)
        return tuple({card.uuid: card for card in directory.cards.values()}.values())

    async def budgets(self) -> tuple[tuple[str, str], ...]:
        """(uuid, name) of every budget that the list shows, and of those met on cards and on the newest transactions.

        The list can miss budgets that can be had by their id, and even come back empty for active ones.
        """
        rows = [row async for page, _ in self._pages(f"{SPEND}/budgets", LONG_PAGE) for row in page]
        known = {one for row in rows if isinstance(row, dict) for one in (row.get("uuid"), row.get("id"))}
        met = [one for one in await self._budgets_met() if one not in known]
        return tuple(filter(all, map(_budget, rows))) + tuple(await self._budgets_by_id(met))

    async def _budgets_met(self) -> list[str]:
        """Ids of the budgets that cards and the newest transactions name, the most used first."""
        met: Counter[str] = Counter((await self._names([None])).budgets)
        pages = self._pages(TRANSACTIONS, PAGE, sort="occurredTime:desc")
        async with aclosing(pages):
            read = 0
            async for rows, _ in pages:
                met.update(filter(None, map(budget_of, rows)))
                read += 1
                if read == BUDGET_PAGES:
                    break
        return [uuid for uuid, _ in met.most_common()]

    async def _budgets_by_id(self, met: Sequence[str]) -> list[tuple[str, str]]:
        """(uuid, name) of these, without those that are gone. One whose name cannot be had is shown by its id."""
        names = self._memory.budgets

        async def name(uuid: str) -> None:
            try:
                row = await self._wire.get(f"{SPEND}/budgets/{quote(uuid, safe='')}")
            except SourceMissing:
                names[uuid] = ""
            except SourceRefused:
                names[uuid] = uuid
            else:
                names[uuid] = _budget(row)[1] or uuid

        await _few_at_once(name, [uuid for uuid in met if uuid not in names][:MOST_BUDGETS])
        return [(uuid, shown) for uuid in met if (shown := names.get(uuid, uuid))]

    async def fields(self) -> tuple[CustomField, ...]:
        """Every custom field that is still in use, pick lists with all their values."""
        rows = [row async for page, _ in self._pages(f"{SPEND}/custom-fields", LONG_PAGE) for row in page]
        used = [row for row in rows if isinstance(row, dict) and row.get("retired") is not True]
        return tuple(field for field in await _few_at_once(self._field, used) if field.uuid)

    async def _field(self, row: dict[str, Any]) -> CustomField:
        field = parse_field(row, ())
        if field.kind == "NOTE" or not field.uuid:
            return field
        path = f"{SPEND}/custom-fields/{quote(field.uuid, safe='')}/values"
        return parse_field(row, [value async for page, _ in self._pages(path, LONG_PAGE) for value in page])

    async def natively_synced(self, since: date) -> tuple[int, date | None]:
        """See `Source`. Rows are counted by the entry they carry, since a filter that is not understood is ignored."""
        days: dict[str, date] = {}
        async for row in self._in_sync_states(("SYNCED", "PENDING"), Window(on_or_after=since)):
            try:
                transaction = parse_transaction(row, Directory(), self._settled)
            except BadRow:
                continue
            day = transaction.occurred.date()
            if transaction.native_sync in ("synced", "pending") and day >= since:
                days[transaction.uuid] = day
        return len(days), max(days.values(), default=None)

    async def _in_sync_states(self, states: Sequence[str], window: Window) -> AsyncIterator[Any]:
        """Rows in any of these states. Where the far end takes one state at a time only, it is asked once for each.

        That it takes several is documented; a live company refused all operators but `eq` with 400.
        """
        if self._memory.several_sync_states:
            try:
                async for row in self._filtered(f'syncStatus:in:"{",".join(states)}",{window.filters()}'):
                    yield row
            except SourceRefused as refused:
                if refused.http_status != 400:
                    raise
                self._memory.several_sync_states = False
            else:
                return
        for state in states:
            async for row in self._filtered(f"syncStatus:eq:{state},{window.filters()}"):
                yield row

    async def _filtered(self, filters: str) -> AsyncIterator[Any]:
        async for rows, _ in self._pages(TRANSACTIONS, PAGE, sort="occurredTime:asc", filters=filters):
            for row in rows:
                yield row

    def spare(self) -> float:
        return self._wire.spare()

    async def receipt(self, receipt: Receipt) -> bytes:
        return await self._wire.download(receipt.url)

    async def set_coding(self, uuid: str, field_id: str, value_ids: Sequence[str], note: str | None = None) -> None:
        """See `Source`. Tried first and asked after: only the far end knows whether the row is locked at this moment."""
        change: dict[str, Any] = {"customFieldId": field_id}
        if value_ids or note is None:
            change["selectedValues"] = list(value_ids)
        if note is not None:
            change["note"] = note
        try:
            await self._wire.put(f"{_address(uuid)}/custom-fields", {"customFields": [change]})
        except (SourceRefused, SourceAuth) as refused:
            if refused.http_status != 401 and await self._is_locked(uuid):
                sentence = "This transaction is locked in Spend Center; its coding can no longer be changed there."
                raise SourceLocked(sentence, http_status=refused.http_status, code=refused.code) from refused
            raise
        finally:
            self._memory.children.clear()

    # --- one page -----------------------------------------------------------------------------------------------------

    async def _page(self, rows: Sequence[Any], window: Window, *, cut: bool) -> Page:
        names = await self._names(rows)
        problems: list[RowProblem] = []

        async def read(row: Any) -> Transaction | None:
            try:
                transaction = parse_transaction(row, names, self._settled)
                if not window.holds(transaction.occurred, transaction.updated):
                    return None
                return await self._expanded(transaction, row, age=CHILD_AGE)
            except BadRow as bad:
                problems.append(RowProblem(bad.uuid, str(bad)))
                return None

        found = [await read(row) for row in rows]
        if cut:
            problems.append(
                RowProblem(
                    "", "Spend Center repeated itself before the end of its list; the rest comes with a later sync."
                )
            )
        return Page(tuple(filter(None, found)), tuple(problems), cut)

    async def _expanded(self, transaction: Transaction, row: Any, *, age: float) -> Transaction:
        """Children of a split are in no list and cost a call each, so only what can be posted is expanded.

        `age` is how many seconds ago a child may have been read.
        """
        children = child_ids(row)
        if not children or transaction.kind != TransactionKind.CLEAR:
            return transaction
        if len(children) > MOST_CHILDREN:
            raise BadRow(
                f"Transaction {transaction.uuid} is split into more than {MOST_CHILDREN} lines.", transaction.uuid
            )

        async def read(uuid: str) -> Any:
            known_at, known = self._memory.children.get((uuid, transaction.updated), (0.0, None))
            if known is not None and self._clock() - known_at < age:
                return known
            row = await self._row(uuid)
            self._memory.children[uuid, transaction.updated] = (self._clock(), row)
            return row

        oldest = self._clock() - CHILD_AGE
        self._memory.children = {key: child for key, child in self._memory.children.items() if child[0] > oldest}
        return with_children(transaction, await _few_at_once(read, children))

    async def _row(self, uuid: str) -> Any:
        """One transaction's JSON, also a child's; None if there is none of that name."""
        try:
            row = await self._wire.get(_address(uuid))
        except SourceMissing:
            return None
        if not isinstance(row, dict) or uuid not in (row.get("uuid"), row.get("id")):
            raise SourceUnavailable("Spend Center answered with another transaction than the one asked for.")
        return row

    async def _is_locked(self, uuid: str) -> bool:
        """Asked only to explain a refusal; if there is no answer, the refusal stands as it was."""
        try:
            row = await self._row(uuid)
        except SourceError:
            return False
        return row is not None and row.get("isLocked") is True

    # --- lists --------------------------------------------------------------------------------------------------------

    async def _pages(self, path: str, size: int, **params: str) -> AsyncGenerator[tuple[list[Any], bool], None]:
        """A list's rows, page by page, each identity once, and whether the list was cut short there.

        A cursor seen before ends the list. On a short page that is merely its end; after a full one, or after
        `PATIENCE` pages with nothing new, rows may be missing.
        """
        query = {"max": str(size)} | {key: value for key, value in params.items() if value}
        cursors: set[str] = set()
        known: set[str] = set()
        idle = 0
        while True:
            rows, cursor = _listing(await self._wire.get(path, query))
            fresh = []
            for row in rows:
                identity = _identity(row)
                if not identity or identity not in known:
                    fresh.append(row)
                    known.add(identity)
            idle = 0 if fresh else idle + 1
            circling = bool(cursor) and (idle >= PATIENCE or (cursor in cursors and len(rows) >= size))
            yield fresh, circling
            if not cursor or cursor in cursors or circling:
                return
            cursors.add(cursor)
            query["nextPage"] = cursor

    async def _names(self, rows: Sequence[Any], *, fresh: bool = False) -> Directory:
        """Cards and people, read again when they are old, or when a row names somebody who is not among them."""
        if not rows and not fresh:
            return self._memory.directory
        async with self._memory.reading_directory:
            now = self._clock()
            age = float("inf") if self._memory.directory_read is None else now - self._memory.directory_read
            unknown = age > DIRECTORY_REST and not all(self._memory.directory.knows(row) for row in rows)
            if fresh or age > DIRECTORY_AGE or unknown:
                users = [row async for page, _ in self._pages(f"{SPEND}/users", LONG_PAGE) for row in page]
                cards = [row async for page, _ in self._pages(f"{SPEND}/cards", LONG_PAGE) for row in page]
                self._memory.directory = parse_directory(users, cards)
                self._memory.directory_read = self._clock()
            return self._memory.directory


@functools.cache
def _tls() -> ssl.SSLContext:
    """The one TLS context of all clients; making one stalls the loop, and each would hold a copy of all certificates."""
    return httpx.create_ssl_context()


def _auth(token: Secret | None, client_id: str, client_secret: Secret | None, wire: Wire, clock: Clock) -> Auth:
    if token:
        return ApiToken(token)
    if client_id and client_secret:
        return ClientCredentials(client_id, client_secret, wire.sign_in, clock)
    raise ValueError("A Spend Center connection needs a token, or client_id and client_secret.")


def _address(uuid: str) -> str:
    return f"{TRANSACTIONS}/{quote(uuid, safe='')}"


def _listing(answer: Any) -> tuple[list[Any], str]:
    """Rows and cursor of a list; anything that is no list is no answer."""
    if isinstance(answer, dict) and isinstance(answer.get("results"), list):
        cursor = answer.get("nextPage")
        return answer["results"], cursor if isinstance(cursor, str) else ""
    raise SourceUnavailable("Spend Center answered without the list that was asked for.", http_status=200)


def _budget(row: Any) -> tuple[str, str]:
    """Its uuid and name; either is empty in a row that has none."""
    if not isinstance(row, dict):
        return "", ""
    return clean(row.get("uuid"), 100), clean(row.get("name"), 200)


def _identity(row: Any) -> str:
    return row_uuid(row) or (clean(row.get("id"), 100) if isinstance(row, dict) else "")


async def _few_at_once(work: Callable[[A], Coroutine[Any, Any, T]], items: Sequence[A]) -> list[T]:
    """Results in order, three at a time so that others get their turn between; the first failure ends the rest."""
    results: list[T] = []
    for start in range(0, len(items), AT_ONCE):
        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(work(item)) for item in items[start : start + AT_ONCE]]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        results += [task.result() for task in running]
    return results
