"""The story of Harbor & Pine over real processes: the sandbox and its bot, a visitor at the control door, the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.sandbox.run import story_day
from bot.sandbox.seed import story
from bot.sandbox.seed_fixes import Fix, fixes
from tests.e2e.street import (
    SENDER,
    Street,
    adds_the_card,
    adds_the_user,
    clean,
    comes_to_step_9,
    connects_spend_center,
    gives_the_role,
    lets_the_app_in,
    makes_the_account,
    opens_the_set_up,
    previews,
    street,
)
from tests.e2e.visitor import DANA, FINANCE, LEE, SAM, Visitor
from tests.patience import PATIENCE

TALE = story(story_day(None))
FIXES = {fix.cause: fix for fix in fixes(TALE)}
UP = 10
"""Seconds of work until the page and the bot are there; on a machine of one's own it takes two."""
ALL = (200, Decimal("61482.17"))


# --- the whole story --------------------------------------------------------------------------------------------------


def test_from_nothing_to_a_difference_of_zero_with_every_failure_fixed_at_its_far_end(tmp_path: Path) -> None:
    with street(tmp_path) as town:
        visitor = town.visitor
        sets_up_portland(visitor)
        visitor.clicks("Post the 80 now")
        visitor.until(lambda: visitor.posted() == (80, Decimal("29942.82")), "80 postings")

        visitor.as_(LEE, FINANCE)
        fixed(visitor, FIXES["department"], "37 transactions need a department", "Retry 37")
        fixed(visitor, FIXES["account"], "6 transactions use account 6215", "Retry 6")
        visitor.clicks("Post as a negative", near="1 refund needs your choice")
        visitor.sees("Solved: 1 transaction posted")
        assert visitor.posted() == (124, Decimal("39905.42"))

        adds_denver(visitor.as_(DANA))
        visitor.until(lambda: visitor.posted()[0] == 191, "191 postings")
        visitor.as_(LEE, FINANCE)
        fixed(visitor, FIXES["period"], "4 transactions fall in a closed period", "Retry 4")
        fixed(visitor, FIXES["project"], "3 transactions use project P-1042", "Retry 3")
        fixed(visitor, FIXES["location"], "2 transactions use location 250", "Retry 2")
        assert visitor.posted() == visitor.spent() == ALL

        a_line_that_drops_posts_once(visitor)
        a_withdrawn_sender_pauses_and_comes_back(visitor)
        assert visitor.posted() == visitor.spent() == (202, ALL[1] + Decimal("30.60"))
        proven(town, {"Portland": 126, "Denver": 76})


def sets_up_portland(visitor: Visitor) -> None:
    """With the second Save forgotten, and the check that names it."""
    opens_the_set_up(visitor)
    visitor.intacct("authorize_sender", sender_id=SENDER)
    visitor.clicks("Done, check")
    visitor.sees("Noted. I check it as soon as I can sign in.")
    password = adds_the_user(visitor)
    visitor.clicks("Enter the password")
    visitor.submits("Enter the password", password=password)
    visitor.sees("the second Save was left out")
    visitor.closes()
    visitor.intacct("save_company")
    visitor.clicks("Check again")
    visitor.sees("4 of 9 · Permissions")
    visitor.clicks("By role")
    visitor.sees("This user must never reopen a period.")
    gives_the_role(visitor)
    visitor.clicks("Done, check")
    visitor.clicks("Pick the entity")
    visitor.submits("Entity", entity="100")
    visitor.sees("7 of 9 · Liability account")
    makes_the_account(visitor)
    visitor.sees("8 of 9 · Card")
    adds_the_card(visitor, "100")
    visitor.clicks("Done, check")
    visitor.sees("9 of 9 · Spend Center, choices, preview")
    connects_spend_center(visitor)
    previews(visitor, "80 would post ($29,942.82), 44 would not")
    assert password not in visitor.screen()


def adds_denver(visitor: Visitor) -> None:
    visitor.clicks("Connect another entity")
    visitor.clicks("Pick the entity")
    visitor.submits("Entity", entity="200")
    visitor.sees("7 of 9 · Liability account")
    makes_the_account(visitor)
    visitor.sees("8 of 9 · Card")
    adds_the_card(visitor, "200", "Spend Center CC 200", "2160")
    visitor.clicks("Done, check")
    visitor.clicks("Use Harbor & Pine Cards again")
    previews(visitor, "would post (")
    visitor.clicks(next(label for label in visitor.buttons("would post (") if label.startswith("Post the ")))


def fixed(visitor: Visitor, fix: Fix, alert: str, retry: str) -> None:
    """Puts one cause right at its far end, presses Retry, and sees the message turn."""
    visitor.message(alert)
    for act in fix.acts:
        visitor.does(act.simulator, act.verb, **act.args)
    before, total = visitor.posted()
    visitor.clicks(retry, near=alert)
    posted = (before + len(fix.uuids), total + fix.total)
    visitor.until(lambda: visitor.posted() == posted, f"{len(fix.uuids)} more postings")
    visitor.sees(f"Solved: {len(fix.uuids)} transactions posted")


def buys(visitor: Visitor, merchant: str, amount: str) -> None:
    coding = {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "100 - Portland"}
    visitor.does("spend", "add_transaction", card="4417", amount=amount, merchant=merchant, fields=coding)


def a_line_that_drops_posts_once(visitor: Visitor) -> None:
    buys(visitor, "Owl & Otter Books", "18.40")
    visitor.does("drills", "start", name="drop_line")
    before, total = visitor.posted()
    visitor.commands("/intacct sync Portland")
    visitor.until(lambda: visitor.posted()[0] > before, "one more posting")
    visitor.as_(LEE).sees("found after the line dropped")
    visitor.as_(LEE, FINANCE)
    assert visitor.posted() == (before + 1, total + Decimal("18.40"))
    drills = {one["name"]: one["on"] for one in visitor.state("drills")["drills"]}
    assert not drills["drop_line"]


def a_withdrawn_sender_pauses_and_comes_back(visitor: Visitor) -> None:
    visitor.does("drills", "start", name="withdraw_sender")
    buys(visitor, "Juniper Fuel", "12.20")
    visitor.commands("/intacct sync Portland")
    visitor.sees("Syncing is paused: Intacct no longer lets this app in")
    visitor.does("drills", "undo", name="withdraw_sender")
    visitor.clicks("Check and resume")
    visitor.sees("Solved: syncing again")
    visitor.until(lambda: visitor.posted()[0] == 202, "the one that waited")


def proven(town: Street, wanted: dict[str, int]) -> None:
    """The proof, as a process beside the running bot."""
    listed = [line.split() for line in town.command("connections", "list").stdout.splitlines()]
    ids = {words[1]: words[0] for words in listed if len(words) > 1 and words[1] in wanted}
    days = ("--from", TALE.calendar.first.isoformat(), "--to", (TALE.today + timedelta(days=1)).isoformat())
    for name, matched in wanted.items():
        proof = town.command("reconcile", ids[name], *days, "--json")
        assert proof.returncode == 0, proof.stderr
        found = json.loads(proof.stdout)
        assert (found["matched"], found["differences"], found["totals"]["difference"]) == (matched, [], "0.00")


# --- starting, dying, stopping ----------------------------------------------------------------------------------------


def test_it_is_up_in_seconds_and_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    with street(tmp_path) as town:
        bot = town.visitor.state("drills")["bot"]["pid"]
        assert worked(town.process.pid) + worked(bot) < UP
        settings = town.data.with_suffix(".env")
        assert "SLACK_API_URL=" in settings.read_text()

        assert town.stop(signal.SIGINT) == 0

        address = urlsplit(str(town.visitor.http.base_url))
        with pytest.raises(OSError), socket.create_connection((str(address.hostname), address.port or 0), 2):
            pass
        with pytest.raises(ProcessLookupError):
            os.kill(bot, 0)
        assert not settings.exists()
        assert "Traceback" not in town.said()


def worked(process: int) -> float:
    """Seconds for which it had a processor; how long it had to wait for one is the machine's affair."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def test_a_bot_of_ones_own_runs_against_the_addresses_that_the_sandbox_names(tmp_path: Path) -> None:
    with street(tmp_path, "--no-bot") as town:
        checked = town.command("doctor")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        log = (tmp_path / "bot.log").open("w")
        command = [sys.executable, "-m", "bot", "run"]
        with log, subprocess.Popen(command, cwd=tmp_path, env=clean() | town.settings(), stderr=log) as bot:
            town.visitor.until(lambda: town.visitor.state("slack")["connected"], "a bot that is connected")
            opens_the_set_up(town.visitor)
            bot.send_signal(signal.SIGTERM)
            assert bot.wait(PATIENCE) == 0


def test_a_bot_that_is_killed_goes_on_with_the_set_up_and_with_the_sync(tmp_path: Path) -> None:
    with street(tmp_path) as town:
        visitor = town.visitor
        opens_the_set_up(visitor)
        dies(town)
        lets_the_app_in(visitor)
        password = adds_the_user(visitor)
        gives_the_role(visitor)
        visitor.clicks("Done, check")
        visitor.sees("3 of 9 · Web Services user")
        visitor.clicks("Enter the password")
        visitor.form("Enter the password")
        dies(town)
        visitor.submits("Enter the password", password=password)
        visitor.sees("Signed in to `HarborPine` as `")
        visitor.closes()
        visitor.clicks("Pick the entity")
        visitor.submits("Entity", entity="100")
        visitor.sees("7 of 9 · Liability account")
        makes_the_account(visitor)
        adds_the_card(visitor, "100")
        visitor.clicks("Done, check")
        connects_spend_center(visitor)
        previews(visitor, "80 would post ($29,942.82), 44 would not")

        visitor.intacct("fault", kind="late", seconds=20, match="<record_cctransaction>")
        visitor.clicks("Post the 80 now")
        visitor.until(lambda: not armed(visitor), "postings that are saved and not answered")
        dies(town)
        visitor.until(lambda: visitor.posted() == (80, Decimal("29942.82")), "80 postings, each once")
        visitor.as_(LEE, FINANCE)
        for alert in ("37 transactions need", "6 transactions use", "1 refund needs"):
            visitor.message(alert)
        assert sum(message["text"].startswith("37 transactions need") for message in visitor.messages()) == 1
        visitor.as_(DANA).message("found after the line dropped")
        assert sum("found after the line" in message["text"] for message in visitor.messages()) < 4  # not one each


def dies(town: Street) -> None:
    """A power cut, and the bot's next life."""
    before = town.visitor.state("drills")["bot"]["restarts"]
    town.visitor.does("drills", "start", name="kill_bot")
    town.visitor.until(lambda: town.visitor.state("drills")["bot"]["restarts"] > before, "the bot's next life")
    town.visitor.until(lambda: town.visitor.state("slack")["connected"], "a bot that is connected again")


def armed(visitor: Visitor) -> list[str]:
    return [fault["kind"] for fault in visitor.state("intacct", limit="0")["faults"]["armed"]]


# --- several people, wrong turns, and ends that are not there ---------------------------------------------------------


ELSEWHERE = "The set-up is in our direct messages."


def test_two_people_set_up_side_by_side_and_wrong_turns_are_told_in_a_sentence(tmp_path: Path) -> None:
    with street(tmp_path) as town:
        visitor = town.visitor
        opens_the_set_up(visitor)
        assert ELSEWHERE not in visitor.screen()
        visitor.as_(LEE, FINANCE).commands("/intacct setup")
        visitor.sees(ELSEWHERE)
        opens_the_set_up(visitor.as_(LEE))
        lets_the_app_in(visitor)
        hands_step_2_to_sam(visitor)

        password = adds_the_user(visitor)
        gives_the_role(visitor)
        visitor.as_(DANA).clicks("Done, check")
        visitor.clicks("Enter the password")
        visitor.submits("Enter the password", password="not-it")
        visitor.sees("Intacct refused the sign-in and does not say which part is wrong.")
        visitor.submits("Enter the password", user_id="Spendcenter", password=password)
        visitor.sees("Signed in to `HarborPine` as `")
        assert "not-it" not in visitor.screen()
        visitor.closes()
        visitor.sees("5 of 9 · Entity")

        visitor.clicks("Pick the entity")
        visitor.form("Entity")
        visitor.closes()
        for _ in range(2):  # a double click
            visitor.clicks("Pick the entity")
        visitor.submits("Entity", entity="100")
        visitor.closes()
        visitor.sees("7 of 9 · Liability account")
        visitor.as_(LEE).sees("3 of 9 · Web Services user")

        visitor.commands("/intacct stup")
        visitor.sees("I do not know `stup`.")
        visitor.says("continue")
        visitor.sees("This set-up goes on below.")


def hands_step_2_to_sam(visitor: Visitor) -> None:
    """Lee's step 2, which both then see ticked."""
    visitor.clicks("Someone else does this")
    visitor.submits("Ask someone else", person=SAM)
    visitor.sees("asked <@U0SAM>")
    visitor.as_(SAM).sees("<@U0LEE> asks you to do one step")
    visitor.clicks("Done, check")
    visitor.sees("Noted. I check it as soon as I can sign in.")
    visitor.as_(LEE).sees("Noted. I check it as soon as I can sign in.")


def test_far_ends_that_are_not_there_are_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with street(tmp_path) as town:
        visitor = town.visitor
        comes_to_step_9(visitor)

        visitor.does("drills", "start", name="stop_spend")
        visitor.clicks("Connect Spend Center")
        visitor.submits("Connect Spend Center", token=visitor.state("drills")["keys"]["spend_token"])
        visitor.sees("Spend Center did not answer")
        visitor.closes()
        visitor.does("drills", "undo", name="stop_spend")
        connects_spend_center(visitor)
        previews(visitor, "80 would post ($29,942.82), 44 would not")

        visitor.does("drills", "start", name="stop_intacct")
        visitor.clicks("Post the 80 now")
        visitor.sees("The sync of 100 Portland stopped. Intacct does not answer at the moment.")
        visitor.does("drills", "undo", name="stop_intacct")
        visitor.intacct("fault", kind="error_500", committed=True, match="<record_cctransaction>")
        visitor.commands("/intacct sync")
        visitor.until(lambda: visitor.posted() == (80, Decimal("29942.82")), "80 postings, each once")

        visitor.does("drills", "start", name="stop_slack")
        visitor.does("drills", "undo", name="stop_slack")
        visitor.as_(LEE, FINANCE)
        visitor.message("37 transactions need a department")
        visitor.clicks("Post as a negative", near="1 refund needs your choice")
        visitor.sees("Solved: 1 transaction posted")
