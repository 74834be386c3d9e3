"""Every message and form of the set-up with sample data, the long and the hostile included."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bot.hints.words import Words
from bot.intacct.records import DimensionValue
from bot.models import Check, ConnectionState, CustomField, Dimension, PostingState, RetryClass, StepState, Verdict
from bot.store.connections import Connection
from bot.store.drift import Mark
from bot.store.walkthroughs import OPEN, Walkthrough
from bot.sync.preview import Preview, PreviewCause, PreviewRow
from bot.walkthrough import progress, proposals
from bot.walkthrough.steps import ACCOUNT, CARD, CARD_ID, ENTITY, FINISH, PERMISSIONS, SENDER, STEPS, USER, Facts
from bot.walkthrough.values import summary
from handlers.ui import drift
from handlers.ui import walkthrough as ui
from handlers.ui import walkthrough_modals as modals
from handlers.ui import walkthrough_spend as spend
from handlers.ui.blocks import Json

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
HOSTILE = "<!channel> *R&D* `x` {0} <@U0DANA> \u202e" + "Ä" * 400
DM = "D0DANA"


def samples() -> Iterator[tuple[str, Json]]:
    """(method, arguments) of everything that the set-up sends."""
    for walk in _walks():
        facts = Facts("harborpine-bot", walk.answers)
        yield _post(ui.checklist(walk))
        for number in STEPS:
            yield _edit(ui.step(walk, number, facts))
            yield _edit(ui.step(walk, number, facts, remark="Intacct did not answer. Nothing was changed."))
            yield _post(ui.step(walk, number, facts, helper=True, busy=ui.CHECKING))
            yield _edit(ui.helped(walk, number))
        yield _edit(ui.mended(walk))
        yield _edit(ui.finished(walk, "tomorrow 07:00", "<#C0FINANCE>"))
    for text in ("", HOSTILE):
        yield from _changes(text)
    yield from _forms("HarborPine", "")
    yield from _forms(HOSTILE, HOSTILE)


def _post(said: Json) -> tuple[str, Json]:
    return "chat.postMessage", {"channel": DM, **said}


def _edit(said: Json) -> tuple[str, Json]:
    shown = {name: value for name, value in said.items() if not name.startswith("unfurl")}
    return "chat.update", {"channel": DM, "ts": "1793718000.000100", **shown}


def _changes(text: str) -> Iterator[tuple[str, Json]]:
    """What the daily look around found: a wrong attribute, a card that expires, and both of them right again."""
    empty: dict[str, Any] = dict.fromkeys(
        (
            "spend_token",
            "client_secret",
            "csv",
            "selector",
            "mapping",
            "options",
            "watermark",
            "last_fired",
            "removed",
            "card_read",
        )
    )
    connection = Connection(
        id="c0123456789",
        workspace_id=":T0HARBOR",
        company=1,
        name="Portland",
        state=ConnectionState.ACTIVE,
        entity_id="100",
        entity_name=text or "Portland",
        card=text or CARD_ID,
        card_account="2150",
        default_location="100",
        channel="C0FINANCE",
        schedule="0 7 * * *",
        time_zone="America/Los_Angeles",
        start_date=date(2026, 10, 1),
        spend_company="cmp_1",
        spend_company_name="Harbor & Pine Cards",
        client_id="",
        owner="U0DANA",
        activated=NOW,
        revision=3,
        created=NOW,
        **empty,
    )
    wrong = Check("REQUIREDEPT", StepState.PROBLEM, text or "Department is required, it should not be.")
    soon = Check("expiry", StepState.TOLD, text or "The card expires 12/2026; on that day posting ends.")
    for mark in (Mark(ACCOUNT, wrong, NOW), Mark(CARD, soon, NOW), _coded(text)):
        yield _post(drift.changed(mark, connection))
        yield _edit(drift.changed(mark, connection, NOW))
        yield _edit(drift.solved(mark, connection, NOW))
    yield _edit(drift.handed_over(_coded(text), connection, NOW))
    yield _post(drift.changed(_coded(text), dataclasses.replace(connection, csv={"path": "cards.csv"})))


def _coded(text: str) -> Mark:
    """Values that transactions are coded to and that Intacct does not take any more."""
    used = "12 transactions since 5 Aug, the newest of 2 Nov,"
    closed = f"Account 6440 Meals: Status is inactive, it should be active: {used} use it. Or match it to another one."
    required = f"Account 6420 Travel requires the class now, and {used} came without it. Fill it in Spend Center."
    gone = "Department 20 is not in Company > Departments any more, and rule R-3 uses it. Change R-3 under `/intacct rules`."
    sentences = [closed, required, gone]
    said = summary([text] * 9 if text else sentences)
    return Mark(FINISH, Check("values", StepState.PROBLEM, said), NOW, told=("config.gl_account account 6440",))


def _forms(name: str, error: str) -> Iterator[tuple[str, Json]]:
    key = "w0123456789:5"
    before = {"company_id": name, "user_id": name, "number": "2150", "category": "Accrued expenses", "zone": "UTC"}
    views = [
        modals.company(key, before, error),
        modals.password(key, name, before, error),
        modals.hand_over(key, SENDER),
        modals.entity(key, listed=True),
        modals.entity(key, listed=False, before=name),
        modals.new_account(key, ["Accrued expenses", name], before, error),
        modals.pick_account(key),
        modals.pick_card(key),
        spend.token(key, before, error),
        _fields(key, name, error),
        spend.doubts(key, [(Dimension.GL_ACCOUNT, proposals.Doubt(f"tvl_{n}", name, "6240")) for n in range(22)], {}),
        spend.choices(
            key,
            before={"start": "2026-10-01", "channel": "C0FINANCE", "time": "07:00", "zone": "UTC"},
            selected=[(name, "b:bgt_1")],
            whole=name,
            error=error,
            warn_public=True,
            taken=f"As for {name}: account from {name}; start, channel and time too. Change what differs here.",
        ),
    ]
    for view in views:
        yield "views.open", {"trigger_id": "1.2.3", "view": view}
    yield "ack_view", {"response_action": "update", "view": modals.waiting("Enter the password", ui.CHECKING)}
    yield "views.update", {"view_id": "V1", "view": modals.told("Enter the password", f"Signed in to {name}.")}
    yield "views.update", {"view_id": "V1", "view": spend.rows(_preview(name))}


def _fields(key: str, name: str, error: str) -> Json:
    field = CustomField("cfd_1", name, "CUSTOM_SELECTOR", required=True, values=(("tvl_1", name), ("tvl_2", "6120")))
    matched = proposals.match(Dimension.GL_ACCOUNT, field, [DimensionValue("6120", "Office supplies", active=True)])
    proposed = {Dimension.GL_ACCOUNT: matched}
    return spend.fields(key, name, 14, [field], proposed, [Dimension.GL_ACCOUNT, Dimension.PROJECT], error)


def _preview(merchant: str) -> Preview:
    verdict = Verdict("dimension.required", "6420 department", RetryClass.NO)
    words = Words("37 transactions need a department", "Why", ("A way",), "", "accountants")
    row = PreviewRow("txr_1", PostingState.FAILED, Decimal("612.40"), "USD", date(2026, 10, 12), verdict, merchant)
    cause = PreviewCause(verdict, 70, Decimal("8214.60"), words)
    return Preview((80, Decimal("29942.82")), (cause,), (row,) * 70, {"before the start": 3}, "USD")


# --- set-ups as they stand --------------------------------------------------------------------------------------------


def _walks() -> Iterator[Walkthrough]:
    """A new one, one in the middle with problems, one that is done, and one whose every name is hostile."""
    yield _walk({}, {})
    yield _walk({"scope": "unsure"}, {})
    halfway: dict[str, Any] = {
        "scope": "entity",
        "company_id": "HarborPine",
        "user_id": "Spendcenter",
        "kind": "role",
        "breadth": "needed",
        "account_by": "self",
    }
    problem = Check("sender", StepState.PROBLEM, "`HarborPine` does not accept `harborpine-bot` yet.")
    yield _walk(halfway, {SENDER: [problem]}, asked={USER: "U0SAM", PERMISSIONS: "U0SAM"})
    yield _walk({**halfway, "kind": "user", "breadth": "all"}, {SENDER: [problem]})
    done = {number: [Check("done", StepState.DONE, f"step {number} is checked")] for number in STEPS}
    yield _walk(_answers("Portland"), done)
    hostile = [Check(f"c{at}", StepState.PROBLEM, HOSTILE) for at in range(12)]
    yield _walk(_answers(HOSTILE), {**done, ENTITY: hostile, CARD: hostile, PERMISSIONS: hostile})


def _answers(name: str) -> dict[str, Any]:
    return {
        "scope": "entity",
        "company_id": name,
        "user_id": name,
        "kind": "role",
        "breadth": "all",
        "entity_id": "100",
        "entity_name": name,
        "account": "2150",
        "card": name,
        "spend_company": "cmp_1",
        "spend_company_name": name,
        "spend_before": name,
        "mapping": {"gl_account": {}},
        "start_date": "2026-10-01",
        "preview": {
            "n": 80,
            "total": "29942.82",
            "currency": "USD",
            "causes": [{"n": 37, "total": "8214.60", "words": name}] * 12,
        },
    }


def _walk(answers: dict[str, Any], found: dict[int, list[Check]], asked: dict[int, str] | None = None) -> Walkthrough:
    steps: dict[str, Any] = {}
    for number, checks in found.items():
        steps = progress.mark(steps, number, checks, NOW, "U0DANA")
    for number, user in (asked or {}).items():
        steps = progress.set_aside(steps, number, assignee=user)
    return Walkthrough(
        id="w0123456789",
        workspace_id=":T0HARBOR",
        owner="U0DANA",
        state=OPEN,
        step=FINISH if answers.get("preview") else 1,
        connection_id=None,
        company=None,
        answers=answers,
        steps=steps,
        messages={},
        spend_token=None,
        client_secret=None,
        password=None,
        password_user="",
        password_given=None,
        revision=0,
        created=NOW,
        updated=NOW,
    )
