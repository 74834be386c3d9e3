"""Reading an answer: bytes in, a value out. Everything in it is foreign and hostile.

An answer is believed only if it is one well-formed `<response>` without DOCTYPE and entities that does not contradict
itself: a refusal at the door or at the sign-in carries no results, and what must stand once stands once. Whatever is
not believed is a `GarbledBody`, which for a write means that its outcome is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from bot.intacct.envelope import Element
from bot.intacct.text import legal
from bot.models import Fault, Level, Operation, RawError
from bot.redaction import redact, unescaped

MOST_BYTES = 20 * 1024 * 1024
_MOST_TEXT = 2_000
_MOST_ERRORS = 20
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_SUPPORT_ID = re.compile(r"\[(?:Support|Request) ID:[^\]]{0,200}\]\s*$")
_BLANKS = re.compile(r"\s+")
_ONCE = frozenset({"control", "operation", "authentication", "status", "controlid", "key", "data", "function"})


class GarbledBody(ValueError):
    """This is no answer of Intacct; the message says why in our own words."""


class _Malformed(GarbledBody):
    """No document at all."""


@dataclass(frozen=True, slots=True)
class Result:
    """One function's result. `status` is lower case; `key` is the record number that a legacy write returns."""

    status: str
    function: str
    controlid: str
    key: str
    errors: tuple[RawError, ...]
    data: Element | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A believed answer. `failed` is the level that refused all of it, or None.

    `controlid` is the request's, as echoed. `mended` says that characters which XML forbids were left out of a read. `session_seconds` is how long the session lives from now on, when told.
    """

    http_status: int
    operation: Operation
    controlid: str
    failed: Level | None
    errors: tuple[RawError, ...]
    results: tuple[Result, ...] = ()
    session_seconds: float | None = None
    mended: bool = False

    def fault(self, level: Level, errors: tuple[RawError, ...], note: str = "") -> Fault:
        return Fault(level, errors, self.http_status, self.operation, note)


def parse(body: bytes, *, http_status: int, operation: Operation, secrets: Sequence[str] = ()) -> Answer:
    """Reads a body. `secrets` are blanked wherever a text repeats them.

    Raises:
        GarbledBody: it is not an answer that Intacct would give.
    """
    root, mended = _root(body, mend=operation is Operation.READ)
    parts = _children(root)
    control = _children(_needed(parts, "control"))
    controlid = _leaf(control.get("controlid"))
    errors = _errors(root, secrets)

    def answer(
        failed: Level | None,
        errors: tuple[RawError, ...],
        results: tuple[Result, ...] = (),
        seconds: float | None = None,
    ) -> Answer:
        return Answer(http_status, operation, controlid, failed, errors, results, seconds, mended)

    status = _leaf(control.get("status")).lower()
    if status == "failure" and "operation" not in parts:
        return answer(Level.CONTROL, errors)
    if status != "success":
        raise GarbledBody("The control block neither succeeds nor refuses cleanly.")
    if "operation" not in parts:
        if not errors:
            raise GarbledBody("The answer has no operation.")
        return answer(None, errors)
    operation_element = parts["operation"]
    results = tuple(_result(child, secrets) for child in _named(operation_element, "result"))
    errors += _errors(operation_element, secrets)
    authentication = _children(_needed(_children(operation_element), "authentication"))
    match _leaf(authentication.get("status")).lower():
        case "success":
            return answer(None, errors, results, _session_seconds(authentication))
        case "failure" if not results:
            return answer(Level.AUTHENTICATION, errors)
        case _:
            raise GarbledBody("The sign-in neither succeeds nor refuses cleanly.")


def rows(data: Element | None) -> list[dict[str, str]]:
    """The objects in a result's data as upper-case field names to texts.

    Object and field names differ in case from call to call. A nested element is named by its path (`A.B`). A field that
    comes twice (asked for as `X` and as `X#`) keeps its first text; the second is under `X#2`.
    """
    return [row_of(child) for child in _elements(data)] if data is not None else []


def row_of(element: Element) -> dict[str, str]:
    """One object's fields, as in `rows`."""
    row: dict[str, str] = {}
    _fill(row, element, "")
    return row


def descendants(data: Element | None, tag: str) -> list[Element]:
    """All elements of that name below, whatever their case."""
    if data is None:
        return []
    wanted = tag.lower()
    return [element for element in data.iter(etree.Element) if _tag(element) == wanted]


def named_text(element: Element, tag: str) -> str:
    """The text of the first child of that name, or empty."""
    return next((_text(child) for child in _named(element, tag)), "")


def remaining(data: Element | None, *, offset: int, got: int, page: int) -> int:
    """How many rows of a query are still to come after this page, as far as the answer tells."""
    attributes = {} if data is None else {str(name).lower(): str(value) for name, value in data.attrib.items()}
    if (left := attributes.get("numremaining", "")).isdigit():
        return int(left)
    if (total := attributes.get("totalcount", "")).isdigit():
        return max(0, int(total) - offset - got)
    return 1 if got >= page else 0


# --- the document -----------------------------------------------------------------------------------------------------


def _root(body: bytes, *, mend: bool) -> tuple[Element, bool]:
    """The root, and whether it was mended: a name that a person typed with a forbidden character makes no document.

    The answer to a write is taken as it is, or not at all: what cannot be read proves nothing.
    """
    try:
        return _strict_root(body), False
    except _Malformed:
        legal_body = legal(body) if mend else body
        if legal_body == body:
            raise
    return _strict_root(legal_body), True


def _strict_root(body: bytes) -> Element:
    if len(body) > MOST_BYTES:
        raise GarbledBody("The answer is too large.")
    if b"<!DOCTYPE" in body.partition(b"<response")[0]:
        raise GarbledBody("The answer has a DOCTYPE.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _Malformed("The answer is not well-formed XML.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise GarbledBody("The answer has a DOCTYPE.")
    if root.tag != "response":
        raise GarbledBody("The answer is not a response.")
    return root


def _result(element: Element, secrets: Sequence[str]) -> Result:
    parts = _children(element)
    return Result(
        status=_leaf(parts.get("status")).lower(),
        function=_leaf(parts.get("function")),
        controlid=_leaf(parts.get("controlid")),
        key=_leaf(parts.get("key")),
        errors=_errors(element, secrets),
        data=parts.get("data"),
    )


def _children(element: Element) -> dict[str, Element]:
    """Children by lower-case name; of a repeated one the first, unless it must stand once."""
    found: dict[str, Element] = {}
    for child in _elements(element):
        name = _tag(child)
        if name in _ONCE and name in found:
            raise GarbledBody("The answer says something twice that it must say once.")
        found.setdefault(name, child)
    return found


def _needed(parts: dict[str, Element], name: str) -> Element:
    if name not in parts:
        raise GarbledBody(f"The answer has no {name}.")
    return parts[name]


def _elements(element: Element) -> Iterator[Element]:
    return element.iterchildren(etree.Element)


def _named(element: Element, tag: str) -> Iterator[Element]:
    return (child for child in _elements(element) if _tag(child) == tag)


def _tag(element: Element) -> str:
    return str(element.tag).lower()


def _leaf(element: Element | None) -> str:
    """The text of an element that decides something; one with children decides nothing."""
    if element is None:
        return ""
    if len(element):
        raise GarbledBody("The answer nests something where a word must stand.")
    return (element.text or "").strip()


def _text(element: Element) -> str:
    return "".join(str(part) for part in element.itertext()) if len(element) else element.text or ""


def _fill(row: dict[str, str], element: Element, path: str) -> None:
    for child in _elements(element):
        name = f"{path}{str(child.tag).upper()}"
        if len(child):
            _fill(row, child, f"{name}.")
        else:
            row[f"{name}#2" if name in row else name] = child.text or ""


def _session_seconds(authentication: dict[str, Element]) -> float | None:
    """Time-out less time stamp, both Intacct's own, so that our clock plays no part."""
    try:
        start = datetime.fromisoformat(_leaf(authentication.get("sessiontimestamp")))
        end = datetime.fromisoformat(_leaf(authentication.get("sessiontimeout")))
        return max(0.0, (end - start).total_seconds())
    except (ValueError, TypeError):
        return None


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(parent: Element, secrets: Sequence[str]) -> tuple[RawError, ...]:
    found: list[RawError] = []
    for message in _named(parent, "errormessage"):
        found.extend(_error(error, secrets) for error in _named(message, "error"))
    return tuple(found[:_MOST_ERRORS])


def _error(element: Element, secrets: Sequence[str]) -> RawError:
    said = {
        _tag(child): readable(_text(child), secrets) for child in _elements(element) if _tag(child) != "additionalinfo"
    }
    more = next(_named(element, "additionalinfo"), None)
    return RawError(
        errorno=said.get("errorno", ""),
        description=said.get("description", ""),
        description2=said.get("description2", ""),
        correction=said.get("correction", ""),
        error_id=_told(more, "errorid", secrets),
        category=_told(more, "category", secrets),
        target=_target(more, secrets),
        message_ids=tuple(
            text for one in descendants(more, "messageid")[:_MOST_ERRORS] if (text := readable(_text(one), secrets))
        ),
        placeholders=tuple(_placeholders(more, secrets))[:_MOST_ERRORS],
    )


def _told(more: Element | None, tag: str, secrets: Sequence[str]) -> str:
    return readable(named_text(more, tag), secrets) if more is not None else ""


def _target(more: Element | None, secrets: Sequence[str]) -> str:
    """`object.field` of the first target that names one: on the error itself, else on one of its texts."""
    for target in descendants(more, "target"):
        attributes = {str(name).lower(): str(value) for name, value in target.attrib.items()}
        named = [attributes.get("object", ""), attributes.get("field", ""), _text(target).strip()]
        if said := ".".join(part for part in named if part):
            return readable(said, secrets)
    return ""


def _placeholders(more: Element | None, secrets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(name, value) pairs, written as attributes, as children, or as an element named after the placeholder."""
    for group in descendants(more, "placeholders"):
        for one in _elements(group):
            name = one.get("name") or named_text(one, "name") or (str(one.tag) if _tag(one) != "placeholder" else "")
            value = one.get("value") or named_text(one, "value") or _text(one)
            if name:
                yield readable(name, secrets), readable(value, secrets)


def readable(text: str, secrets: Sequence[str] = ()) -> str:
    """A foreign text for people and for matching: unescaped, without tags, on one line, capped, secrets blanked.

    A trailing Support ID survives the cap: support asks for it.
    """
    text = _BLANKS.sub(" ", _TAG.sub("", unescaped(redact(text, secrets)))).strip()
    text = redact(text, secrets)  # also where a tag stood in the middle of one
    if len(text) <= _MOST_TEXT:
        return text
    support = found.group() if (found := _SUPPORT_ID.search(text)) else ""
    return f"{text[: _MOST_TEXT - len(support) - 1]}…{support}"
