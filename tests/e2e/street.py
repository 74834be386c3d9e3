"""`python -m bot sandbox` as a process, in a directory of its own, and what its visitor does more than once."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.run import story_day
from bot.sandbox.seed import story
from tests.e2e.visitor import DANA, FINANCE, Visitor
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
SENDER = "harborpine-bot"
NEEDED = {
    "Credit card transactions": ["List", "View", "Add", "Edit"],
    "Credit card accounts": ["List", "View"],
    "Accounts": ["List", "View", "Add", "Edit"],
    "Attachments": ["List", "View", "Add", "Edit"],
    "Permissions": ["View"],
    **{name: ["List", "View"] for name in ("Entities", "Locations", "Departments", "Classes", "Users", "Roles")},
    **{name: ["List", "View"] for name in ("Vendors", "Customers", "Projects", "Items", "Employees")},
}
"""The boxes that step 4 lists."""

_REAL = ("SLACK_", "INTACCT_", "SPEND_", "ENCRYPTION_", "DATABASE_URL", "DATA_DIR")


@dataclass
class Street:
    """A running sandbox: its process, the lines it printed, and a visitor in front of its page."""

    process: subprocess.Popen[str]
    lines: queue.Queue[str]
    directory: Path
    visitor: Visitor

    @property
    def data(self) -> Path:
        return self.directory / ".data" / "sandbox"

    def settings(self) -> dict[str, str]:
        """What the sandbox tells whoever wants to run commands, or a bot, beside it."""
        lines = self.data.with_suffix(".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m bot …` beside the running bot, with the bot's own settings."""
        return subprocess.run(  # our own program
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.directory,
            env=clean() | self.settings(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def said(self) -> str:
        """What it printed since this was asked last."""
        lines = []
        with suppress(queue.Empty):
            while True:
                lines.append(self.lines.get_nowait())
        return "".join(lines)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


def clean() -> dict[str, str]:
    """This environment without anything that the sandbox would take for a real account, or for its settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_REAL)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def street(directory: Path, *arguments: str) -> Iterator[Street]:
    """Starts the sandbox on free ports; the block begins when the bot is connected to Slack."""
    process = subprocess.Popen(  # our own program
        [sys.executable, "-m", "bot", "sandbox", "--port", "0", *arguments],
        cwd=directory,
        env=clean(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    with ExitStack() as stack:
        stack.callback(_end, process, reader)
        visitor = stack.enter_context(closing(Visitor(_address(lines))))
        if "--no-bot" not in arguments:
            visitor.until(lambda: visitor.state("slack")["connected"], "a bot that is connected")
        # The limits are a person's pace: this visitor needs seconds for a person's minutes, on machines that may be slow.
        visitor.slack("limits", on=False, seconds=PATIENCE)
        yield Street(process, lines, directory, visitor)


def _end(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    assert process.stdout is not None
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reader.join()
    process.stdout.close()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Keeps the pipe empty, so that the sandbox never waits for its reader."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)


def _address(lines: queue.Queue[str]) -> str:
    said = ""
    while True:
        try:
            said += lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"The sandbox did not come up. It said: {said}") from None
        if found := re.search(r"Sandbox: (http://\S+)", said):
            return found[1]


# --- what is done more than once --------------------------------------------------------------------------------------


def adds_the_user(visitor: Visitor, **changes: str) -> str:
    """Web Services users > Add. Returns the password from Intacct's mail."""
    named = {"user_id": "Spendcenter", "email": "dana@harborpine.example", "first_name": "Dana"}
    visitor.intacct("create_ws_user", **{**named, "last_name": "Whitfield", **changes})
    return mailed(visitor)


def mailed(visitor: Visitor) -> str:
    return str(visitor.state("intacct", limit="0")["mailbox"][-1]["password"])


def gives_the_role(visitor: Visitor) -> None:
    visitor.intacct("create_role", name="Billcom Role", policies=NEEDED)
    visitor.intacct("assign_role", user_id="Spendcenter", role="Billcom Role")


def adds_the_card(visitor: Visitor, entity: str, name: str = "Spend Center CC Object", account: str = "2150") -> None:
    card = {"CARDID": name, "CARDTYPE": "Visa", "EXP_MONTH": "December", "EXP_YEAR": "2035"}
    more = {"LIABILITYTYPE": "Credit", "VENDORID": "V-CARDS", "LIABACCTKEY": account, "LOCATION": entity}
    visitor.intacct("create_record", object="CREDITCARD", record=card | more, entity=entity)


def opens_the_set_up(visitor: Visitor) -> None:
    visitor.commands("/intacct setup")
    visitor.clicks("One entity")
    visitor.submits("Intacct company", company_id="HarborPine")
    visitor.sees("2 of 9 · Let this app in")


def lets_the_app_in(visitor: Visitor) -> None:
    visitor.intacct("authorize_sender", sender_id=SENDER)
    visitor.intacct("save_company")


def signs_in(visitor: Visitor, password: str) -> None:
    visitor.clicks("Enter the password")
    visitor.submits("Enter the password", password=password)
    visitor.sees("Signed in to `HarborPine` as `")
    visitor.closes()


def makes_the_account(visitor: Visitor, number: str = "") -> None:
    visitor.clicks("Create it for me")
    visitor.sees("It will be made at the top level of Intacct")
    visitor.submits("Liability account", **({"number": number} if number else {}), category="Accrued expenses")
    visitor.sees("8 of 9 · Card")
    visitor.closes()


def connects_spend_center(visitor: Visitor) -> None:
    visitor.clicks("Connect Spend Center")
    visitor.submits("Connect Spend Center", token=visitor.state("drills")["keys"]["spend_token"])
    visitor.submits("Fields")


def comes_to_step_9(visitor: Visitor) -> None:
    """All that lies before Spend Center, without a wrong turn."""
    opens_the_set_up(visitor)
    lets_the_app_in(visitor)
    password = adds_the_user(visitor)
    gives_the_role(visitor)
    visitor.clicks("Done, check")
    visitor.sees("3 of 9")
    signs_in(visitor, password)
    visitor.clicks("Pick the entity")
    visitor.submits("Entity", entity="100")
    visitor.sees("7 of 9 · Liability account")
    makes_the_account(visitor)
    visitor.sees("8 of 9 · Card")
    adds_the_card(visitor, "100")
    visitor.clicks("Done, check")
    visitor.sees("9 of 9 · Spend Center, choices, preview")


def first_day() -> str:
    """The story's own start date, ISO. On the 1st and 2nd of a month the form proposes a later one: the story lags two days."""
    return story(story_day(None)).calendar.first.isoformat()


def previews(visitor: Visitor, words: str, **choices: Any) -> None:
    """Sends the last form and waits for the preview, which has to say `words`."""
    visitor.submits("Choices", channel=FINANCE, start=first_day(), **choices)
    visitor.sees(words)
    visitor.closes()


def in_the_channel(visitor: Visitor, user: str = DANA) -> Visitor:
    return visitor.as_(user, FINANCE)
