"""Answers: believed only when they cannot mislead, whatever arrives."""

from __future__ import annotations

import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intacct import errors as tree
from bot.intacct.answers import MOST_BYTES, Answer, GarbledBody, parse, readable, rows
from bot.intacct.batches import Lost, Outcome, Recorded, Refused, cut_evenly, outcomes
from bot.models import Fault, Level, Operation, RawError


def body(operation: str, control: str = "<status>success</status><controlid>r1</controlid>") -> bytes:
    return f"<response><control>{control}</control>{operation}</response>".encode()


def operation(results: str, authentication: str = "<status>success</status>") -> str:
    return f"<operation><authentication>{authentication}</authentication>{results}</operation>"


def result(controlid: str, inner: str, status: str = "success") -> str:
    return f"<result><status>{status}</status><function>f</function><controlid>{controlid}</controlid>{inner}</result>"


FAILED = "<errormessage><error><errorno>BL01001973</errorno><description2>No.</description2></error></errormessage>"


def read(document: bytes, secrets: tuple[str, ...] = ()) -> Answer:
    return parse(document, http_status=200, operation=Operation.WRITE, secrets=secrets)


def judged(results: str, *controlids: str) -> list[Outcome]:
    return outcomes(read(body(operation(results))), controlids)


# --- what is believed -------------------------------------------------------------------------------------------------


def test_results_and_the_life_of_the_session_are_read() -> None:
    authentication = (
        "<status>success</status><sessiontimestamp>2026-10-05T12:00:00+00:00</sessiontimestamp>"
        "<sessiontimeout>2026-10-05T18:10:00+04:00</sessiontimeout>"
    )
    answer = read(body(operation(result("a", "<key>7</key>"), authentication)))
    assert answer.failed is None
    assert (answer.results[0].key, answer.session_seconds) == ("7", 2 * 3600 + 600)


def test_a_refusal_at_the_door_and_one_at_the_sign_in_are_told_apart() -> None:
    door = read(b"<response><control><status>failure</status></control>" + FAILED.encode() + b"</response>")
    sign_in = read(body(operation(FAILED, "<status>failure</status>")))
    assert (door.failed, sign_in.failed) == (Level.CONTROL, Level.AUTHENTICATION)
    assert door.errors == sign_in.errors == (RawError("BL01001973", "", "No."),)


@pytest.mark.parametrize(
    "garbled",
    [
        b"",
        b"<!DOCTYPE html><html><body>502</body></html>",
        b"<html><head/></html>",
        body(operation(result("a", "<key>7</key>")))[:-12],
        b'<!DOCTYPE response [<!ENTITY x "y">]>' + body(operation("")),
        b"<!-- <response --><!DOCTYPE response>" + body(operation("")),
        body(operation(result("a", "<key>7&x;</key>"))),
        body(operation("")) + body(operation("")),
        body(""),
        body(operation(""), "<status>maybe</status>"),
        body(operation(""), "<status>success</status><status>failure</status>"),
        body(operation(result("a", "<key>7</key>")), "<status>failure</status>"),
        body(operation(result("a", "<key>7</key>"), "<status>failure</status>")),
        body(operation("", "<status>perhaps</status>")),
        body(operation("") + operation("")),
        body("<operation></operation>"),
        body(operation(result("a", "<key>7</key><key>8</key>"))),
        body(operation(result("a", "<key>7</key><controlid>b</controlid>"))),
        body(operation(result("a", "<key><b>7</b></key>"))),
        b"x" * (MOST_BYTES + 1),
        "<response>\ud800</response>".encode("utf-8", "surrogatepass"),
    ],
)
def test_what_could_mislead_is_not_believed(garbled: bytes) -> None:
    with pytest.raises(GarbledBody):
        read(garbled)


def test_a_page_in_html_is_told_as_such_before_anything_is_parsed() -> None:
    with pytest.raises(GarbledBody, match="DOCTYPE"):
        read(b"<!DOCTYPE html><html><br>cf-error-details</html>")


def test_a_document_in_another_encoding_cannot_hide_a_doctype() -> None:
    hidden = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE response [<!ENTITY k "7">]><response/>'
    with pytest.raises(GarbledBody, match="DOCTYPE"):
        read(hidden.encode("utf-16"))


def test_an_entity_bomb_costs_nothing() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?>\n<!DOCTYPE response [<!ENTITY l0 "ha">{levels}]><response>&l11;</response>'
    with pytest.raises(GarbledBody):
        read(bomb.encode())


# --- rows -------------------------------------------------------------------------------------------------------------


def test_rows_are_upper_case_paths_and_a_field_that_comes_twice_keeps_both() -> None:
    data = (
        "<data><creditcard><CardId>X</CardId><LOCATION>Portland</LOCATION><LOCATION>100</LOCATION>"
        "<contact><Name>Dana</Name></contact><EMPTY/></creditcard></data>"
    )
    answer = read(body(operation(result("a", data))))
    assert rows(answer.results[0].data) == [
        {"CARDID": "X", "LOCATION": "Portland", "LOCATION#2": "100", "CONTACT.NAME": "Dana", "EMPTY": ""}
    ]


# --- errors -----------------------------------------------------------------------------------------------------------

ADDITIONAL = """<errormessage><error><errorno>BL01001973</errorno><description>Duplicate account number</description>
<description2>The account number &amp;#039;5000.11&#039; already exists [Support ID: EsppO%7EZEcj0]</description2>
<correction>Enter <b>unique</b> account number</correction>
<additionalinfo><errorid>GL-0493</errorid><category>Duplication Prevention</category>
<target domain="" requestinfo="x" object="GLACCOUNT" field="ACCOUNTNO" businessinfo=""/>
<description><messageid>IA.DUPLICATE_ACCOUNT_NUMBER</messageid><target object="" field=""/><placeholders/></description>
<cdescription><messageid>IA.THE_ACCOUNT_NUMBER_ALREADY_EXISTS</messageid>
<placeholders><placeholder name="ACCOUNTNO" value="5000.11"/></placeholders></cdescription>
<correction><messageid></messageid><placeholders><TITLE>Cash</TITLE>
<placeholder><name>K</name><value>V</value></placeholder></placeholders></correction>
</additionalinfo></error></errormessage>"""


def test_an_error_is_read_with_its_stable_ids() -> None:
    (error,) = read(body(operation(result("a", ADDITIONAL, "failure")))).results[0].errors
    assert error == RawError(
        errorno="BL01001973",
        description="Duplicate account number",
        description2="The account number '5000.11' already exists [Support ID: EsppO%7EZEcj0]",
        correction="Enter unique account number",
        error_id="GL-0493",
        category="Duplication Prevention",
        target="GLACCOUNT.ACCOUNTNO",
        message_ids=("IA.DUPLICATE_ACCOUNT_NUMBER", "IA.THE_ACCOUNT_NUMBER_ALREADY_EXISTS"),
        placeholders=(("ACCOUNTNO", "5000.11"), ("TITLE", "Cash"), ("K", "V")),
    )


def test_texts_lose_tags_and_secrets_but_no_comparison_and_no_support_id() -> None:
    assert readable("<p>must be < 5 and > 3</p>") == "must be < 5 and > 3"
    assert readable("password user-pass-22 refused", ["user-pass-22"]) == "password … refused"
    capped = readable("x" * 9000 + " [Support ID: Ab%7E1]")
    assert len(capped) <= 2000
    assert capped.endswith("[Support ID: Ab%7E1]")


def test_an_error_that_repeats_a_password_is_blanked() -> None:
    said = '<errormessage><error><description2>Value "user-pass-22" is wrong.</description2></error></errormessage>'
    answer = read(body(operation(said, "<status>failure</status>")), ("user-pass-22",))
    assert answer.errors[0].description2 == 'Value "…" is wrong.'


# --- outcomes ---------------------------------------------------------------------------------------------------------


def test_each_posting_gets_what_its_own_result_proves() -> None:
    found = judged(
        result("c", FAILED, "failure")
        + result("a", "<key>7001</key>")
        + result("d", FAILED, "aborted")
        + result("stranger", "<key>9</key>"),
        *("a", "b", "c", "d"),
    )
    assert found[0] == Recorded("a", "7001")
    assert [type(one) for one in found] == [Recorded, Lost, Refused, Refused]
    assert isinstance(found[2], Refused)
    assert (found[2].fault.level, found[2].fault.errors[0].description2) == (Level.FUNCTION, "No.")


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ("", "success"),
        ("<key> </key>", "success"),
        ("<key>7 8</key>", "success"),
        (f"<key>7</key>{FAILED}", "success"),
        ("<key>7</key>", "failure"),
        (FAILED, "pending"),
        ("<key>7</key>", ""),
    ],
)
def test_a_result_that_contradicts_itself_proves_nothing(inner: str, status: str) -> None:
    assert isinstance(judged(result("a", inner, status), "a")[0], Lost)


def test_two_results_for_one_id_prove_nothing_even_if_they_agree() -> None:
    assert isinstance(judged(result("a", "<key>7</key>") * 2, "a")[0], Lost)


@given(st.data())
def test_results_in_any_order_doubled_or_missing_map_to_their_own_posting(data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 12))
    ids = [f"cc-{n}" for n in range(number)]
    fates = {one: data.draw(st.sampled_from(["key", "failure", "missing", "twice"])) for one in ids}
    texts: list[str] = []
    for one, fate in fates.items():
        if fate == "failure":
            texts.append(result(one, FAILED, "failure"))
        elif fate != "missing":
            texts += [result(one, f"<key>9{one[3:]}</key>")] * (2 if fate == "twice" else 1)
    random.Random(data.draw(st.integers())).shuffle(texts)
    for outcome in judged("".join(texts), *ids):
        match fates[outcome.controlid]:
            case "key":
                assert outcome == Recorded(outcome.controlid, f"9{outcome.controlid[3:]}")
            case "failure":
                assert isinstance(outcome, Refused)
            case _:
                assert isinstance(outcome, Lost)


WHOLE = body(operation(result("a", "<key>7001</key>") + result("b", FAILED, "failure")))


@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_garbage_is_never_an_answer(garbage: bytes) -> None:
    with pytest.raises(GarbledBody):
        read(garbage)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_cut_off_answer_is_never_an_answer(length: int) -> None:
    with pytest.raises(GarbledBody):
        read(WHOLE[:length])


@settings(max_examples=400)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(0, 8))
def test_a_damaged_answer_raises_only_our_own_and_moves_no_record_to_another_posting(
    at: int, byte: int, removed: int
) -> None:
    damaged = WHOLE[:at] + bytes([byte]) + WHOLE[at + removed :]
    try:
        found = outcomes(read(damaged), ["a", "b", "z"])
    except GarbledBody:
        return
    assert not isinstance(found[2], Recorded | Refused) or b"z" in bytes([byte])
    assert not isinstance(found[1], Recorded) or b"<controlid>b</controlid>" not in damaged


# --- the tree, and cutting --------------------------------------------------------------------------------------------


def test_every_failure_survives_pickling_and_tells_one_line() -> None:
    fault = Fault(Level.CONTROL, (RawError("XL03000006", "", "Incorrect Intacct XML Partner ID or password."),), 200)
    copy = pickle.loads(pickle.dumps(tree.ControlFailure(fault)))
    assert (type(copy), copy.fault) == (tree.ControlFailure, fault)
    assert str(copy) == "control · HTTP 200 · Incorrect Intacct XML Partner ID or password."
    busy = pickle.loads(pickle.dumps(tree.Busy(fault, 7.0)))
    assert (busy.fault, busy.retry_after) == (fault, 7.0)


def test_what_proves_nothing_ran_is_never_an_unknown_outcome() -> None:
    def leaves(kind: type[Exception]) -> set[type[Exception]]:
        return {kind}.union(*(leaves(child) for child in kind.__subclasses__()))

    assert leaves(tree.NotExecuted).isdisjoint(leaves(tree.OutcomeUnknown))
    ours = {kind for kind in leaves(tree.IntacctError) if kind.__module__ == tree.__name__}
    assert all(f" {kind.__name__} " in f"{tree.__doc__} " for kind in ours)


@pytest.mark.parametrize(
    ("number", "slots", "sizes"),
    [(0, 2, []), (1, 2, [1]), (3, 2, [2, 1]), (100, 2, [50, 50]), (201, 2, [51, 50, 50, 50]), (100, 1, [100])],
)
def test_batches_are_even_and_keep_every_slot_busy(number: int, slots: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in cut_evenly(range(number), slots)] == sizes


@given(st.integers(0, 5000), st.integers(1, 8), st.integers(1, 100))
def test_cutting_loses_and_repeats_nothing(number: int, slots: int, largest: int) -> None:
    batches = cut_evenly(range(number), slots, largest)
    assert [one for batch in batches for one in batch] == list(range(number))
    assert all(0 < len(batch) <= largest for batch in batches)
