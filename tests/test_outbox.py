"""The outbox and its lanes on both databases: said once, claimed once, paced for all replicas together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from bot.models import AlertState, MessageState, Secret
from bot.settings import Settings
from bot.store import alerts, connections, lanes, outbox, told
from bot.store.connections import Connection
from bot.store.database import Store, open_store
from bot.store.outbox import Note
from bot.store.vault import new_key

NOW = datetime(2026, 11, 5, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def replicas(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' views of one database."""
    address = f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    if request.param == "postgresql":
        address = str(request.getfixturevalue("postgres"))
    settings = Settings(_env_file=None, database_url=address, data_dir=tmp_path, encryption_keys=new_key())
    one, two = await open_store(settings), await open_store(settings)
    yield one, two
    await one.close()
    await two.close()


async def connected(store: Store) -> Connection:
    workspace = await connections.ensure_workspace(store, "", "T0", "Harbor", NOW)
    company = await connections.save_company(store, workspace, "HarborPine", user_id="u", password=Secret("p"))
    return await connections.add_connection(store, workspace=workspace, company=company.id, now=NOW)


def note(connection: Connection, key: str, kind: str = outbox.NOTE, alert: int | None = None) -> Note:
    return Note(connection.workspace_id, kind, key, "C0FINANCE", {"text": key}, connection.id, alert)


async def opened(store: Store, connection: Connection) -> alerts.Alert:
    made = await alerts.open_for(
        store,
        workspace=connection.workspace_id,
        connection=connection.id,
        company=connection.company,
        category="config.gl_account",
        subject="account 6215",
        channel="C0FINANCE",
        now=NOW,
    )
    await alerts.add_line(store, made.id, {"did": "take", "actor": "U0LEE"})
    return made


# --- rows -------------------------------------------------------------------------------------------------------------


async def test_an_alert_whose_story_grew_since_it_was_read_is_not_closed(replicas: tuple[Store, Store]) -> None:
    one, two = replicas
    alert = await opened(one, await connected(one))
    final = f"{alerts.FINAL}digest"
    await told.close(one, alert.id, final)
    assert await shown(two, alert) == ""

    await told.tell_line(one, alert.id, 0, "1.1")
    await told.close(one, alert.id, final)
    assert await shown(two, alert) == final

    await alerts.add_line(two, alert.id, {"did": "take", "actor": "U0LEE"})
    await told.close(one, alert.id, final)
    assert await shown(two, alert) == ""


async def shown(store: Store, alert: alerts.Alert) -> str:
    found = await alerts.get(store, alert.id)
    assert found is not None
    return found.shown


async def test_what_is_said_under_one_key_is_one_message_whoever_says_it(replicas: tuple[Store, Store]) -> None:
    connection = await connected(replicas[0])

    new = await asyncio.gather(*(outbox.put(store, note(connection, "run:1"), NOW) for store in replicas * 5))

    assert sorted(new) == [False] * 9 + [True]
    [message] = await outbox.to_send(replicas[0], connection.id)
    assert (message.state, message.content) == (MessageState.DUE, {"text": "run:1"})


async def test_a_message_and_the_mark_that_its_news_is_told_are_written_together_or_not_at_all(
    replicas: tuple[Store, Store],
) -> None:
    store, _ = replicas
    connection = await connected(store)
    alert = await opened(store, connection)
    mark = partial(told.mark_line, alert=alert.id, at=0, mark="1.1")

    async def dies(db: object) -> None:
        await mark(db)  # type: ignore[arg-type]  # what the outbox hands in
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await outbox.put(store, note(connection, "line"), NOW, also=dies)
    assert await outbox.to_send(store, connection.id) == []
    kept = await alerts.get(store, alert.id)
    assert kept is not None
    assert "told" not in kept.story[0]

    await outbox.put(store, note(connection, "line"), NOW, also=mark)

    kept = await alerts.get(store, alert.id)
    assert kept is not None
    assert kept.story[0]["told"] == "1.1"
    assert len(await outbox.to_send(store, connection.id)) == 1


async def test_of_all_that_claim_a_message_one_gets_it_and_later_one_gets_it_again(
    replicas: tuple[Store, Store],
) -> None:
    connection = await connected(replicas[0])
    await outbox.put(replicas[0], note(connection, "run:1"), NOW)
    [message] = await outbox.to_send(replicas[0], connection.id)

    assert sum(await asyncio.gather(*(outbox.claim(store, message, NOW) for store in replicas * 4))) == 1

    [cut_off] = await outbox.to_send(replicas[1], connection.id)
    assert (cut_off.state, cut_off.claimed, cut_off.tries) == (MessageState.SENDING, NOW, 1)
    later = NOW + timedelta(minutes=1)
    assert sum(await asyncio.gather(*(outbox.claim(store, cut_off, later) for store in replicas * 4))) == 1
    await outbox.sent(replicas[0], cut_off, "D1", "2.2")
    assert await outbox.to_send(replicas[0], connection.id) == []
    assert await outbox.place_of(replicas[1], connection.workspace_id, "C0FINANCE") == "D1"


async def test_what_waits_is_counted_and_found_once_its_time_has_come(replicas: tuple[Store, Store]) -> None:
    store, _ = replicas
    connection = await connected(store)
    await outbox.put(store, note(connection, "run:1"), NOW)
    await outbox.put(store, note(connection, "run:2"), NOW + SECOND)
    first, second = await outbox.to_send(store, connection.id)
    later = NOW + timedelta(minutes=5)
    assert await outbox.backlog(store) == (2, NOW)

    await outbox.put_back(store, first, later + SECOND)
    assert await outbox.stranded(store, later, NOW + SECOND) == []
    assert await outbox.stranded(store, later + 2 * SECOND, NOW + SECOND) == [connection.id]
    await outbox.give_up(store, first)
    await outbox.sent(store, second, "C0FINANCE", "1.1")
    assert await outbox.backlog(store) == (0, None)

    await outbox.purge(store, later)
    assert await outbox.put(store, note(connection, "run:1"), later), "what was said long ago is forgotten"


async def test_a_message_that_was_deleted_or_moves_is_due_anew_under_another_mark(
    replicas: tuple[Store, Store],
) -> None:
    store, _ = replicas
    connection = await connected(store)
    alert = await opened(store, connection)
    stands = note(connection, "alert:1", outbox.ALERT, alert.id)
    first = await outbox.arm(store, stands, NOW)
    assert await outbox.arm(store, stands, NOW + SECOND) == first
    await outbox.sent(store, first, "C0FINANCE", "1.1")

    anew = await outbox.arm(store, stands, NOW + SECOND)
    assert (anew.id, anew.state, anew.ts) == (first.id, MessageState.DUE, "")
    assert anew.mark != first.mark
    elsewhere = Note(stands.workspace_id, stands.kind, stands.key, "C0OTHER", None, stands.connection_id, alert.id)
    assert (await outbox.arm(store, elsewhere, NOW)).mark != anew.mark

    await alerts.change(store, alert.id, state=AlertState.SOLVED)
    assert [message.kind for message in await outbox.to_send(store, connection.id)] == [outbox.ALERT]


async def test_a_quiet_connection_is_seen_to_be_quiet_by_one_statement(replicas: tuple[Store, Store]) -> None:
    store, _ = replicas
    connection = await connected(store)
    asked: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    assert not await told.any_news(store, connection, NOW - timedelta(days=1))
    assert len(asked) == 1
    event.remove(Engine, "before_cursor_execute", count)

    await opened(store, connection)
    assert await told.any_news(store, connection, NOW - timedelta(days=1))


# --- lanes ------------------------------------------------------------------------------------------------------------


async def test_all_replicas_together_keep_to_one_message_a_second_and_channel(replicas: tuple[Store, Store]) -> None:
    waits = await asyncio.gather(*(lanes.turn(store, "C0FINANCE", NOW, SECOND, 3) for store in replicas * 10))

    assert sorted(waits) == [timedelta()] * 3 + [n * SECOND for n in range(1, 18)]
    assert await lanes.turn(replicas[0], "C0OTHER", NOW, SECOND, 3) == timedelta()
    after = NOW + timedelta(minutes=1)
    assert [await lanes.turn(replicas[1], "C0FINANCE", after, SECOND, 3) for _ in range(4)] == [
        *[timedelta()] * 3,
        SECOND,
    ]


async def test_progress_is_taken_by_one_and_free_again_after_its_pause(replicas: tuple[Store, Store]) -> None:
    assert sum(await asyncio.gather(*(lanes.take(store, "p", NOW, 2 * SECOND) for store in replicas * 4))) == 1
    assert not await lanes.take(replicas[0], "p", NOW + 1.9 * SECOND, 2 * SECOND)
    assert await lanes.take(replicas[1], "p", NOW + 2 * SECOND, 2 * SECOND)


async def test_a_pause_that_slack_asks_for_holds_for_all_and_the_longest_counts(replicas: tuple[Store, Store]) -> None:
    one, two = replicas
    assert await lanes.held(one, "chat.postMessage", NOW) is None
    await lanes.hold(one, "chat.postMessage", NOW, 30 * SECOND)
    await lanes.hold(two, "chat.postMessage", NOW, 10 * SECOND)

    assert await lanes.held(two, "chat.postMessage", NOW) == NOW + 30 * SECOND
    assert await lanes.held(two, "chat.postMessage", NOW + 30 * SECOND) is None
    await lanes.purge(one, NOW + timedelta(days=1))
    assert await lanes.held(two, "chat.postMessage", NOW) is None


@pytest.mark.parametrize("back", [timedelta(days=3), timedelta(hours=1), timedelta(minutes=11)])
async def test_a_clock_that_is_set_back_holds_nothing_up(replicas: tuple[Store, Store], back: timedelta) -> None:
    store, _ = replicas
    ahead = NOW + back
    await lanes.turn(store, "C0FINANCE", ahead, SECOND, 3)
    await lanes.hold(store, "chat.update", ahead, 30 * SECOND)
    assert await lanes.take(store, "p", ahead, SECOND)

    assert await lanes.turn(store, "C0FINANCE", NOW, SECOND, 3) == timedelta()
    assert await lanes.held(store, "chat.update", NOW) is None
    assert await lanes.take(store, "p", NOW, SECOND)
    await lanes.hold(store, "chat.update", NOW, SECOND)
    assert await lanes.held(store, "chat.update", NOW) == NOW + SECOND


async def test_a_hold_of_hours_is_asked_for_again_after_ten_minutes(replicas: tuple[Store, Store]) -> None:
    store, _ = replicas
    assert await lanes.hold(store, "chat.update", NOW, timedelta(hours=5)) == NOW + timedelta(minutes=10)
    assert await lanes.held(store, "chat.update", NOW) == NOW + timedelta(minutes=10)
