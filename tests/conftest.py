import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import dbos._dbos
import pytest
from hypothesis import settings

from bot import engine
from tests.postgres import fresh_database, server
from tests.world import World, world

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")  # how long an example takes says how busy the machine is


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: many tests wait for processes of their own, and one of the others works meanwhile."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


BRIEF = SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(min(seconds, 0.05)))
"""Time for DBOS's goodbye, which looks once a second whether its last job has ended."""


@pytest.fixture(autouse=True)
def quick_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is ready is started soon, and an engine that has ended is gone: the pauses are not what is tested."""
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(engine, "GATHER", 0.0)
    monkeypatch.setattr(engine, "LISTEN_SECONDS", 0.1)
    monkeypatch.setattr(dbos._dbos, "time", BRIEF)


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    """Harbor & Pine with everything set up at both far ends, and nothing synced yet."""
    async with world(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with server() as address:
        yield address


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """An empty PostgreSQL database, as a URL for `DATABASE_URL`. Skipped loudly where there is no server; never in CI."""
    return fresh_database(postgres_server, f"bot_{uuid4().hex}")
