"""The response document: control, authentication, results and errors, with the gaps that the real ones have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from bot.sandbox.intacct.access import Visitor
from bot.sandbox.intacct.calls import Answer
from bot.sandbox.intacct.errors import Problem
from bot.sandbox.intacct.forbidden import carried, with_forbidden

APOSTROPHE = "\ue027"
"""Stands for the escaped apostrophe of error texts until the document is bytes; lxml would write it plainly."""


@dataclass(frozen=True)
class Heading:
    """What the answer's control repeats, and how the asker wants the answer."""

    sender: str = ""
    controlid: str = ""
    unique: str = "true"
    additional: bool = False
    spaced: bool = True


@dataclass
class Result:
    """One function's outcome. `status` is success, failure or aborted."""

    status: str
    function: str
    controlid: str
    answer: Answer | None = None
    problems: tuple[Problem, ...] = ()


def response(status: str, heading: Heading | None) -> Element:
    """The root with its control; without a heading, as from the gateway's edge, it has nothing but a status."""
    root = etree.Element("response")
    control = etree.SubElement(root, "control")
    _sub(control, "status", status)
    if heading is not None:
        _sub(control, "senderid", heading.sender)
        _sub(control, "controlid", heading.controlid)
        _sub(control, "uniqueid", heading.unique)
        _sub(control, "dtdversion", "3.0")
    return root


def authentication(parent: Element, status: str, user: str, company: str, visitor: Visitor | None) -> Element:
    """The operation's first child; a failed one has no location and no session times."""
    made = etree.SubElement(parent, "authentication")
    _sub(made, "status", status)
    _sub(made, "userid", user)
    _sub(made, "companyid", company)
    if visitor is not None:
        _sub(made, "locationid", visitor.entity)
        _sub(made, "sessiontimestamp", _instant(visitor.since))
        _sub(made, "sessiontimeout", _instant(visitor.until))
    return made


def result(parent: Element, outcome: Result, heading: Heading, support_id: str) -> None:
    made = etree.SubElement(parent, "result")
    _sub(made, "status", outcome.status)
    _sub(made, "function", outcome.function)
    _sub(made, "controlid", outcome.controlid)
    answer = outcome.answer
    if answer is not None and answer.key:
        _sub(made, "key", answer.key)
    if answer is not None and answer.data is not None:
        data = etree.SubElement(made, "data", answer.attributes)
        data.extend(answer.data)
    if outcome.problems:
        errormessage(made, outcome.problems, heading, support_id)


def errormessage(parent: Element, problems: tuple[Problem, ...], heading: Heading | None, support_id: str = "") -> None:
    """The errors, specific ones first; the first with a second description carries the support id."""
    made = etree.SubElement(parent, "errormessage")
    for problem in problems:
        error = etree.SubElement(made, "error")
        _sub(error, "errorno", problem.errorno)
        mark = f" [Support ID: {support_id}]" if support_id and problem.description2 else ""
        used, support_id = support_id, "" if mark else support_id
        _sub(error, "description", _escaped(problem.description))
        if heading is not None or problem.description2 or problem.correction:
            _sub(error, "description2", _escaped(problem.description2 + mark))
            _sub(error, "correction", _escaped(problem.correction))
        if heading is not None and heading.additional:
            _additional(error, problem, used if mark else "")


def _additional(error: Element, problem: Problem, support_id: str) -> None:
    """The steadier ids. Optional parts are written empty; only documented ids are filled."""
    made = etree.SubElement(error, "additionalinfo")
    _sub(made, "errorid", problem.error_id)
    _sub(made, "category", problem.category)
    empty = {"domain": "", "requestinfo": support_id, "object": "", "field": "", "businessinfo": ""}
    etree.SubElement(made, "target", empty)
    for name, message in zip(("description", "cdescription", "correction"), problem.ids, strict=True):
        part = etree.SubElement(made, name)
        _sub(part, "messageid", message)
        if not message:
            _sub(part, "category", "")
        etree.SubElement(part, "target", {"domain": "", "object": "", "field": "", "businessInfo": ""})
        holders = etree.SubElement(part, "placeholders")
        if name == "cdescription":
            for key, value in problem.placeholders.items():
                etree.SubElement(holders, "placeholder", {"name": key, "value": value})


def document(root: Element, *, spaced: bool) -> bytes:
    body = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=spaced)
    return with_forbidden(body.replace(APOSTROPHE.encode(), b"&#039;"))


def _sub(parent: Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = carried(text) or None


def _escaped(text: str) -> str:
    return text.replace("'", APOSTROPHE)


def _instant(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()
