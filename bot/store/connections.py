"""Workspaces, Intacct companies and connections."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import ConnectionState, FieldMapping, Secret, Selector, WorkspaceState
from bot.store.database import Store
from bot.store.rows import as_row, as_rows, from_json, to_json
from bot.store.tables import alerts, companies, connections, events, walkthroughs, workspaces

PAGE = 50
"""Connections read at once where there may be thousands; each costs a tenth of a millisecond, mostly for its secrets."""

CORRECTED = "card corrected"
"""What a line of the trail is about: a connection's location or account was a record number, and is its ID now."""

LOCAL_WORKSPACE = ":local"
"""Where connections imported by the command line live until a Slack workspace is known."""


@dataclass(frozen=True, slots=True)
class Company:
    """One Intacct company as signed in to; `problem` is {"category", "subject", "fault"} while it refuses us."""

    id: int
    workspace_id: str
    company_id: str
    user_id: str
    password: Secret | None
    name: str
    base_currency: str
    requests_at_once: int
    refunds_accepted: bool
    tested: datetime | None
    problem: dict[str, Any] | None
    problem_since: datetime | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One Spend Center company joined to one Intacct company, at top level (empty `entity_id`) or at one entity.

    `options` holds the connection's answers and choices: "wait_for_approval" (bool), "receipts_above" (amount text or
    empty), "fee_inside" (bool, absent until answered), "other_entities" (bool), "correct" and "retry" (Slack user ids;
    empty means the members of its channel who are no guests, where it has an owner, else no one), "late_to_open_day" (bool), "fallback_vendor" (an Intacct ID, or empty),
    "vendors" (bool: two people together may create one or set it to active).
    """

    id: str
    workspace_id: str
    company: int
    name: str
    state: str
    entity_id: str
    entity_name: str
    card: str
    card_account: str
    default_location: str
    channel: str
    schedule: str
    time_zone: str
    start_date: date | None
    spend_company: str
    spend_company_name: str
    spend_token: Secret | None
    client_id: str
    client_secret: Secret | None
    csv: dict[str, Any] | None
    selector: dict[str, Any] | None
    mapping: dict[str, Any] | None
    options: dict[str, Any] | None
    owner: str
    watermark: datetime | None
    last_fired: datetime | None
    activated: datetime | None
    removed: datetime | None
    card_read: datetime | None
    revision: int
    created: datetime

    def selects(self) -> Selector:
        return from_json(Selector, self.selector) if self.selector else Selector()

    def codes(self) -> dict[str, FieldMapping]:
        """Dimension key (`gl_account`, …, or `GLDIM…`) to how it is filled."""
        return {key: from_json(FieldMapping, value) for key, value in (self.mapping or {}).items()}

    def option(self, name: str, default: Any = None) -> Any:
        return (self.options or {}).get(name, default)

    @property
    def scheduled(self) -> bool:
        return bool(self.schedule) and self.activated is not None and self.state == ConnectionState.ACTIVE


def new_id() -> str:
    """A connection's ID: short enough to type, long enough not to be guessed."""
    return f"c{secrets.token_hex(5)}"


async def ensure_workspace(store: Store, enterprise_id: str, team_id: str, name: str, now: datetime) -> str:
    """The workspace's id, made on first sight; connections imported before Slack was known move in."""
    workspace = f"{enterprise_id}:{team_id}"
    async with store.begin() as db:
        found = (await db.execute(select(workspaces.c.id).where(workspaces.c.id == workspace))).scalar()
        if found is None:
            await db.execute(
                insert(workspaces).values(
                    id=workspace,
                    enterprise_id=enterprise_id,
                    team_id=team_id,
                    name=name,
                    state=WorkspaceState.INSTALLED,
                    created=now,
                )
            )
        if workspace != LOCAL_WORKSPACE:
            for table in (companies, connections, alerts, walkthroughs):
                await db.execute(
                    update(table).where(table.c.workspace_id == LOCAL_WORKSPACE).values(workspace_id=workspace)
                )
    return workspace


async def only_workspace(store: Store, now: datetime) -> str:
    """Where an imported connection belongs: the one installed workspace, else the local one."""
    async with store.read() as db:
        found = (
            (await db.execute(select(workspaces.c.id).where(workspaces.c.id != LOCAL_WORKSPACE).limit(2)))
            .scalars()
            .all()
        )
    return found[0] if len(found) == 1 else await ensure_workspace(store, "", "local", "", now)


async def remove_workspace(store: Store, workspace: str) -> None:
    """The app was uninstalled: its token goes, schedules stop; what was posted stays on record."""
    async with store.begin() as db:
        await db.execute(
            update(workspaces)
            .where(workspaces.c.id == workspace)
            .values(state=WorkspaceState.UNINSTALLED, bot_token=None)
        )
        await db.execute(
            update(connections)
            .where(connections.c.workspace_id == workspace)
            .values(state=ConnectionState.PAUSED, revision=connections.c.revision + 1)
        )


async def find_company(store: Store, workspace: str, company_id: str) -> Company | None:
    query = select(companies).where(companies.c.workspace_id == workspace, companies.c.company_id == company_id)
    async with store.read() as db:
        row = (await db.execute(query)).first()
    return as_row(Company, row) if row else None


async def get_company(store: Store, company: int) -> Company:
    [row] = await store.glance(_COMPANY, {"company": company})
    return as_row(Company, row)


_COMPANY = select(companies).where(companies.c.id == bindparam("company"))


async def save_company(store: Store, workspace: str, company_id: str, **values: Any) -> Company:
    """Make or change a company's sign-in; anything not named keeps its value."""
    async with store.begin() as db:
        where = (companies.c.workspace_id == workspace, companies.c.company_id == company_id)
        found = (await db.execute(select(companies.c.id).where(*where))).scalar()
        if found is None:
            await db.execute(insert(companies).values(workspace_id=workspace, company_id=company_id, **values))
        elif values:
            await db.execute(update(companies).where(*where).values(**values))
        return as_row(Company, (await db.execute(select(companies).where(*where))).one())


async def troubled_companies(store: Store) -> list[Company]:
    """Companies whose sign-in is refused, as far as there is one and a connection that wants it."""
    wanted = select(connections.c.id).where(connections.c.company == companies.c.id, connections.c.removed.is_(None))
    query = select(companies).where(
        companies.c.problem_since.is_not(None), companies.c.password.is_not(None), wanted.exists()
    )
    async with store.read() as db:
        return as_rows(Company, await db.execute(query))


async def change_company(store: Store, company: int, **values: Any) -> None:
    """Change some columns of a company, but for what `set_problem` keeps."""
    if values.keys() & {"problem", "problem_since"}:
        raise ValueError("A company's problem and since when are set together, by set_problem.")
    async with store.begin() as db:
        await db.execute(update(companies).where(companies.c.id == company).values(**values))


async def set_problem(store: Store, company: int, problem: dict[str, Any] | None, now: datetime) -> None:
    """Why Intacct does not let the company's user in, as just tried, or None when it does; and since when.

    Args:
        problem: {"category", "subject", "fault"}; one after another counts from the first.
    """
    since = func.coalesce(companies.c.problem_since, bindparam("now", now, companies.c.problem_since.type))
    values = {"problem": problem, "problem_since": since if problem else None, "tested": now}
    async with store.begin() as db:
        await db.execute(update(companies).where(companies.c.id == company).values(**values))


async def forget_sign_in(store: Store, company: int) -> None:
    """The company's last connection is gone: nobody signs in to it any more, so it has no problem either."""
    values = {"password": None, "problem": None, "problem_since": None}
    async with store.begin() as db:
        await db.execute(update(companies).where(companies.c.id == company).values(**values))


async def add_connection(store: Store, *, workspace: str, company: int, now: datetime, **values: Any) -> Connection:
    row = {"id": new_id(), "state": ConnectionState.DRAFT, **_plain(values)}
    async with store.begin() as db:
        await db.execute(insert(connections).values(workspace_id=workspace, company=company, created=now, **row))
        return as_row(Connection, (await db.execute(select(connections).where(connections.c.id == row["id"]))).one())


async def change_connection(store: Store, connection: str, **values: Any) -> Connection:
    """Change some columns; the revision rises, which is how the clock learns of it.

    What decides which transactions are the connection's own also decides what was read: the source is then read anew.
    """
    where = connections.c.id == connection
    plain = _plain(values)
    async with store.begin() as db:
        before = (await db.execute(select(connections).where(where).with_for_update())).one()._mapping  # noqa: SLF001  # SQLAlchemy's documented accessor
        if any(name in plain and plain[name] != before[name] for name in ("selector", "start_date")):
            plain.setdefault("watermark", None)
        await db.execute(update(connections).where(where).values(revision=connections.c.revision + 1, **plain))
        return as_row(Connection, (await db.execute(select(connections).where(where))).one())


async def keep_of_card(store: Store, connection: str, now: datetime, corrected: str, **values: Any) -> Connection:
    """Store what was read from the card; `corrected` is the line of the trail where something stored was wrong, else empty."""
    where = connections.c.id == connection
    change = {"revision": connections.c.revision + 1, "card_read": now, **values}
    line = {"connection_id": connection, "actor": "", "what": CORRECTED, "text": corrected, "at": now}
    async with store.begin() as db:
        await db.execute(update(connections).where(where).values(**change))
        if corrected:
            await db.execute(insert(events).values(**line))
        return as_row(Connection, (await db.execute(select(connections).where(where))).one())


async def map_value(store: Store, connection: str, dimension: str, text: str, value: str) -> Connection:
    """From now on a value of Spend Center stands for an Intacct ID; what others map at the same time stays.

    Raises:
        ValueError: the dimension takes bare codes as they stand, which a first entry would end.
    """
    where = connections.c.id == connection
    async with store.begin() as db:
        mapping = (await db.execute(select(connections.c.mapping).where(where).with_for_update())).scalar_one() or {}
        if not (mapping.get(dimension) or {}).get("values"):
            raise ValueError(f"{dimension} has no map to add to.")
        field = {**mapping[dimension], "values": {**mapping[dimension]["values"], text: value}}
        values = {"mapping": {**mapping, dimension: field}, "revision": connections.c.revision + 1}
        await db.execute(update(connections).where(where).values(**values))
        return as_row(Connection, (await db.execute(select(connections).where(where))).one())


async def set_option(store: Store, connection: str, name: str, value: Any) -> Connection:
    """Change one of the options; what others change at the same time stays."""
    where = connections.c.id == connection
    async with store.begin() as db:
        options = (await db.execute(select(connections.c.options).where(where).with_for_update())).scalar_one() or {}
        values = {"options": {**options, name: value}, "revision": connections.c.revision + 1}
        await db.execute(update(connections).where(where).values(**values))
        return as_row(Connection, (await db.execute(select(connections).where(where))).one())


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    plain = dict(values)
    if isinstance(plain.get("selector"), Selector):
        plain["selector"] = to_json(plain["selector"])
    if plain.get("mapping"):
        plain["mapping"] = {
            key: to_json(value) if isinstance(value, FieldMapping) else value for key, value in plain["mapping"].items()
        }
    return plain


async def get_connection(store: Store, connection: str) -> Connection | None:
    rows = await store.glance(_CONNECTION, {"connection": connection})
    return as_row(Connection, rows[0]) if rows else None


_CONNECTION = select(connections).where(connections.c.id == bindparam("connection"))


async def in_workspace(store: Store, workspace: str, connection: str) -> Connection | None:
    """A connection by the id that a request names, if it is one of this workspace and was not removed."""
    found = await get_connection(store, connection)
    there = found is not None and found.workspace_id == workspace and found.removed is None
    return found if there else None


async def list_connections(store: Store, workspace: str | None = None, company: int | None = None) -> list[Connection]:
    query = select(connections).where(connections.c.removed.is_(None)).order_by(connections.c.created, connections.c.id)
    if workspace is not None:
        query = query.where(connections.c.workspace_id == workspace)
    if company is not None:
        query = query.where(connections.c.company == company)
    async with store.read() as db:
        return as_rows(Connection, await db.execute(query))


async def owners(store: Store) -> list[str]:
    """Whoever owns a connection, each once."""
    query = select(connections.c.owner).where(connections.c.owner != "", connections.c.removed.is_(None)).distinct()
    async with store.read() as db:
        return sorted((await db.execute(query)).scalars())


async def without_owner(engine: AsyncEngine) -> list[tuple[str, str]]:
    """ID and name of each connection that nobody owns; by a connection of its own, since `doctor` opens no store."""
    mine = connections.c.owner == "", connections.c.removed.is_(None)
    query = select(connections.c.id, connections.c.name).where(*mine).order_by(connections.c.created, connections.c.id)
    async with engine.connect() as db:
        return [(row.id, row.name) for row in await db.execute(query)]


async def each_connection(store: Store, ids: Sequence[str] | None = None) -> AsyncIterator[Connection]:
    """All of them, or those of these ids, in the order of their ids; a page at a time, so that a thousand stall nobody."""
    query = select(connections).where(connections.c.removed.is_(None)).order_by(connections.c.id).limit(PAGE)
    wanted = None if ids is None else sorted(ids)
    after = ""
    while wanted is None or wanted:
        part = connections.c.id > after if wanted is None else connections.c.id.in_(wanted[:PAGE])
        async with store.read() as db:
            rows = as_rows(Connection, await db.execute(query.where(part)))
        for row in rows:
            yield row
            await asyncio.sleep(0)
        if wanted is None and len(rows) < PAGE:
            return
        after, wanted = (rows[-1].id if rows else after), wanted and wanted[PAGE:]


async def removed_beside(store: Store, company: int) -> list[Connection]:
    """The removed connections of the same Intacct company, also where its ID was typed in other letter case."""
    mine = select(func.lower(companies.c.company_id)).where(companies.c.id == company).scalar_subquery()
    same = select(companies.c.id).where(func.lower(companies.c.company_id) == mine)
    query = select(connections).where(connections.c.company.in_(same), connections.c.removed.is_not(None))
    return as_rows(Connection, await store.glance(query))


async def revisions(store: Store) -> dict[str, int]:
    """The revision of every connection that is there."""
    query = select(connections.c.id, connections.c.revision).where(connections.c.removed.is_(None))
    async with store.read() as db:
        return {row.id: row.revision for row in await db.execute(query)}


async def fired(store: Store, connection: str, due: datetime) -> None:
    """Remember that a due time has fired; never goes back."""
    later = (connections.c.last_fired.is_(None)) | (connections.c.last_fired < due)
    async with store.begin() as db:
        await db.execute(update(connections).where(connections.c.id == connection, later).values(last_fired=due))


async def fired_ahead(store: Store, connection: str, ahead: datetime, now: datetime) -> None:
    """A due time that a wrong clock wrote ahead of now is taken back, unless another has fired since."""
    where = connections.c.id == connection, connections.c.last_fired == ahead
    async with store.begin() as db:
        await db.execute(update(connections).where(*where).values(last_fired=now))


async def set_watermark(store: Store, connection: str, watermark: datetime | None) -> None:
    """How far the source was read; no change of the connection in the sense of its revision."""
    async with store.begin() as db:
        await db.execute(_WATERMARK, {"connection": connection, "watermark": watermark})


_WATERMARK = (
    update(connections).where(connections.c.id == bindparam("connection")).values({"watermark": bindparam("watermark")})
)


async def remove_connection(store: Store, connection: str, now: datetime) -> None:
    """Forget a connection's secrets and stop it for good.

    Its postings stay: they prove what was posted, and a later connection to the same Spend Center company takes over
    those that never were, so that a new set-up posts nothing twice.
    """
    await change_connection(
        store,
        connection,
        state=ConnectionState.PAUSED,
        removed=now,
        spend_token=None,
        client_secret=None,
    )
