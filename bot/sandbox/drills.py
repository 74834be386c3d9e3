"""The drills: what goes wrong in real life, done on request, each with the sentence that says how it is undone.

Whether a drill is on is read from the far ends, not remembered: who puts something right in the simulated Intacct, as an
accountant would, has undone the drill.
"""

from __future__ import annotations

import calendar
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.sandbox.child import BotProcess
from bot.sandbox.control import ControlError, Simulator

ACCOUNT, DIMENSION = "6450", "REQUIREPROJECT"
ENTITY = "100"
BUSY_REQUESTS = 3
STOPPED = ""
"""A part of every merchant's name: the rule stops them all."""
SMART_RULE = "Smart Rule 'Card memo' was violated: enter a business purpose."

Act = Callable[["Drills"], Awaitable[None]]
State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drill:
    """One thing to break.

    Attributes:
        what: What it does, and what to do then.
        undo_sentence: How it is put right, by hand or by itself.
        start, undo: The acts; `undo` is None where only a person or time can.
        on: Reads from Intacct's state and the drills whether it is broken now; None for what is over at once.
    """

    name: str
    title: str
    what: str
    undo_sentence: str
    start: Act
    undo: Act | None = None
    on: Callable[[Drills, State], bool] | None = None
    start_label: str = "Do it"
    undo_label: str = "Undo"


class Drills:
    """The door `drills`: verbs `start` and `undo`, each with the `name` of a drill.

    Args:
        slack, intacct, spend: The far ends.
        bot: The bot's process.
        keys: What the page's visitor has to know of the story, such as Spend Center's token.
    """

    VERBS: Mapping[str, str] = {"start": "Breaks something.", "undo": "Puts it right."}

    def __init__(
        self, slack: Simulator, intacct: Simulator, spend: Simulator, bot: BotProcess, keys: Mapping[str, Any]
    ) -> None:
        self.on_change: Callable[[str], None] | None = None
        self.far_ends = {"slack": slack, "intacct": intacct, "spend": spend}
        self.bot = bot
        self.keys = dict(keys)
        self.stopped: set[str] = set()
        self.closed_before: str | None = None
        bot.on_change = self._changed

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Starts or undoes a drill. Raises ControlError with a sentence."""
        if verb not in self.VERBS:
            raise ControlError(f"A drill can be started and undone; nothing here does {verb[:40]!r}.")
        drill = next((one for one in DRILLS if one.name == args.get("name")), None)
        if drill is None:
            raise ControlError(f"There is no such drill. There are: {', '.join(one.name for one in DRILLS)}.")
        act = drill.start if verb == "start" else drill.undo
        if act is None:
            raise ControlError(drill.undo_sentence)
        await act(self)
        self._changed("drills")
        return {"on": self._is_on(drill, self._books())}

    def state(self) -> State:
        """`drills` in the order of the page, each with `on`; `bot`, the process; `keys` of the story."""
        books = self._books()
        return {"drills": [self._public(drill, books) for drill in DRILLS], "bot": self.bot.state(), "keys": self.keys}

    async def do(self, far_end: str, verb: str, **args: Any) -> dict[str, Any]:
        return await self.far_ends[far_end].control(verb, args)

    def books(self) -> State:
        return self._books()

    @property
    def today(self) -> date:
        return self.far_ends["intacct"].clock().date()

    def _books(self) -> State:
        return self.far_ends["intacct"].state(limit=0)

    def _is_on(self, drill: Drill, books: State) -> bool:
        return drill.on is not None and drill.on(self, books)

    def _public(self, drill: Drill, books: State) -> State:
        return {
            "name": drill.name,
            "title": drill.title,
            "what": drill.what,
            "undo": drill.undo_sentence,
            "start_label": drill.start_label,
            "undo_label": drill.undo_label,
            "on": self._is_on(drill, books),
        }

    def _changed(self, name: str) -> None:
        if self.on_change:
            self.on_change(name)


# --- in the books -----------------------------------------------------------------------------------------------------


async def _require(drills: Drills, *, required: bool) -> None:
    record = {"ACCOUNTNO": ACCOUNT, DIMENSION: str(required).lower()}
    await drills.do("intacct", "save_record", object="GLACCOUNT", record=record)


def _is_required(_drills: Drills, books: State) -> bool:
    account: State = next((row for row in books["objects"]["GLACCOUNT"] if row["ACCOUNTNO"] == ACCOUNT), {})
    return account.get(DIMENSION) == "true"


async def _rule(drills: Drills, *, on: bool) -> None:
    said = {"payee": STOPPED, "text": SMART_RULE} if on else {"payee": STOPPED}
    await drills.do("intacct", "refuse" if on else "accept", **said)


async def _account(drills: Drills, *, status: str) -> None:
    record = {"ACCOUNTNO": ACCOUNT, "STATUS": status}
    await drills.do("intacct", "save_record", object="GLACCOUNT", record=record)


def _is_inactive(_drills: Drills, books: State) -> bool:
    account: State = next((row for row in books["objects"]["GLACCOUNT"] if row["ACCOUNTNO"] == ACCOUNT), {})
    return account.get("STATUS") == "inactive"


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


async def _close(drills: Drills) -> None:
    drills.closed_before = drills.books()["closed_through"].get("CM", {}).get(ENTITY)
    through = _month_end(drills.today).isoformat()
    await drills.do("intacct", "close_subledger", application="CM", entity=ENTITY, through=through)


async def _open(drills: Drills) -> None:
    through = {"through": drills.closed_before} if drills.closed_before else {"period": f"{drills.today:%Y-%m}"}
    await drills.do("intacct", "open_subledger", application="CM", entity=ENTITY, **through)


def _is_closed(drills: Drills, books: State) -> bool:
    through = books["closed_through"].get("CM", {}).get(ENTITY)
    return bool(through) and date.fromisoformat(through) >= drills.today


# --- who may come in --------------------------------------------------------------------------------------------------


async def _change_password(drills: Drills) -> None:
    user = next((one for one in drills.books()["users"] if one["WEBSERVICES"]), None)
    if user is None:
        raise ControlError("There is no Web Services user yet, so there is no password to change.")
    await drills.do("intacct", "reset_password", user_id=user["LOGINID"])


async def _sender(drills: Drills, *, status: str) -> None:
    sender = str(drills.keys.get("sender_id"))
    if sender not in drills.books()["authorized"]:
        raise ControlError("The app is not let in yet, so there is nothing to withdraw. Do step 2 of the set-up first.")
    await drills.do("intacct", "authorize_sender", sender_id=sender, status=status)
    await drills.do("intacct", "save_company")


def _is_withdrawn(drills: Drills, books: State) -> bool:
    return bool(books["authorized"].get(drills.keys.get("sender_id")) == "inactive")


# --- on the line ------------------------------------------------------------------------------------------------------


def _armed(kind: str) -> Callable[[Drills, State], bool]:
    return lambda _drills, books: any(fault["kind"] == kind for fault in books["faults"]["armed"])


async def _clear(drills: Drills) -> None:
    await drills.do("intacct", "clear_faults")


async def _drop(drills: Drills) -> None:
    await drills.do("intacct", "fault", kind="drop_after_commit", count=1, match="<record_cctransaction>")


async def _rate_limit(drills: Drills) -> None:
    await drills.do("intacct", "fault", kind="rate_limit", count=BUSY_REQUESTS)


async def _disconnect(drills: Drills) -> None:
    await drills.do("slack", "fault", kind="disconnect", reason="drop")


async def _kill(drills: Drills) -> None:
    drills.bot.kill()


def _far_end(name: str, title: str, what: str) -> Drill:
    async def stop(drills: Drills) -> None:
        if name not in drills.stopped:
            drills.stopped.add(name)
            await drills.far_ends[name].stop()

    async def start(drills: Drills) -> None:
        if name in drills.stopped:
            await drills.far_ends[name].start()
            drills.stopped.discard(name)

    return Drill(
        f"stop_{name}",
        title,
        what,
        "Start it again with the button; the bot goes on by itself.",
        stop,
        start,
        lambda drills, _books: name in drills.stopped,
        "Stop it",
        "Start it",
    )


DRILLS = (
    Drill(
        "require_dimension",
        f"Require a project on {ACCOUNT}",
        f"From now on account {ACCOUNT} Coffee and kitchen refuses a line without a project. Add a transaction on it, "
        "sync, and see the alert.",
        f"Undo it here, or in General Ledger > Accounts > {ACCOUNT} > Edit > Required dimensions.",
        lambda drills: _require(drills, required=True),
        lambda drills: _require(drills, required=False),
        _is_required,
    ),
    Drill(
        "close_account",
        f"Set account {ACCOUNT} to inactive",
        f"Account {ACCOUNT} Coffee and kitchen takes nothing any more. Add a transaction on it, sync, and choose another "
        "account in the alert, or set it to active again and retry.",
        f"Undo it here, or in General Ledger > Accounts > {ACCOUNT} > Edit > Status.",
        lambda drills: _account(drills, status="inactive"),
        lambda drills: _account(drills, status="active"),
        _is_inactive,
    ),
    Drill(
        "smart_rule",
        "Let a rule of the company stop it",
        "A Smart Rule that somebody wrote refuses every card transaction, in words of its own. Add a transaction, sync, "
        "and see the rule's words in the alert.",
        "Undo it here; in Intacct it is Customization Services > Smart Rules.",
        lambda drills: _rule(drills, on=True),
        lambda drills: _rule(drills, on=False),
        lambda _drills, books: STOPPED in books["refused"],
        undo_label="Switch it off",
    ),
    Drill(
        "close_period",
        "Close this month in Portland",
        "Cash Management of 100 Portland is closed through the end of this month, so nothing dated today can post there.",
        f"Undo it here, or in Cash Management > All > Subledger > Open, entity {ENTITY}.",
        _close,
        _open,
        _is_closed,
    ),
    Drill(
        "change_password",
        "Change the password",
        "An administrator resets the Web Services user's password. The bot is refused at its next request and says so once.",
        "The new password is in Intacct's Mail; give it to the bot with Enter the password.",
        _change_password,
    ),
    Drill(
        "withdraw_sender",
        "Withdraw the authorization",
        "The sender ID is set to Inactive. Syncing pauses with one alert, however many transactions wait.",
        "Undo it here, or in Company > Setup > Company > Security > Edit: Active, Save, and Save the page.",
        lambda drills: _sender(drills, status="inactive"),
        lambda drills: _sender(drills, status="active"),
        _is_withdrawn,
    ),
    Drill(
        "drop_line",
        "Drop the line after Intacct saved",
        "The next posting is saved, and its answer is lost on the way. Add a transaction and sync: it ends posted once.",
        "It is over after one posting; undo it here if none comes.",
        _drop,
        _clear,
        _armed("drop_after_commit"),
        "Arm it",
        "Disarm",
    ),
    Drill(
        "rate_limit",
        "Too many requests",
        f"Intacct answers the next {BUSY_REQUESTS} requests with “too many requests”. The bot slows down and comes back.",
        "It is over by itself; undo it here to have it over now.",
        _rate_limit,
        _clear,
        _armed("rate_limit"),
        "Arm it",
        "Disarm",
    ),
    _far_end(
        "intacct",
        "Stop Sage Intacct",
        "The gateway's listener is closed: connections are refused. Waiting transactions keep waiting.",
    ),
    _far_end(
        "spend",
        "Stop Spend Center",
        "Its listener is closed. The next sync finds no source and says so in words.",
    ),
    _far_end(
        "slack",
        "Stop Slack",
        "Slack's listener is closed. Syncs go on; what had to be said is said when Slack is back.",
    ),
    Drill(
        "disconnect_slack",
        "Cut the Slack connection",
        "The bot's WebSocket is dropped without a word. It reconnects within seconds; unanswered clicks come again.",
        "It mends itself.",
        _disconnect,
        start_label="Cut it",
    ),
    Drill(
        "kill_bot",
        "Kill the bot",
        "The bot's process is killed, as by a power cut, and started again. Do it in the middle of a sync.",
        "It comes back by itself; nothing is posted twice.",
        _kill,
        start_label="Kill it",
    ),
)
