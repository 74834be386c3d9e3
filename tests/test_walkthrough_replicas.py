"""A password that waits in the set-up: every replica knows it, encrypted, for as long as it waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot.models import Secret, StepState
from bot.settings import Settings
from bot.store import connections, secrets, walkthroughs
from bot.store.database import open_store
from bot.store.tables import metadata
from bot.store.types import Encrypted
from bot.store.vault import new_key
from bot.walkthrough.door import PENDING
from tests.walkthrough_bench import DANA, Harbor, harbor, sentences, states

DONE, PROBLEM = StepState.DONE, StepState.PROBLEM


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


@asynccontextmanager
async def replica(town: Harbor, folder: Path, database: str, keys: str) -> AsyncIterator[Harbor]:
    """The same far ends and the same database, and nothing else of the first one."""
    settings = Settings(_env_file=None, data_dir=folder, database_url=database, encryption_keys=SecretStr(keys))
    store = await open_store(settings)
    other = Harbor(store, town.intacct, town.spend, town.tale, town.clock)
    other.workspace = town.workspace
    yield other
    await store.close()


@asynccontextmanager
async def two(folder: Path, database: str) -> AsyncIterator[tuple[Harbor, Harbor]]:
    keys = new_key()
    async with harbor(folder, database, keys) as one, replica(one, folder, database, keys) as other:
        yield one, other


async def kept(town: Harbor) -> list[str | None]:
    """What stands in the column, as the database has it."""
    async with town.store.read() as db:
        return list((await db.execute(sa.text("SELECT password FROM walkthroughs"))).scalars())


async def test_the_click_that_comes_after_the_second_save_may_land_on_the_other_replica(
    tmp_path: Path, database: str
) -> None:
    async with two(tmp_path, database) as (here, there):
        await here.does("authorize_sender", sender_id="harborpine-bot")
        password = await here.adds_the_user()
        await here.gives_the_role()
        walk = await here.signs_in(await here.opens(), password)
        assert states(walk)[2] is PROBLEM
        [token] = await kept(here)
        assert token
        assert password not in token

        await here.does("save_company")
        walk = await there.talk.check(walk.id, DANA, 2)

        assert states(walk) == {1: DONE, 2: DONE, 3: DONE, 4: DONE, 6: DONE}
        company = await connections.find_company(here.store, here.workspace, "HarborPine")
        assert company is not None
        assert company.password == Secret(password)
        assert await kept(here) == [None], "dropped once Intacct has accepted it"


async def test_a_company_and_a_user_corrected_on_one_replica_are_tried_with_the_password_typed_on_the_other(
    tmp_path: Path, database: str
) -> None:
    async with two(tmp_path, database) as (here, there):
        await here.lets_the_app_in()
        password = await here.adds_the_user()
        await here.gives_the_role()
        walk = await here.talk.door.sign_in((await here.opens()).id, DANA, "Spendcentre", Secret(password))
        assert "does not say which part is wrong" in sentences(walk, 6)

        await there.talk.door.choose_company(walk.id, DANA, "HarborPine", "Spendcenter")
        walk = await there.talk.check(walk.id, DANA, 3)

        assert states(walk)[6] is DONE
        assert walk.answers["user_id"] == "Spendcenter"


@pytest.mark.parametrize("ends", ["too old", "the set-up is over"])
async def test_a_password_that_was_never_accepted_is_dropped(tmp_path: Path, database: str, ends: str) -> None:
    async with two(tmp_path, database) as (here, there):
        await here.lets_the_app_in()
        await here.adds_the_user()
        walk = await here.signs_in(await here.opens(), "not-the-password")
        await there.talk.door.forget_passwords()
        assert await kept(here) != [None], "it may still be the user that has to be put right"

        if ends == "too old":
            here.clock.pass_by((PENDING + timedelta(seconds=1)).total_seconds())
        else:
            here.clock.pass_by(61)
            await walkthroughs.save(here.store, walk, here.clock(), state=walkthroughs.FINISHED)
        await there.talk.door.forget_passwords()

        assert await kept(here) == [None]


async def test_a_password_that_is_too_old_is_not_tried_even_before_it_is_dropped(tmp_path: Path, database: str) -> None:
    async with two(tmp_path, database) as (here, there):
        await here.does("authorize_sender", sender_id="harborpine-bot")
        password = await here.adds_the_user()
        await here.gives_the_role()
        walk = await here.signs_in(await here.opens(), password)
        await here.does("save_company")
        here.clock.pass_by((PENDING + timedelta(seconds=1)).total_seconds())

        walk = await there.talk.check(walk.id, DANA, 2)

        assert "I check it as soon as I can sign in" in sentences(walk, 2)
        assert await connections.find_company(here.store, here.workspace, "HarborPine") is None


async def test_a_password_typed_while_another_is_being_tried_is_not_dropped_with_it(
    tmp_path: Path, database: str
) -> None:
    async with two(tmp_path, database) as (here, there):
        await here.lets_the_app_in()
        password = await here.adds_the_user()
        await here.gives_the_role()
        walk = await here.signs_in(await here.opens(), "not-the-password")
        typed = {"password": Secret(password), "password_user": "Spendcenter"}
        walk = await walkthroughs.save(here.store, walk, here.clock(), **typed)
        later = Secret("typed meanwhile")
        given = here.clock() + timedelta(seconds=1)
        await walkthroughs.save(here.store, walk, here.clock(), password=later, password_given=given)

        await there.talk.door.prove(walk, DANA, 2)  # begun before that was typed

        now = await there.talk.get(walk.id)
        assert now.password == later


async def test_changing_the_keys_covers_a_password_that_waits(tmp_path: Path, database: str) -> None:
    old, fresh = new_key(), new_key()
    async with harbor(tmp_path, database, old) as town:
        await town.does("authorize_sender", sender_id="harborpine-bot")
        password = await town.adds_the_user()
        await town.gives_the_role()
        walk = await town.signs_in(await town.opens(), password)
        async with replica(town, tmp_path, database, f"{fresh},{old}") as rotating:
            assert await secrets.rotate(rotating.store) == 1
        await town.does("save_company")
        async with replica(town, tmp_path, database, fresh) as after:
            walk = await after.talk.check(walk.id, DANA, 2)
            assert states(walk)[2] is DONE
    waiting = metadata.tables["walkthroughs"].c.password
    assert isinstance(waiting.type, Encrypted)
