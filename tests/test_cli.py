"""The command line as scripts meet it: processes of their own, real far ends, an environment of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bot.app import Parts, jobs, make_desk, open_parts, utc_now
from bot.engine import Engine, Work
from bot.sandbox.intacct import IntacctSim
from bot.sandbox.seed import Story, story
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD, WEB_SERVICES_PASSWORD, connected
from bot.sandbox.spend import SpendSim
from bot.settings import Settings
from bot.store.vault import new_key
from tests import child
from tests.patience import PATIENCE
from tests.world import PORTLAND, mapping

ROOT = Path(__file__).parent.parent
LINE = {"transaction", "state", "record", "category", "amount", "currency", "date"}
SUMMARY = {"posted", "failed", "held", "unknown", "skipped", "seconds", "requests"}


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Shell:
    """A folder to work in and an environment without anything of ours but what a test sets."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    async def bot(self, *args: str, stdin: str = "", **env: str) -> Ended:
        """`python -m bot …`; whatever happens, nobody ever sees a traceback."""
        environment = {"PATH": os.environ["PATH"], **self.env, **env}
        with TemporaryDirectory() as folder:
            asked = child.Command(args, environment, self.folder, typed(Path(folder), stdin))
            code = await child.ended(child.start(child.command, asked))
            ended = Ended(code or 0, *printed(asked.streams))
        assert "Traceback" not in ended.out + ended.err, ended.err
        return ended

    def left(self) -> list[str]:
        return sorted(one.name for one in self.folder.iterdir())

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


def typed(folder: Path, stdin: str) -> tuple[Path, Path, Path]:
    (folder / "in").write_text(stdin, encoding="utf-8")
    return folder / "in", folder / "out", folder / "err"


def printed(streams: tuple[Path, ...]) -> list[str]:
    return [one.read_text(encoding="utf-8") for one in streams[1:]]


@dataclass
class Town(Shell):
    """A shell with both far ends within reach."""

    intacct: IntacctSim = field(kw_only=True)
    spend: SpendSim = field(kw_only=True)
    story: Story = field(kw_only=True)

    def file(self, name: str = "portland.toml", **changes: str) -> str:
        """Portland's connection file; `changes` replace whole parts."""
        return self.write(name, connection_file(self.story, **changes))

    async def imported(self) -> str:
        ended = await self.bot("connections", "import", self.file())
        assert (ended.code, ended.err) == (0, "")
        return ended.out.split()[-1]

    def booked(self) -> int:
        return len(self.intacct.state(limit=5000)["ledger"]["transactions"])


def connection_file(tale: Story, **changes: str) -> str:
    parts = {
        "top": f'name = "Portland"\nchannel = "C0FINANCE"\nowner = "U0DANA"\nschedule = "0 7 * * *"\ntime_zone = "America/Los_Angeles"\n'
        f"start_date = {tale.calendar.first.isoformat()}",
        "intacct": '[intacct]\ncompany_id = "HarborPine"\nuser_id = "Spendcenter"\n'
        'password = "env:INTACCT_USER_PASSWORD"\nentity_id = "100"\ncard = "Spend Center CC Object"',
        "source": '[spend_center]\ntoken = "env:SPEND_CENTER_TOKEN"',
        "selector": f'[selector]\nbudgets = ["{PORTLAND}"]',
        "mapping": "\n".join(_mapping(tale)),
    }
    return "\n".join((parts | changes).values()) + "\n"


def _mapping(tale: Story) -> list[str]:
    lines = []
    for key, one in mapping(tale).items():
        lines += [f"[mapping.{key}]", f"field = {json.dumps(one.field)}", f"[mapping.{key}.values]"]
        lines += [f"{json.dumps(value)} = {json.dumps(code)}" for value, code in one.values.items()]
    return lines


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    tale = story(utc_now().date())
    intacct = IntacctSim(connected(tale.company), utc_now)
    spend = SpendSim(tale.spend, calls_per_minute=100_000)
    await intacct.start()
    await spend.start()
    env = {
        "INTACCT_URL": intacct.url,
        "INTACCT_SENDER_ID": SENDER_ID,
        "INTACCT_SENDER_PASSWORD": SENDER_PASSWORD,
        "SPEND_CENTER_URL": spend.url,
        "SPEND_CENTER_TOKEN_URL": spend.token_url,
        "INTACCT_USER_PASSWORD": WEB_SERVICES_PASSWORD,
        "SPEND_CENTER_TOKEN": SPEND_TOKEN,
        "LOG_LEVEL": "ERROR",
    }
    yield Town(tmp_path, env, intacct=intacct, spend=spend, story=tale)
    await intacct.stop()
    await spend.stop()


# --- commands that need nothing ---

DEPARTMENT = {"level": "function", "errors": [{"errorno": "BL01001973", "description2": "Department is required"}]}


@pytest.mark.parametrize("args", [("hints", "list"), ("hints", "explain", "-"), ("keys", "new"), ("messages",)])
async def test_light_commands_need_no_setting_and_leave_nothing_behind(shell: Shell, args: tuple[str, ...]) -> None:
    shell.write(".env", "PORT=no-number\nENCRYPTION_KEYS=broken\n")

    ended = await shell.bot(*args, stdin=json.dumps(DEPARTMENT))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.strip()
    assert shell.left() == [".env"]


async def test_light_commands_load_neither_database_nor_slack_nor_clients(shell: Shell) -> None:
    probe = (
        "import sys, io; sys.argv = ['bot', 'hints', 'explain', '-']; sys.stdin = io.TextIOWrapper(io.BytesIO(b'[]'))\n"
        "from bot.__main__ import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'dbos', 'httpx', 'lxml', 'slack_bolt', 'aiohttp', 'cryptography'} & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", probe),
        cwd=shell.folder,
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()

    assert out.decode().splitlines()[-2:] == ["[]", "[]"]


async def test_explain_reads_one_error_or_many_and_says_what_people_would_see(shell: Shell) -> None:
    path = shell.write("errors.json", json.dumps([DEPARTMENT, {"level": "transport", "http_status": 503}]))

    ended = await shell.bot("hints", "explain", path)

    found = json.loads(ended.out)
    assert ended.code == 0
    assert [set(one) for one in found] == [{"category", "subject", "retry", "transient", "hint"}] * 2
    assert found[0]["category"] == "dimension.required"
    assert found[0]["retry"] == "no"


@pytest.mark.parametrize(
    ("args", "stdin", "said"),
    [
        (("hints", "explain", "-"), "{", "not JSON"),
        (("hints", "explain", "-"), '{"level": "x"}', "level is one of"),
        (("hints", "explain", "nowhere.json"), "", "nowhere.json cannot be read"),
        (("hints", "explain", "."), "", "cannot be read"),
        (("nonsense",), "", "No such command"),
        (("sync",), "", "Missing argument"),
        (("reconcile", "c1", "--from", "October", "--to", "2026-10-31"), "", "Invalid value"),
        (("reconcile", "c1", "--from", "2026-10-31", "--to", "2026-10-01"), "", "--to lies before --from"),
    ],
)
async def test_wrong_use_is_told_in_a_sentence_with_code_2(
    shell: Shell, args: tuple[str, ...], stdin: str, said: str
) -> None:
    ended = await shell.bot(*args, stdin=stdin)

    assert ended.code == 2
    assert said in " ".join(ended.err.split())


async def test_a_reader_that_goes_away_is_no_failure_to_talk_about(shell: Shell) -> None:
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m bot hints list | head -c 10",
        cwd=shell.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert len(out) == 10
    assert err == b""


# --- settings ---


async def test_every_problem_with_the_settings_is_told_at_once(shell: Shell) -> None:
    ended = await shell.bot("run", PORT="many", INTACCT_URL="ftp://x", SLACK_BOT_TOKEN="xoxp-wrong")

    assert ended.code == 2
    for name in (
        "PORT",
        "INTACCT_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "INTACCT_SENDER_ID",
        "INTACCT_SENDER_PASSWORD",
    ):
        assert f"  {name} " in ended.err
    assert "xoxp-wrong" not in ended.err


async def test_database_commands_need_no_token_and_asking_makes_no_database(shell: Shell) -> None:
    before = await shell.bot("db", "current")
    assert (before.code, before.out, shell.left()) == (0, "empty\n", [])

    upgraded = await shell.bot("db", "upgrade", LOG_LEVEL="ERROR")
    after = await shell.bot("db", "current")

    assert (upgraded.code, upgraded.err) == (0, "")
    assert upgraded.out.split()[-1] == after.out.strip() != "empty"


@pytest.mark.parametrize("command", [("connections", "list"), ("db", "upgrade"), ("db", "current"), ("keys", "rotate")])
async def test_a_database_out_of_reach_is_a_sentence_and_code_1(shell: Shell, command: tuple[str, ...]) -> None:
    url = "postgresql+psycopg://bot:secret-word@127.0.0.1:1/bot"
    key = (await shell.bot("keys", "new")).out.strip()

    ended = await shell.bot(*command, DATABASE_URL=url, ENCRYPTION_KEYS=key)

    assert ended.code == 1
    assert "The database cannot be used" in ended.err
    assert "secret-word" not in ended.err


async def test_a_data_folder_that_cannot_be_made_is_a_sentence_and_code_1(shell: Shell) -> None:
    shell.write("file", "in the way")

    ended = await shell.bot("connections", "list", DATA_DIR="file/below")

    assert ended.code == 1
    assert "file/below" in ended.err


# --- connections ---


async def test_a_connection_lives_as_a_file_and_its_secrets_do_not(town: Town) -> None:
    connection = await town.imported()

    listed = await town.bot("connections", "list")
    exported = await town.bot("connections", "export", connection, INTACCT_SENDER_ID="")
    tested = await town.bot("connections", "test", connection)
    removed = await town.bot("connections", "remove", connection)
    again = await town.bot("connections", "import", town.write("again.toml", exported.out))

    assert connection in listed.out
    assert WEB_SERVICES_PASSWORD not in exported.out
    assert SPEND_TOKEN not in exported.out
    assert (tested.code, tested.out.count("ok ")) == (0, 3)
    assert removed.code == 0
    assert (again.code, again.err) == (0, "")
    second = await town.bot("connections", "export", again.out.split()[-1])
    assert second.out == exported.out


async def test_a_connection_without_an_owner_is_named_until_the_command_line_names_one(town: Town) -> None:
    nobodys = connection_file(town.story).replace('owner = "U0DANA"\n', "")
    imported = await town.bot("connections", "import", town.write("nobodys.toml", nobodys))
    connection = imported.out.split()[-1]
    listed = await town.bot("connections", "list")
    channel = await town.bot("connections", "owner", connection, "C0FINANCE")
    named = await town.bot("connections", "owner", connection, "U0LEE")
    again = await town.bot("connections", "list")
    exported = await town.bot("connections", "export", connection)

    advice = (
        f"Portland ({connection}) has no owner: in Slack only the people on its own lists may do anything with it. "
    )
    assert advice + f"python -m bot connections owner {connection} USER names one." in imported.err
    assert advice in listed.err
    assert (channel.code, "no Slack user ID" in channel.err) == (2, True)
    assert (named.code, named.out) == (0, f"Portland ({connection}) belongs to U0LEE now.\n")
    assert (again.err, "U0LEE" in again.out) == ("", True)
    assert '\nowner = "U0LEE"\n' in exported.out


async def test_every_mistake_in_a_connection_file_is_told_at_once(shell: Shell) -> None:
    path = shell.write(
        "bad.toml",
        'name = 5\nschedule = "0 7 * *"\ntime_zone = "Mars/Olympus"\ntypo = 1\n'
        '[intacct]\ncompany_id = "A|B"\npassword = "plain"\n[selector]\nall = true\ncards = ["1"]\n[mapping.colour]\n',
    )

    ended = await shell.bot("connections", "import", path)

    assert ended.code == 2
    for said in (
        "name is a text",
        "schedule is not usable",
        "Mars/Olympus",
        "typo is not known",
        "Console ID",
        "intacct.password is a secret",
        "start_date is missing",
        "needs a token",
        "choose one",
        "mapping.colour",
        "mapping.gl_account",
        "intacct.user_id is missing",
        "intacct.card is missing",
    ):
        assert said in ended.err
    assert shell.left() == ["bad.toml"]


async def test_a_file_that_is_missing_or_no_toml_is_a_sentence(shell: Shell) -> None:
    missing = await shell.bot("connections", "import", "nowhere.toml")
    broken = await shell.bot("connections", "import", shell.write("broken.toml", "name = "))

    assert (missing.code, broken.code) == (2, 2)
    assert "nowhere.toml cannot be read" in missing.err
    assert "not TOML" in broken.err


async def test_import_works_while_both_sides_are_down_and_its_claim_counts_already(town: Town) -> None:
    await town.intacct.stop()
    await town.spend.stop()

    down = await town.bot("connections", "import", town.file())
    await town.intacct.start()
    await town.spend.start()
    second = await town.bot("connections", "import", town.file())
    dry = await town.bot("sync", down.out.split()[-1], "--dry-run", "--json")

    assert down.code == 0
    assert "Spend Center was not reached" in down.err
    assert "Intacct was not reached" in down.err
    assert re.fullmatch(r"Imported Portland as c[0-9a-f]{10}\n", down.out)
    assert second.code == 2
    assert "claims transactions that belong to Portland" in second.err
    assert dry.lines()[-1]["summary"]["would_post"] == 80


async def test_an_import_without_a_sender_says_that_intacct_was_not_asked(town: Town) -> None:
    ended = await town.bot("connections", "import", town.file(), INTACCT_SENDER_ID="", INTACCT_SENDER_PASSWORD="")

    assert ended.code == 0
    assert "INTACCT_SENDER_ID" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "args",
    [
        ("connections", "export", "c0"),
        ("connections", "remove", "c0"),
        ("connections", "test", "c0"),
        ("sync", "c0"),
        ("sync", "c0", "--dry-run"),
        ("reconcile", "c0", "--from", "2026-10-01", "--to", "2026-10-31"),
    ],
)
async def test_an_unknown_connection_is_a_sentence_and_code_2(shell: Shell, args: tuple[str, ...]) -> None:
    ended = await shell.bot(*args, INTACCT_SENDER_ID="x", INTACCT_SENDER_PASSWORD="y", LOG_LEVEL="ERROR")

    assert ended.code == 2
    assert "There is no connection c0." in ended.err


# --- syncing ---


async def test_a_sync_alone_posts_what_it_can_and_the_proof_names_the_rest(town: Town) -> None:
    connection = await town.imported()
    first, last = town.story.calendar.first.isoformat(), utc_now().date().isoformat()

    dry = await town.bot("sync", connection, "--dry-run", "--json")
    nothing = town.booked()
    done = await town.bot("sync", connection, "--json")
    again = await town.bot("sync", connection, "--json")
    proof = await town.bot("reconcile", connection, "--from", first, "--to", last, "--json")
    table = await town.bot("reconcile", connection, "--from", first, "--to", last, "--csv")

    *foreseen, told = dry.lines()
    assert nothing == 0
    assert all(set(row) == LINE for row in foreseen)
    assert {row["state"] for row in foreseen} == {"pending", "failed", "held"}
    assert (told["summary"]["would_post"], told["summary"]["failed"], told["summary"]["held"]) == (80, 43, 1)

    *rows, told = done.lines()
    assert done.code == 1
    assert all(set(row) == LINE for row in rows)
    assert set(told["summary"]) == SUMMARY
    assert [told["summary"][key] for key in ("posted", "failed", "held", "unknown")] == [80, 43, 1, 0]
    posted = [row for row in rows if row["state"] == "posted"]
    assert len(posted) == town.booked() == 80
    assert all(row["record"] and not row["category"] for row in posted)
    assert {row["category"] for row in rows if row["state"] == "failed"} == {"dimension.required", "config.gl_account"}

    assert again.lines()[-1]["summary"]["posted"] == 0
    assert town.booked() == 80

    said = json.loads(proof.out)
    assert proof.code == 1
    assert set(said) == {"from", "to", "matched", "differences", "totals"}
    assert (said["matched"], len(said["differences"])) == (80, 44)
    assert said["totals"]["intacct"] == "29942.82"
    assert set(said["differences"][0]) == {
        *("kind", "transaction", "record", "spend_amount", "intacct_amount", "currency", "date", "why"),
    }
    assert len(table.out.splitlines()) == 45


async def test_a_connection_removed_and_imported_again_posts_nothing_twice(town: Town) -> None:
    first = await town.imported()
    await town.bot("sync", first, "--json")
    await town.bot("connections", "remove", first)
    second = await town.imported()

    done = await town.bot("sync", second, "--json")
    span = ("--from", town.story.calendar.first.isoformat(), "--to", utc_now().date().isoformat())
    proof = await town.bot("reconcile", second, *span, "--json")

    assert second != first
    assert done.lines()[-1]["summary"]["posted"] == 0
    assert town.booked() == 80
    assert json.loads(proof.out)["matched"] == 80


async def test_two_syncs_at_once_wait_for_each_other_and_post_once(town: Town) -> None:
    connection = await town.imported()

    one, other = await asyncio.gather(town.bot("sync", connection, "--json"), town.bot("sync", connection, "--json"))

    assert sorted(ended.lines()[-1]["summary"]["posted"] for ended in (one, other)) == [0, 80]
    assert town.booked() == 80


async def test_a_sync_that_is_killed_is_finished_by_the_next_one(town: Town) -> None:
    connection = await town.imported()
    posted = asyncio.Event()
    town.intacct.on_change = lambda _: posted.set() if town.booked() else None
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "sync", connection),
        cwd=town.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **town.env, "INTACCT_SETTLE_AFTER": "0"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.wait_for(posted.wait(), PATIENCE)
    killed.kill()
    await killed.wait()
    town.intacct.on_change = None

    for _ in range(3):
        done = await town.bot("sync", connection, "--json", INTACCT_SETTLE_AFTER="0")
        if not done.lines()[-1]["summary"]["unknown"]:
            break

    assert done.lines()[-1]["summary"]["unknown"] == 0
    assert town.booked() == 80


async def test_a_far_end_that_is_down_ends_a_sync_in_a_sentence_and_loses_nothing(town: Town) -> None:
    connection = await town.imported()
    await town.intacct.stop()

    days = ("--from", "2026-10-01", "--to", "2026-10-31")
    down, dry, proof = await asyncio.gather(
        town.bot("sync", connection, "--json"),
        town.bot("sync", connection, "--dry-run"),
        town.bot("reconcile", connection, *days),
    )

    assert (down.code, dry.code, proof.code) == (1, 1, 1)
    assert down.lines()[-1]["summary"]["posted"] == 0
    assert "The sync stopped before its end." in down.err
    for ended in (dry, proof):
        assert "Intacct did not answer" in ended.err

    await town.intacct.start()
    back = await town.bot("sync", connection, "--json")
    assert back.lines()[-1]["summary"]["posted"] == town.booked() == 80


async def test_beside_a_running_bot_its_job_is_followed_and_told_alike(town: Town) -> None:
    connection = await town.imported()
    settings = Settings(
        _env_file=None,
        intacct_url=town.intacct.url,
        intacct_sender_id=SENDER_ID,
        intacct_sender_password=SENDER_PASSWORD,
        spend_center_url=town.spend.url,
        data_dir=town.folder / ".data",
    )
    async with open_parts(settings) as parts:
        engine = await _at_work(parts)
        try:
            done = await town.bot("sync", connection, "--json")
        finally:
            await engine.stop(1)

    *rows, told = done.lines()
    assert done.code == 1
    assert all(set(row) == LINE for row in rows)
    assert set(told["summary"]) == SUMMARY
    assert told["summary"]["posted"] == town.booked() == 80


@pytest.mark.postgres
async def test_on_postgresql_everything_is_the_same(town: Town, postgres: str) -> None:
    town.env |= {"DATABASE_URL": postgres, "ENCRYPTION_KEYS": new_key()}
    span = ("--from", town.story.calendar.first.isoformat(), "--to", utc_now().date().isoformat())

    before = await town.bot("db", "current")
    upgrades = await asyncio.gather(town.bot("db", "upgrade"), town.bot("db", "upgrade"))
    connection = await town.imported()
    both = await asyncio.gather(town.bot("sync", connection, "--json"), town.bot("sync", connection, "--json"))
    proof = await town.bot("reconcile", connection, *span, "--json")

    assert before.out == "empty\n"
    assert [one.code for one in upgrades] == [0, 0], [one.err for one in upgrades]
    assert sorted(one.lines()[-1]["summary"]["posted"] for one in both) == [0, 80], [one.err for one in both]
    assert town.booked() == 80
    assert json.loads(proof.out)["matched"] == 80


@pytest.mark.postgres
async def test_keys_are_changed_without_losing_a_secret(town: Town, postgres: str) -> None:
    old, new = new_key(), new_key()
    town.env |= {"DATABASE_URL": postgres, "ENCRYPTION_KEYS": old}
    connection = await town.imported()

    lost = await town.bot("connections", "test", connection, ENCRYPTION_KEYS=new)
    rotated = await town.bot("keys", "rotate", ENCRYPTION_KEYS=f"{new},{old}")
    kept = await town.bot("connections", "test", connection, ENCRYPTION_KEYS=new)

    assert lost.code == 2
    assert "Add the key that was in use before" in lost.err
    assert rotated.out == "2 secrets are now under the first key\n"
    assert kept.code == 0, kept.out


async def _at_work(parts: Parts) -> Engine:
    """A bot's engine as `run` starts it, without Slack."""

    async def draw(turn: int, *, connection_id: str = "", workspace: str = "") -> bool:
        assert connection_id or workspace
        return turn < 0

    work = {**jobs(parts.runner), "refresh": Work(draw), "homes": Work(draw)}
    engine = Engine(parts.settings, parts.store, work, parts.clock)
    make_desk(parts, engine)
    await engine.start()
    return engine


async def test_a_top_level_connection_from_a_csv_file_syncs_right_after_its_import(town: Town) -> None:
    company = connected(town.story.company)
    for card in company["objects"]["CREDITCARD"]:
        card["MEGAENTITYID"] = ""
    town.intacct.reset(company)
    town.write(
        "card.csv",
        "Date,Merchant,Amount,Id,Account\n"
        f"{_day(town.story, 3)},Blue Mesa Air,612.40,a-1,6210\n{_day(town.story, 4)},Harbor Café,-12.40,a-2,6210\n",
    )
    intacct = (
        '[intacct]\ncompany_id = "HarborPine"\nuser_id = "Spendcenter"\npassword = "env:INTACCT_USER_PASSWORD"\n'
        'entity_id = ""\ncard = "Spend Center CC Object"'
    )
    source = (
        '[csv]\npath = "card.csv"\ncurrency = "USD"\n[csv.columns]\ndate = "Date"\nmerchant = "Merchant"\n'
        'amount = "Amount"\nuuid = "Id"\n"GL Account" = "Account"'
    )
    account = '[mapping.gl_account]\nfield = "GL Account"'
    path = town.file(intacct=intacct, source=source, selector="[selector]\nall = true", mapping=account)

    imported = await town.bot("connections", "import", path)
    done = await town.bot("sync", imported.out.split()[-1], "--json")

    assert imported.code == 0, imported.err
    states = {row["transaction"]: (row["state"], row["category"]) for row in done.lines()[:-1]}
    assert sorted(states.values()) == [("held", "held.refund"), ("posted", "")], (done.out, done.err)


async def test_a_question_about_a_file_shows_at_its_import_and_is_told_by_every_command(town: Town) -> None:
    day = _day(town.story, 3)
    town.write(
        "card.csv",
        f"Id,Date,Amount,Account,Status\na-1,{day},10.00,6440,Cleared\na-2,{day},500.00,6440,Pending\n",
    )
    source = '[csv]\npath = "card.csv"\n[csv.columns]\nuuid = "Id"\ndate = "Date"\namount = "Amount"\n"GL Account" = "Account"'
    mapping = '[mapping.gl_account]\nfield = "GL Account"\n[mapping.department]\ndefault = "20"'
    changes = {"source": source, "selector": "[selector]\nall = true", "mapping": mapping}

    imported = await town.bot("connections", "import", town.file(**changes))
    connection = imported.out.split()[-1]
    tested = await town.bot("connections", "test", connection)
    foreseen = await town.bot("sync", connection, "--dry-run")
    stopped = await town.bot("sync", connection)

    assert (imported.code, tested.code, foreseen.code, stopped.code) == (0, 1, 1, 1)
    for told in (imported.err, tested.out + tested.err, foreseen.err, stopped.err):
        plain = " ".join(told.split())
        assert "card.csv, line 2, Status: this column has “Cleared”, “Pending”" in plain
        assert "Spend Center did not" not in plain
    assert town.booked() == 0

    await town.bot("connections", "remove", connection)
    answered = town.file(**changes | {"source": f'{source}\nstatus = "Status"'})
    imported = await town.bot("connections", "import", answered)
    done = await town.bot("sync", imported.out.split()[-1], "--json")
    assert (imported.err, done.lines()[-1]["summary"]["posted"]) == ("", 1)
    assert done.lines()[-1]["summary"]["skipped"] == 1
    [record] = town.intacct.state(limit=10)["ledger"]["transactions"]
    assert record["total"] == "10.00"


def _day(tale: Story, n: int) -> str:
    return date.fromordinal(tale.calendar.first.toordinal() + n).isoformat()
