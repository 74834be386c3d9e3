"""Whose failure it is: a source that is away, refuses or cannot be read is told as such, by its own sentence, everywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.commands import Synced
from bot.hints.classify import classify
from bot.hints.explain import explain
from bot.hints.source import fault_of
from bot.models import Fault, Level, Operation, RunState, Secret
from bot.printing import synced
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.spend import errors
from bot.spend.client import SpendClient
from bot.spend.source import Source
from bot.store.connections import Connection
from bot.sync import alerts as views
from handlers.ui import alerts as ui
from tests.exports import HEADING, connect_file
from tests.office import DANA, office
from tests.test_handlers_digest import digests, scheduled
from tests.world import CALLS_PER_MINUTE, World, world

ANSWERS = [
    (500, "Internal Server Error", "could not answer (HTTP 500)"),
    (503, "<html>maintenance</html>", "could not answer (HTTP 503)"),
    (200, "<html>Sign in</html>", "something that is not data"),
    (302, "", "points elsewhere (HTTP 302)"),
    (404, '[{"code":"BDC_1131","message":"Not found"}]', "nothing under this address (HTTP 404)"),
    (400, '[{"code":"BDC_1121","message":"filters: unknown field"}]', "It said: filters: unknown field"),
]
"""Status, body, and the words of the sentence that the error already carries."""
BLAMES_INTACCT = (
    "Intacct does not answer",
    "Intacct refused",
    "Intacct asks",
    "for Intacct",
    "Sage's status",
    "Sage admin",
)


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, cards=("4417",)) as made:
        yield made


def without_waiting(harbor: World) -> None:
    async def at_once(_seconds: float) -> None:
        return

    def source(_connection: Connection) -> Source:
        return SpendClient(
            harbor.settings.spend_center_url,
            token=Secret(SPEND_TOKEN),
            calls_per_minute=CALLS_PER_MINUTE,
            sleep=at_once,
        )

    harbor.parts.reach.source_for = source


async def alert_of(harbor: World, connection: Connection) -> views.AlertView:
    """The only alert, whose cause has lasted for longer than what passes by itself."""
    ids = set(await views.reconcile(harbor.parts.store, connection.id, harbor.clock()))
    assert len(ids) == 1
    view = await views.view(harbor.parts.store, ids.pop())
    assert view is not None
    return view


def shown(view: views.AlertView, harbor: World) -> str:
    said = [ui.alert(view, ui.Cast(harbor.clock().date())), ui.details(view)]
    return json.dumps(said, ensure_ascii=False)


@pytest.mark.parametrize(("status", "body", "words"), ANSWERS)
async def test_an_answer_that_is_none_of_spend_centers_is_told_as_spend_centers_failure(
    harbor: World, capsys: pytest.CaptureFixture[str], status: int, body: str, words: str
) -> None:
    without_waiting(harbor)
    connection = await harbor.connect("100")
    await harbor.spend.control("fault", {"kind": "answer", "status": status, "body": body, "count": 1000})
    first = await harbor.sync(connection)
    harbor.clock.pass_(hours=1)
    run = await harbor.sync(connection)

    assert (first.state, run.state) == (RunState.STOPPED, RunState.STOPPED)
    view = await alert_of(harbor, connection)
    assert view.verdict.category.startswith("source.")
    told = shown(view, harbor)
    assert words in told
    assert "Spend Center" in view.words.header
    assert not [blamed for blamed in BLAMES_INTACCT if blamed in told]

    assert synced(Synced(run, [], 0.0), as_json=False) == 1
    printed = capsys.readouterr().err
    assert words in printed
    assert not [blamed for blamed in BLAMES_INTACCT if blamed in printed]

    await harbor.spend.control("clear_faults", {})
    assert (await harbor.sync(connection)).state == RunState.FINISHED
    await views.reconcile(harbor.parts.store, connection.id, harbor.clock())
    solved = await views.view(harbor.parts.store, view.alert.id)
    assert solved is not None
    assert solved.solved
    assert ui.solved_title(solved) == "Solved: the sync runs again"


async def test_a_line_that_drops_is_spend_centers_and_an_unreadable_answer_of_intacct_has_words_of_its_own(
    harbor: World,
) -> None:
    without_waiting(harbor)
    connection = await harbor.connect("100")
    await harbor.spend.control("fault", {"kind": "down", "count": 1000})
    await harbor.sync(connection)
    harbor.clock.pass_(hours=1)
    await harbor.sync(connection)
    assert (await alert_of(harbor, connection)).words.header == "Spend Center does not answer at the moment"

    def words(**made: Any) -> str:
        return classify(Fault(Level.TRANSPORT, operation=Operation.READ, **made)).detail("cause")

    assert words(http_status=503) == "gateway-trouble"
    assert words(note="ConnectError") == "gateway-trouble"
    assert words(http_status=200, note="The answer is not well-formed XML.") == "gateway-unreadable"


@pytest.mark.parametrize(
    ("error", "cause", "retry"),
    [
        (errors.SourceAuth("x", http_status=401), "source-token-refused", "no"),
        (errors.SourceBusy("x", http_status=429), "source-too-fast", "wait"),
        (errors.SourceUnavailable("x"), "source-away", "wait"),
        (errors.SourceUnavailable("x", http_status=502), "source-away", "wait"),
        (errors.SourceUnavailable("x", http_status=200), "source-unreadable", "wait"),
        (errors.SourceRefused("x"), "source-address", "no"),
        (errors.SourceRefused("x", http_status=302), "source-address", "no"),
        (errors.SourceMissing("x", http_status=404), "source-address", "no"),
        (errors.SourceRefused("x", http_status=400), "source-refused", "no"),
        (errors.CsvRefused([errors.CsvProblem(1, "Amount", "x")]), "source-file-refused", "no"),
    ],
)
def test_every_failure_of_a_source_has_a_hint_of_its_own_category(
    error: errors.SourceError, cause: str, retry: str
) -> None:
    found = classify(fault_of(error))
    assert (found.detail("cause"), found.category, found.retry) == (cause, error.category, retry)


@pytest.mark.parametrize(("status", "body", "words"), ANSWERS)
def test_raw_answers_of_spend_center_can_be_explained(status: int, body: str, words: str) -> None:
    error = errors.failure(status, {}, body.encode()) if status >= 300 else None
    said = str(error) if error else "Spend Center answered with something that is not data."
    raw = {"level": "transport", "side": "spend_center", "operation": "read", "http_status": status}
    [told] = explain(json.dumps({**raw, "errors": [{"description": said}]}))
    assert words in told["hint"]
    assert told["category"].startswith("source.")
    [bare] = explain(json.dumps(raw))
    assert bare["category"] == told["category"]
    assert "Spend Center" in bare["hint"]


# --- an export file ---------------------------------------------------------------------------------------------------

GOOD = HEADING + "\n" + "txr_1,2026-11-02,10.00,Diner,6440\n"

FILES: list[tuple[bytes | None, list[str]]] = [
    (
        b"Transaction ID,Date,Total,Merchant,GL Account\ntxr_1,2026-10-30,10.00,Diner,6440\n",
        ["october.csv, line 1, Amount: there is no column with this heading"],
    ),
    (None, ["october.csv: the file is not there or may not be read"]),
    (
        HEADING.encode() + b"\ntxr_1,2026-11-02,10.00,Caf\xe9,6440\n",
        ["october.csv, line 2: this is not utf-8-sig text"],
    ),
    (
        HEADING.encode()
        + b"\ntxr_1,2026-11-02,ten,Diner,6440\ntxr_2,2026-11-02,10.00,Diner,6440\ntxr_3,02,1.00,x,6440\n",
        ["october.csv, line 2, Amount: “ten” is not an amount. And 1 more problem in this file."],
    ),
]


@pytest.mark.parametrize(("content", "words"), FILES)
async def test_a_file_that_is_refused_is_told_by_its_own_sentence_and_posts_once_it_is_right(
    harbor: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: list[str]
) -> None:
    path = tmp_path / "october.csv"
    connection = await connect_file(harbor, path)
    if content is not None:
        path.write_bytes(content)
    run = await harbor.sync(connection)

    view = await alert_of(harbor, connection)
    assert (run.category, view.words.header) == ("source.file", "The export file cannot be taken")
    synced(Synced(run, [], 0.0), as_json=False)
    for told in (view.words.why, capsys.readouterr().err):
        assert all(one in told for one in words), told
    assert not [blamed for blamed in BLAMES_INTACCT if blamed in shown(view, harbor)]

    path.write_text(GOOD)
    harbor.clock.pass_(minutes=1)
    done = await harbor.sync(connection)
    assert (done.state, done.posted) == (RunState.FINISHED, 1)
    assert sum(harbor.booked().values()) == Decimal("10.00")


async def test_alert_direct_message_and_digest_name_the_file_the_line_and_the_column(tmp_path: Path) -> None:
    sentence = FILES[0][1][0]
    async with office(tmp_path) as made:
        path = tmp_path / "october.csv"
        path.write_bytes(FILES[0][0] or b"")
        made.far.clock.now = made.clock()
        one = await connect_file(made.far, path)
        await made.room.in_(DANA).types("sync")

        direct = await made.room.reads(
            "The sync of 100 Portland stopped. The export file cannot be taken.", made.room.mine
        )
        assert sentence in direct["text"]
        alert = await made.room.reads("The export file cannot be taken")
        assert sentence in alert["text"]
        assert "And 1 more" not in alert["text"]

        later = await scheduled(made, one, "0 7 * * *")
        await digests(made).job(0, connection_id=later.id, day=made.clock().date().isoformat())
        digest = await made.room.reads("Cards to Intacct, ")
        assert sentence in json.dumps(digest["blocks"], ensure_ascii=False)

        path.write_text(GOOD)
        await made.room.presses("The export file cannot be taken", "Sync again")
        await made.room.reads("Solved: the sync runs again")
        assert sum(made.far.booked().values()) == Decimal("10.00")
