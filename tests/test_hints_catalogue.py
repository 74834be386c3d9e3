"""The catalogue walked from end to end, the sentences made of it, and the command line's interface."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.hints.catalogue import CATEGORIES, HINTS, hint_for, verdict
from bot.hints.classify import classify
from bot.hints.explain import catalogue_rows, explain, markdown
from bot.hints.hint import Hint, seen
from bot.hints.words import Words, details_line, render
from bot.models import Fault, RawError, RetryClass, Verdict

ALL = [pytest.param(hint, id=key) for key, hint in HINTS.items()]
SLUGS = """auth.sender_not_authorized auth.sender_credentials auth.login auth.session auth.user_state auth.entity_access
auth.company_state permission.missing subscription.off config.card_account config.gl_account config.gl_restricted
dimension.required dimension.invalid dimension.restricted entity.location vendor.invalid period.closed date.invalid
currency tax smart_rule duplicate.record duplicate.request data.format amount attachment limit.rate transient.gateway
transient.lock outcome.unknown request.malformed source.auth source.rate_limit source.locked source.incomplete
source.mapping source.duplicate source.changed source.unavailable source.refused source.file unknown""".split()  # noqa: SIM905  # reads as the sheet does
HELD = {
    "held.refund",
    "held.fee",
    "held.twin",
    "held.receipt",
    "held.entity",
    "held.split",
    "held.amount",
    "held.parts",
    "held.whole",
}
NEVER_SHOWN = re.compile(
    r"\b(?:attempt|controlid|session|payload|xml|api|endpoint|batch|classifier|drift|hint|pending|oops|great|please|"
    r"unknown outcome|outcome unknown)\b|!",
    re.IGNORECASE,
)


def words_of(hint: Hint, n: int = 3) -> Words:
    said = (
        classify(hint.examples[0]) if hint.examples else Verdict(hint.category, "", hint.retry, (("cause", hint.key),))
    )
    return render(hint, said, n=n)


def test_every_category_has_a_hint_and_no_hint_has_a_category_of_its_own() -> None:
    assert set(CATEGORIES) == set(SLUGS) | HELD
    assert len(HINTS) >= 70


@pytest.mark.parametrize("hint", ALL)
def test_every_example_is_really_classified_to_its_hint(hint: Hint) -> None:
    for fault in hint.examples:
        found = classify(fault)
        assert (found.detail("cause"), found.category, found.retry) == (hint.key, hint.category, hint.retry)
        assert hint_for(found) is hint


def test_only_causes_that_the_sync_finds_itself_have_no_example() -> None:
    without = {hint.category.split(".")[0] for hint in HINTS.values() if not hint.examples}
    assert without == {"source", "held"}


@pytest.mark.parametrize("hint", ALL)
@pytest.mark.parametrize("n", [1, 37])
def test_what_people_read_is_whole_short_and_free_of_our_jargon(hint: Hint, n: int) -> None:
    bare = render(hint, Verdict(hint.category, "", hint.retry, (("cause", hint.key),)), n=n)
    for words in (bare, words_of(hint, n)):
        ours = [words.header, *words.ways, words.retry_note, words.who]
        ours += [] if "{said}" in hint.why else [words.why]
        for text in ours:
            assert text.strip() == text
            assert not re.search(r"[{}\[\]]|  ", text), text
            assert "{correction}" in "".join(hint.ways) or not NEVER_SHOWN.search(text), text
        assert len(words.header) <= 150
        assert 1 <= len(words.ways) <= 4


@pytest.mark.parametrize("hint", ALL)
def test_who_can_mend_it_is_told_where_to_click(hint: Hint) -> None:
    people = {"accountants", "the controller", "the Sage Intacct administrator"}
    if hint.who in people and not hint.category.startswith(("held.", "source.", "unknown")):
        assert any(re.search(r" > |\{menu\}| here\b", way) for way in hint.ways), hint.ways


def test_three_transactions_and_one_read_differently() -> None:
    hint = HINTS["dimension-required"]
    said = classify(hint.examples[0])
    assert render(hint, said, n=1).header == "1 transaction needs a department"
    assert render(hint, said, n=1).retry_note == "Retry posts it once, on its own date."
    assert render(hint, said, n=1_204).header == "1,204 transactions need a department"
    item = replace(said, details=(("account", "5020"), ("dimension", "item")))
    assert render(hint, item, n=2).header == "2 transactions need an item"


def test_the_words_for_a_required_department_are_those_that_were_agreed() -> None:
    said = classify(seen("The account number '6420' requires a Department."))
    words = render(hint_for(said), said, n=37, names={"account": "Travel"}, others_posted=80)
    assert words == Words(
        header="37 transactions need a department",
        why="Account 6420 Travel requires a department and these came without one. The other 80 of this sync posted.",
        ways=("Choose the department here.", "Or fill it in Spend Center, then retry."),
        retry_note="Retry posts each of the 37 once, on its own date, and stops at the first that fails the same way.",
        who="accountants",
    )


def test_the_words_for_a_closed_cash_management_are_those_that_were_agreed() -> None:
    said = classify(
        seen("The Cash Management subledger is closed for 10/31/2026."),
        known={"entity": "200", "entity_name": "Denver"},
    )
    words = render(hint_for(said), said, n=4, names={"first_open": "1 Nov"})
    assert words.header == "4 transactions fall in a closed period"
    assert words.why == "They were completed in Spend Center after the close."
    assert words.ways[0] == "Post them on 1 Nov, the first open day; each keeps its own date in the description."
    assert words.ways[1] == (
        "Or keep October: Cash Management > All > Subledger > Open, October, entity 200 Denver (left blank, only the top "
        "level opens). Retry, then close it again. I never open or close books."
    )
    assert words.who == "the controller"
    general = classify(seen("The General Ledger is closed for October 2026"))
    assert "General Ledger > Books > Open, with Cash Management ticked" in render(hint_for(general), general).ways[1]
    either = classify(seen("October 2026 is closed"))
    assert "General Ledger or Cash Management is closed for October" in render(hint_for(either), either).why


def test_the_words_for_a_withdrawn_sender_are_those_that_were_agreed() -> None:
    said = classify(HINTS["sender-not-authorized"].examples[0])
    words = render(hint_for(said), said, n=12)
    assert words.header == "Syncing is paused: Intacct no longer lets this app in"
    assert words.why == (
        "Sender ID harborpine-bot was removed or made inactive in Intacct. User and password were not the reason given. "
        "What was posted before stands; nothing is half posted."
    )
    assert words.ways == (
        "Company > Setup > Company > Security > Edit.",
        "Web Services authorizations: add harborpine-bot, or set it to Active.",
        "Save, and Save the page.",
        "Check and resume.",
    )
    assert words.who == "the Sage Intacct administrator"
    assert "Retry" not in words.retry_note


def test_a_lost_answer_says_that_it_is_being_checked() -> None:
    said = classify(HINTS["no-answer"].examples[0])
    words = render(hint_for(said), said, n=1)
    assert words.header == "1 transaction: checking with Intacct whether it posted"
    assert "Do not enter it by hand" in words.text()


@pytest.mark.parametrize(
    ("text", "n", "header"),
    [
        ("GL account 6215 is inactive", 6, "6 transactions use account 6215 Software (old), which is inactive"),
        (
            "Project 'P-1042' has a status that prevents posting",
            3,
            "3 transactions use project P-1042, which is completed",
        ),
        ("Location '250' is inactive", 2, "2 transactions use location 250 Boulder, which was closed"),
    ],
)
def test_the_causes_of_the_story_name_their_object(text: str, n: int, header: str) -> None:
    said = classify(seen(text))
    names = {"6215": "6215 Software (old)", "location 250": "250 Boulder"}
    if "location" in said.subject:
        names["value"] = "Boulder"
    assert render(hint_for(said), said, n=n, names=names).header == header


def test_what_the_sync_holds_has_words_of_its_own() -> None:
    refund = verdict("refund-first")
    assert (refund.category, render(hint_for(refund), refund, n=1).header) == (
        "held.refund",
        "1 refund needs your choice",
    )
    mapped = Verdict(
        "source.mapping", "GL Account: Widgets", RetryClass.NO, (("field", "GL Account"), ("value", "Widgets"))
    )
    assert (
        render(hint_for(mapped), mapped).why
        == "GL Account Widgets in Spend Center is not matched to anything in Intacct."
    )
    bare = Verdict("source.mapping", "account", RetryClass.NO, (("dimension", "account"),))
    assert render(hint_for(bare), bare, n=2).header == "2 transactions have no account"
    two = replace(mapped, details=(*mapped.details, ("conflict", "yes")))
    assert hint_for(two).key == "source-fields-disagree"
    with pytest.raises(KeyError):
        verdict("no-such-cause")


def test_an_alert_whose_rows_are_gone_still_names_its_object() -> None:
    required = Verdict("dimension.required", "6420 department", RetryClass.NO)
    assert render(hint_for(required), required, n=2).why.startswith("Account 6420 requires a department")
    closed = Verdict("period.closed", "October 2026, Cash Management", RetryClass.NO)
    assert "keep October" in render(hint_for(closed), closed, n=2).ways[1]
    sender = Verdict("auth.sender_not_authorized", "harborpine-bot", RetryClass.NO)
    assert "add harborpine-bot" in render(hint_for(sender), sender).text()


def test_a_category_from_elsewhere_is_shown_as_not_recognised() -> None:
    assert hint_for(Verdict("no.such", "", RetryClass.NO)).key == "not-recognised"


def test_intacct_s_own_advice_is_given_when_nothing_is_known() -> None:
    said = classify(seen("Gremlins", errorno="BL77", correction="Feed them."))
    words = render(hint_for(said), said)
    assert "Feed them." in words.ways[0]
    silent = classify(seen("Gremlins"))
    assert all("advice" not in way for way in render(hint_for(silent), silent).ways)
    assert details_line(said) == "Details for your Sage admin: Gremlins · BL77"


def test_a_hint_without_a_good_name_or_without_words_cannot_be_made() -> None:
    good = HINTS["sign-in-refused"]
    for wrong in ({"key": "Bad_Name"}, {"what": ""}, {"ways": ()}, {"transient": True}):
        with pytest.raises(ValueError, match=r"(?i)hint"):
            replace(good, **wrong)


HOSTILE = st.text(max_size=300) | st.sampled_from(["{n}", "[a|b]", "{said}", "<b>x</b>", "\u202e", "%5B", "x" * 5000])


@settings(max_examples=200)
@given(st.sampled_from(sorted(HINTS)), HOSTILE, HOSTILE, st.integers(min_value=0, max_value=10**6))
def test_foreign_names_neither_break_nor_stretch_the_words(key: str, name: str, title: str, n: int) -> None:
    parts = ("account", "value", "vendor", "entity", "card", "sender", "user", "company", "rule", "said", "correction")
    said = Verdict(HINTS[key].category, name[:80], HINTS[key].retry, tuple((part, name) for part in parts))
    words = render(HINTS[key], said, n=n, names={"account": title, "entity": title})
    assert len(words.header) <= 150
    assert len(words.text()) < 4_000
    assert "\n" not in words.why
    assert "<b>" not in words.text()


def test_explain_answers_in_the_agreed_form() -> None:
    asked = [
        {
            "level": "function",
            "http_status": 200,
            "operation": "write",
            "errors": [
                {
                    "errorno": "BL01001973",
                    "description": None,
                    "description2": "Could not create cctransaction record!",
                },
                {
                    "errorno": "BL03000018",
                    "description2": "The account number '6420' requires a Department. [Support ID: aB~1]",
                },
            ],
        },
        {"level": "transport", "http_status": 504, "operation": "write", "errors": []},
        {"level": "TRANSPORT", "http_status": 429, "operation": "read"},
        {"level": "control", "errors": {"errorno": 3, "additionalinfo": {"errorid": "GW-0010"}}},
    ]
    first, second, third, fourth = explain(json.dumps(asked))
    assert set(first) == {"category", "subject", "retry", "transient", "hint"}
    assert (first["category"], first["subject"], first["retry"], first["transient"]) == (
        "dimension.required", "6420 department", "no", False,
    )  # fmt: skip
    assert first["hint"].splitlines()[0] == "1 transaction needs a department"
    assert "Support ID aB~1" in first["hint"]
    assert (second["category"], second["retry"], second["transient"]) == ("outcome.unknown", "look", False)
    assert (third["category"], third["retry"], third["transient"]) == ("limit.rate", "wait", True)
    assert fourth["category"] == "limit.rate"
    assert explain(json.dumps(asked[0])) == [first]
    json.dumps(explain(json.dumps(asked)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("[1]", "Object 1 is not an object"),
        ('"x"', "not an object"),
        ("{}", "level is one of transport, control, authentication, function"),
        ('[{"level": "function"}, {"level": "moon"}]', "Object 2: level is one of"),
        ('{"level": "control", "operation": "delete"}', "operation is one of read, write"),
        ('{"level": "control", "http_status": "200"}', "http_status is a number"),
        ('{"level": "control", "errors": "x"}', "errors is a list"),
        ("[" * 100_000, "nested|not JSON"),
    ],
)
def test_wrong_input_is_named_in_a_sentence(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        explain(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "errorno",
    "description",
    "description2",
    "correction",
    "error_id",
    "message_ids",
    "placeholders",
    "additionalinfo",
]


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=6))
def test_any_error_object_is_explained(error: dict[str, object]) -> None:
    (answer,) = explain(json.dumps({"level": "function", "errors": [error]}))
    assert answer["category"] in CATEGORIES


def test_the_list_has_a_row_for_every_hint() -> None:
    rows = catalogue_rows()
    assert [row["name"] for row in rows] == list(HINTS)
    assert all(row["what"] and row["who"] and row["retry"] in {"no", "wait", "look"} for row in rows)


def test_the_printed_page_is_the_catalogue() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "hints.md"
    assert page.read_text(encoding="utf-8") == markdown(), (
        "docs/hints.md is not what bot.hints.explain.markdown() prints"
    )


def test_what_waits_by_itself_and_what_stops_a_run_are_told_apart() -> None:
    for hint in HINTS.values():
        assert not (hint.transient and hint.retry is not RetryClass.WAIT)
        assert not (hint.stops_run and hint.retry is not RetryClass.NO)
    assert HINTS["sign-in-refused"].stops_run
    assert HINTS["permission-missing"].stops_run
    assert not HINTS["sign-in-ran-out"].stops_run
    assert not HINTS["dimension-required"].stops_run


def test_one_fault_with_texts_in_every_field_is_shown_once() -> None:
    fault = Fault(HINTS["card-missing"].examples[0].level, (RawError("", "Same.", "Same."),), 200)
    assert classify(fault).detail("said") == "Same"
