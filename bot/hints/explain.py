"""The command line's side of the hints: raw errors as JSON in, what people would see out; and the printed catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bot.hints.catalogue import HINTS, hint_for
from bot.hints.classify import classify
from bot.hints.hint import Hint
from bot.hints.words import details_line, render
from bot.models import Fault, Level, Operation, RawError, Side, Verdict

_SAMPLE = (
    ("old", "48.20 USD on 4 Nov"),
    ("new", "51.70 USD on 4 Nov"),
    ("said", "The record is reconciled."),
    ("entity", "100"),
    ("entity_name", "Portland"),
    ("field", "Department"),
    ("value", "20 - Sales"),
)
"""What a cause that the sync finds itself would name, for the printed page."""

MOST = 10_000
"""Most faults in one file."""


def explain(json_text: str) -> list[dict[str, Any]]:
    """Classify raw errors.

    Args:
        json_text: one object or a list: `level` (transport, control, authentication, function), `http_status`,
            `operation` (read or write), `side` (intacct, or spend_center for a failure of the source), `errors` (a list of errorno, description, description2, correction, and
            optionally error_id, category, target, message_ids, placeholders), `note`; all but `level` may be absent.

    Returns:
        For each: category, subject, retry (no, wait, look), transient, hint (the whole text that people would see).

    Raises:
        ValueError: a sentence that says what is wrong with the input, and in which object.
    """
    try:
        data = json.loads(json_text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise ValueError("This JSON is nested too deeply.") from error
    rows = data if isinstance(data, list) else [data]
    if len(rows) > MOST:
        raise ValueError(f"At most {MOST:,} errors at once; these are {len(rows):,}.")
    return [_explained(fault_from(row, at)) for at, row in enumerate(rows, 1)]


def fault_from(row: Any, at: int = 1) -> Fault:
    """One object of the input as a fault; `at` is its place, for the sentence when it is wrong."""
    if not isinstance(row, dict):
        raise ValueError(f"Object {at} is not an object with level and errors.")  # noqa: TRY004  # input, not a call, is wrong
    level = _one_of(Level, row.get("level"), f"Object {at}: level")
    operation = _one_of(Operation, row.get("operation") or Operation.WRITE.value, f"Object {at}: operation")
    side = _one_of(Side, row.get("side") or Side.INTACCT.value, f"Object {at}: side")
    status = row.get("http_status")
    if status is not None and (not isinstance(status, int) or isinstance(status, bool)):
        raise ValueError(f"Object {at}: http_status is a number or absent.")
    errors = row.get("errors") or []
    if isinstance(errors, dict):
        errors = [errors]
    if not isinstance(errors, list) or not all(isinstance(one, dict) for one in errors):
        raise ValueError(f"Object {at}: errors is a list of objects.")
    return Fault(level, tuple(map(_error, errors)), status, operation, _text(row.get("note")), side)


def catalogue_rows() -> list[dict[str, Any]]:
    """The catalogue for a table, one row a hint."""
    return [
        {
            "name": hint.key,
            "category": hint.category,
            "what": render(hint, _blank(hint), n=1).header,
            "who": hint.who,
            "retry": hint.retry.value,
            "step": hint.step,
        }
        for hint in HINTS.values()
    ]


def markdown() -> str:
    """`docs/hints.md`: the catalogue for reading. A test keeps the file equal to this."""
    parts = [
        "# Hints",
        "",
        "Every cause that a finance channel can meet: what it says, why, how it is fixed, who acts and what a retry does.",
        "This page is printed from the catalogue in `bot/hints/`; change it there.",
    ]
    for category in dict.fromkeys(one.category for one in HINTS.values()):
        parts += ["", f"## `{category}`"]
        for hint in (one for one in HINTS.values() if one.category == category):
            parts += _printed(hint)
    return "\n".join(parts) + "\n"


def _printed(hint: Hint) -> list[str]:
    verdict = (
        classify(hint.examples[0])
        if hint.examples
        else replace(_blank(hint), details=(*_SAMPLE, *_blank(hint).details))
    )
    words = render(hint, verdict, n=3)
    facts = [f"for {hint.who}", f"retry: {hint.retry.value}"]
    facts += [f"one click: {hint.one_click}"] if hint.one_click else []
    facts += [f"set-up step {hint.step}"] if hint.step else []
    lines = ["", f"### {hint.key}", "", f"**{words.header}**", "", words.why, ""]
    lines += [f"{at}. {way}" for at, way in enumerate(words.ways, 1)]
    lines += ["", words.retry_note, "", f"_{' · '.join(facts)}_"]
    heard = [text for fault in hint.examples for text in (_heard(fault),) if text]
    if heard:
        whose = "Spend Center" if hint.category.startswith("source.") else "Intacct"
        lines += ["", f"{whose}'s words: " + " · ".join(f"`{text}`" for text in heard)]
    return [*lines, "", f"Source: {hint.source}."]


def _heard(fault: Fault) -> str:
    return next((one.description2 or one.description or one.errorno for one in fault.errors), "").replace("`", "'")


def _explained(fault: Fault) -> dict[str, Any]:
    verdict = classify(fault)
    hint = hint_for(verdict)
    shown = [render(hint, verdict, n=1).text(), details_line(verdict)]
    return {
        "category": verdict.category,
        "subject": verdict.subject,
        "retry": verdict.retry.value,
        "transient": hint.transient,
        "hint": "\n".join(part for part in shown if part),
    }


def _blank(hint: Hint) -> Verdict:
    return Verdict(hint.category, "", hint.retry, (("cause", hint.key),))


def _one_of(kind: type[Level | Operation | Side], value: Any, where: str) -> Any:
    try:
        return kind(str(value).strip().lower())
    except ValueError:
        allowed = ", ".join(one.value for one in kind)
        shown = repr(value)[:60]
        raise ValueError(f"{where} is one of {allowed}; here it is {shown}.") from None


def _error(row: dict[str, Any]) -> RawError:
    more = row.get("additionalinfo") or row.get("additional_info") or {}
    more = {**row, **more} if isinstance(more, dict) else row
    ids = more.get("message_ids") or more.get("messageids") or more.get("messageid") or []
    holders = more.get("placeholders")
    return RawError(
        errorno=_text(row.get("errorno")),
        description=_text(row.get("description")),
        description2=_text(row.get("description2")),
        correction=_text(row.get("correction")),
        error_id=_text(more.get("error_id") or more.get("errorid")),
        category=_text(more.get("category")),
        target=_text(more.get("target")),
        message_ids=tuple(map(_text, ids if isinstance(ids, list) else [ids])),
        placeholders=tuple(_pairs(holders)),
    )


def _pairs(holders: Any) -> Iterator[tuple[str, str]]:
    """Placeholders as an object, as a list of pairs, or as `NAME=value` texts; what is neither is left out."""
    if isinstance(holders, dict):
        yield from ((key, _text(value)) for key, value in holders.items())
    for one in holders if isinstance(holders, list) else ():
        pair = one if isinstance(one, list) else _text(one).split("=", 1)
        if len(pair) == 2:
            yield _text(pair[0]), _text(pair[1])


def _text(value: Any) -> str:
    """Missing, null and numbers are as good as text: foreign JSON is read as it comes."""
    return "" if value is None else str(value)
