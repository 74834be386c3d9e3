"""The gateway without HTTP: a request's bytes in, a response's bytes out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors, render, schema
from bot.sandbox.intacct.access import Door, Visitor
from bot.sandbox.intacct.calls import FUNCTIONS, Answer, Call, Habits, Partial
from bot.sandbox.intacct.company import Company
from bot.sandbox.intacct.coverage import COVERAGE
from bot.sandbox.intacct.errors import ControlRefusal, Problem, Refusal, SignInRefusal
from bot.sandbox.intacct.render import Heading, Result

KNOWN = frozenset(COVERAGE)


@dataclass
class Reply:
    status: int
    body: bytes


@dataclass
class Admitted:
    """A request that passed the schema and the door, ready to run."""

    heading: Heading
    visitor: Visitor
    functions: list[tuple[str, Element]]
    transaction: bool
    endpoint: str


class Gateway:
    """One company behind one endpoint. `now` is the simulator's clock (UTC)."""

    def __init__(self, source: dict[str, Any], now: Callable[[], datetime]) -> None:
        self.now = now
        self.company = Company(source)
        self.door = Door(self.company, now)
        self.habits = Habits()
        self.forbidden: set[str] = set()
        self.executed: dict[str, bool] = {}
        self.cursors: dict[str, Any] = {}
        self.requests_served = 0
        self.functions_served = 0
        self.replays_refused = 0
        self._serial = 0

    # --- letting in ---------------------------------------------------------------------------------------------------

    def admit(self, body: bytes, endpoint: str) -> Admitted | Reply:
        """Parses, checks and signs in; a Reply is the refusal."""
        heading: Heading | None = None
        try:
            root = _parse(body)
            control = root.find("control")
            if found := schema.problem(root, KNOWN) or schema.unknown(root, self.forbidden):
                raise errors.schema(found)
            assert control is not None  # the schema check let it through
            heading = self._heading(control)
            operation = self._operation(root)
            functions = [(str(f.get("controlid")), f) for f in operation.iterfind("content/function")]
            way = operation.find("authentication")
            assert way is not None
            visitor = self.door.enter(heading.sender, way)
        except ControlRefusal as refusal:
            edge = None if refusal.problems[0].errorno == "XL03000003" else heading
            return self.refused(refusal, edge)
        except SignInRefusal as refusal:
            assert heading is not None
            return self._not_signed_in(refusal, heading, operation)
        return Admitted(heading, visitor, functions, operation.get("transaction") == "true", endpoint)

    def _heading(self, control: Element) -> Heading:
        def text(name: str, default: str = "") -> str:
            return (control.findtext(name) or default).strip()

        heading = Heading(
            sender=text("senderid"),
            controlid=text("controlid"),
            unique="false" if text("uniqueid", "true") == "false" else "true",
            additional=text("showadditionalerrorinfo") in {"true", "1"},
            spaced=text("includewhitespace", "true") in {"true", "1"},
        )
        if text("dtdversion") != "3.0":
            raise ControlRefusal(errors.not_simulated(f"dtdversion '{text('dtdversion')}', only 3.0"))
        if policy := text("policyid"):
            raise ControlRefusal(Problem("XL03000006", f"{policy} is not a valid transport policy."))
        self.door.check_sender(heading.sender, control.findtext("password") or "")
        return heading

    def _operation(self, root: Element) -> Element:
        operations = root.findall("operation")
        if len(operations) > 1:
            raise ControlRefusal(errors.not_simulated("several operations in one request"))
        return operations[0]

    def refused(self, refusal: ControlRefusal, heading: Heading | None = None) -> Reply:
        """The answer of a request that never got to its operation."""
        root = render.response("failure", heading)
        render.errormessage(root, refusal.problems, heading)
        return Reply(refusal.status, render.document(root, spaced=heading is None or heading.spaced))

    def _not_signed_in(self, refusal: SignInRefusal, heading: Heading, operation: Element) -> Reply:
        root = render.response("success", heading)
        made = etree.SubElement(root, "operation")
        login = operation.find("authentication/login")
        user, company = "", ""
        if login is not None and not refusal.anonymous:
            user, company = login.findtext("userid") or "", login.findtext("companyid") or ""
        render.authentication(made, "failure", user, company, None)
        render.errormessage(made, refusal.problems, heading, self.support_id())
        return Reply(200, render.document(root, spaced=heading.spaced))

    # --- running ------------------------------------------------------------------------------------------------------

    def run(
        self, admitted: Admitted, *, ends_after: int | None = None, busy: bool = False, twice: bool = False
    ) -> Reply:
        """Runs an admitted request.

        Args:
            admitted: the request.
            ends_after: the session dies after so many functions; the rest are refused one by one.
            busy: every function is refused because the service is down for maintenance.
            twice: each result is written two times.
        """
        heading, visitor = admitted.heading, admitted.visitor
        if heading.unique == "true" and self.habits.replay_shape == "control":
            for controlid, _ in admitted.functions:
                if self._spent(controlid):
                    self.replays_refused += 1
                    return self.refused(ControlRefusal(errors.replayed(controlid)), heading)
        root = render.response("success", heading)
        made = etree.SubElement(root, "operation")
        render.authentication(made, "success", visitor.user["LOGINID"], self.company.id, visitor)
        for outcome in self._results(admitted, ends_after, busy=busy):
            for each in [_copy(outcome), outcome] if twice else [outcome]:
                render.result(made, each, heading, self.support_id() if outcome.problems else "")
        return Reply(200, render.document(root, spaced=heading.spaced))

    def _results(self, admitted: Admitted, ends_after: int | None, *, busy: bool) -> list[Result]:
        results: list[Result] = []
        completed = {controlid for controlid, _ in admitted.functions if self.executed.get(controlid)}
        if admitted.transaction:
            self.company.undo = []
        try:
            for number, (controlid, function) in enumerate(admitted.functions):
                gone = ends_after is not None and number >= ends_after
                if gone and admitted.visitor.session is not None:
                    self.door.sessions.pop(admitted.visitor.session.id, None)
                outcome = self._one(admitted, controlid, function[0], gone=gone, busy=busy)
                results.append(outcome)
                if admitted.transaction and outcome.status != "success":
                    return self._rolled_back(admitted, results, completed)
            return results
        finally:
            self.company.undo = None

    def _rolled_back(self, admitted: Admitted, results: list[Result], completed: set[str]) -> list[Result]:
        """The failing one keeps its own errors first; the others were aborted. A lone one comes back as aborted too."""
        self.company.roll_back()
        note = errors.rolled_back()
        failed = results[-1]
        failed.problems = (*failed.problems, note)
        failed.answer = None
        if len(admitted.functions) == 1:
            failed.status = "aborted"
        rolled = []
        for controlid, function in admitted.functions:
            self.executed[controlid] = controlid in completed
            if controlid == failed.controlid:
                rolled.append(failed)
            else:
                rolled.append(Result("aborted", str(function[0].tag), controlid, None, (note,)))
        return rolled

    def _one(self, admitted: Admitted, controlid: str, element: Element, *, gone: bool, busy: bool) -> Result:
        name = str(element.tag)
        self.functions_served += 1
        try:
            self._may_run(admitted, controlid, gone=gone, busy=busy)
            answer = self._call(admitted, name, element)
        except Partial as refusal:
            self.executed.setdefault(controlid, False)
            return Result("failure", name, controlid, refusal.answer, refusal.problems)
        except Refusal as refusal:
            self.executed.setdefault(controlid, False)
            return Result("failure", name, controlid, None, refusal.problems)
        self.executed[controlid] = True
        return Result("success", name, controlid, answer)

    def _may_run(self, admitted: Admitted, controlid: str, *, gone: bool, busy: bool) -> None:
        if busy:
            raise Refusal(errors.busy())
        if gone:
            raise Refusal(*errors.dead_session().problems)
        if admitted.heading.unique == "true" and self._spent(controlid):
            self.replays_refused += 1
            raise Refusal(errors.replayed(controlid if self.habits.replay_shape == "function_named" else ""))

    def _call(self, admitted: Admitted, name: str, element: Element) -> Answer:
        handler = FUNCTIONS.get(name)
        if handler is None:
            raise Refusal(errors.not_simulated(f"the function {name}"))
        if name == "getAPISession" and len(admitted.functions) > 1:
            raise Refusal(Problem(errors.GENERIC, "getAPISession must be the only function of its request."))
        parts = (self.company, self.door, admitted.visitor, element, self.now(), admitted.endpoint)
        return handler(Call(*parts, self.habits, self.cursors))

    def _spent(self, controlid: str) -> bool:
        """Whether a controlid may not run again: completed, or merely tried where failed ids count as spent."""
        done = self.executed.get(controlid)
        return done is True or (done is False and not self.habits.reuse_failed)

    def support_id(self) -> str:
        self._serial += 1
        digest = hashlib.sha256(f"{self.company.id}/{self._serial}".encode()).digest()
        return (
            base64.urlsafe_b64encode(digest[:18]).decode()[:5] + "%7E" + base64.urlsafe_b64encode(digest[5:17]).decode()
        )


def _parse(body: bytes) -> Element:
    """Parses without entities, network or DTD. Raises ControlRefusal with libxml2's number and place."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = f"XML Parse schema error: Fatal Error {getattr(error, 'code', 0)}: {error.msg} Line: {line}, column: {column}"
        raise errors.schema(text) from None
    if root.getroottree().docinfo.internalDTD is not None or root.tag != "request":
        raise errors.schema(
            f"XML Parse schema error: Error 1845: Element '{root.tag!s}': No matching global declaration"
        )
    return root


def _copy(outcome: Result) -> Result:
    """An element stands in one document once, so each writing gets its own."""
    answer = outcome.answer
    if answer is None or answer.data is None:
        return outcome
    data = [_clone(element) for element in answer.data]
    return Result(
        outcome.status,
        outcome.function,
        outcome.controlid,
        Answer(answer.key, data, answer.attributes),
        outcome.problems,
    )


def _clone(element: Element) -> Element:
    return etree.fromstring(etree.tostring(element))
