"""Rows that somebody wrote into the engine's tables: no code of theirs runs, and no other job suffers for them."""

from __future__ import annotations

import base64
import os
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import engine as machinery
from bot.settings import Settings
from tests.engine_rows import Rows, either, engine_of, until

__all__ = ["either"]


class Planted:
    """Whoever unpickles this makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def pickled(folder: Path) -> str:
    return base64.b64encode(pickle.dumps(Planted(folder))).decode()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dead jobs are looked for, and a silent replica's are taken over, in no time."""
    monkeypatch.setattr(machinery, "REVIVE_AFTER", 0.05)
    monkeypatch.setattr(machinery, "BEAT", timedelta(seconds=0.1))
    monkeypatch.setattr(machinery, "LEASE", timedelta(seconds=1))


def test_the_planted_value_does_what_it_says_where_pickles_are_read(tmp_path: Path) -> None:
    pickle.loads(base64.b64decode(pickled(tmp_path / "ran")))
    assert (tmp_path / "ran").is_dir()


@pytest.mark.parametrize("status", ["ENQUEUED", "PENDING", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
async def test_no_code_runs_from_a_job_that_claims_to_be_a_pickle_and_other_dead_jobs_live_again(
    either: Settings, tmp_path: Path, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    async def work(_turn: int, *, name: str) -> bool:
        done.append(name)
        return False

    async with engine_of(either, work=work) as engine:
        for name in ("planted", "dead", "damaged"):
            await engine.enqueue("work", name, company=name, name=name)
        rows = Rows(either)
        await until(lambda: set(rows.states().values()) == {"SUCCESS"})
    done.clear()

    ran = tmp_path / "ran"
    last = "SELECT executor_id FROM {t}workflow_status WHERE workflow_uuid = 'work:planted'"
    owner = "local" if either.on_sqlite else rows.do(last)[0]["executor_id"]
    rows.do(
        "UPDATE {t}workflow_status SET serialization = 'py_pickle', status = :status, executor_id = :owner, "
        "recovery_attempts = 1, created_at = created_at + 60000 WHERE workflow_uuid = 'work:planted'",
        status=status,
        owner=owner,
    )
    rows.do("UPDATE {t}workflow_input SET inputs = :bad WHERE workflow_uuid = 'work:planted'", bad=pickled(ran))
    rows.do("UPDATE {t}workflow_output SET output = :bad WHERE workflow_uuid = 'work:planted'", bad=pickled(ran))
    rows.do(
        "UPDATE {t}operation_outputs SET serialization = 'py_pickle', output = :bad WHERE workflow_uuid = 'work:planted'",
        bad=pickled(ran),
    )
    rows.do("""UPDATE {t}workflow_input SET inputs = '["a"' WHERE workflow_uuid = 'work:damaged'""")
    rows.do("UPDATE {t}workflow_status SET status = 'ERROR' WHERE workflow_uuid IN ('work:dead', 'work:damaged')")

    async with engine_of(either, work=work):
        await until(lambda: "dead" in done)
        await until(lambda: "work:planted died and is left as it is" in caplog.text)
        await until(lambda: "work:damaged died and is left as it is" in caplog.text)

    assert not ran.exists(), "the row ran code"
    assert done == ["dead"]
    assert caplog.text.count("work:damaged died and is left as it is") == 1


async def test_no_code_runs_from_a_step_that_claims_to_be_a_pickle_and_its_job_is_done_all_the_same(
    either: Settings, tmp_path: Path
) -> None:
    done: list[int] = []

    async def work(turn: int, *, name: str) -> bool:
        done.append(turn)
        return turn < 1

    async with engine_of(either, work=work) as engine:
        await engine.enqueue("work", "k", company=1, name="a")
        rows = Rows(either)
        await until(lambda: set(rows.states().values()) == {"SUCCESS"})
    assert done == [0, 1]

    ran = tmp_path / "ran"
    rows.do("UPDATE {t}operation_outputs SET serialization = 'py_pickle', output = :bad", bad=pickled(ran))
    rows.do("UPDATE {t}workflow_status SET status = 'ENQUEUED', recovery_attempts = 1, completed_at = NULL")
    async with engine_of(either, work=work):
        await until(lambda: done[2:] == [0, 1])  # under another name, from its first turn

    assert not ran.exists(), "the row ran code"


async def test_what_the_version_before_left_in_flight_is_read_and_goes_on(either: Settings) -> None:
    """It wrote portable JSON, as this one does: a row as it stands in a database of that version, written by hand."""
    done: list[tuple[int, str]] = []

    async def work(turn: int, *, name: str) -> bool:
        done.append((turn, name))
        return turn < 2

    async with engine_of(either, work=work) as engine:
        await engine.enqueue("work", "k", company=1, name="other")
        rows = Rows(either)
        await until(lambda: set(rows.states().values()) == {"SUCCESS"})
    done.clear()
    rows.do("DELETE FROM {t}operation_outputs WHERE function_id > 1")
    rows.do("""UPDATE {t}workflow_input SET inputs = '{"namedArgs":{},"positionalArgs":["work",{"name":"mine"}]}'""")
    rows.do("UPDATE {t}workflow_status SET status = 'ENQUEUED', recovery_attempts = 1, completed_at = NULL")

    async with engine_of(either, work=work):
        await until(lambda: done == [(1, "mine"), (2, "mine")])
