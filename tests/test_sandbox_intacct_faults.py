"""The Intacct simulator over real HTTP: what the line and the gateway can do to a client."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from lxml import etree

from tests.intacct_wire import UNIQUE, Wire, charge, entries, make_wire, session, texts  # noqa: F401 - make_wire is a fixture


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        ({"kind": "drop_before"}, 0),
        ({"kind": "drop_after_commit"}, 1),
        ({"kind": "truncate", "hard": True}, 1),
        ({"kind": "commit_late"}, 0),
    ],
)
async def test_a_broken_line_leaves_nothing_or_one_posting(wire: Wire, fault: dict[str, Any], posted: int) -> None:
    await wire.sim.control("fault", {**fault, "match": "record_cctransaction"})
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"  # the match spares it
    with pytest.raises(httpx.TransportError):
        await wire.ask(charge(), **UNIQUE)
    assert len(entries(wire)) == posted
    assert wire.sim.state()["faults"]["fired"] == {fault["kind"]: 1}
    again = await wire.ask(charge(), **UNIQUE)
    assert (again.findtext("operation/result/status") == "success") == (posted == 0)
    await wire.sim.control("advance", {"seconds": 1000})
    assert len(entries(wire)) == 1


async def test_a_late_commit_lands_when_its_time_has_come(wire: Wire) -> None:
    auth = await session(wire)
    await wire.sim.control("fault", {"kind": "commit_late"})
    with pytest.raises(httpx.TransportError):
        await wire.ask(charge(), auth=auth, **UNIQUE)
    wire.clock[0] += timedelta(seconds=899)
    assert entries(wire) == []
    assert len(wire.sim.state()["late_commits"]) == 1
    wire.clock[0] += timedelta(seconds=1)
    assert len(entries(wire)) == 1
    assert "already executed" in texts(await wire.ask(charge(), auth=auth, **UNIQUE))


@pytest.mark.parametrize(
    ("fault", "status", "holds", "posted"),
    [
        ({"kind": "error_500"}, 500, b"cf-error-details", 0),
        ({"kind": "error_500", "committed": True}, 500, b"<!DOCTYPE html>", 1),
        ({"kind": "error_503"}, 503, b"cf-error-details", 0),
        ({"kind": "html", "committed": True}, 200, b"cf-error-details", 1),
        ({"kind": "truncate"}, 200, b"<response>", 1),
        ({"kind": "rate_limit"}, 429, b"GW-0010", 0),
        ({"kind": "invalid_request"}, 400, b"GW-0011", 0),
        ({"kind": "unauthorized"}, 401, b"XMLGW_JPP0002", 0),
        ({"kind": "busy"}, 200, b"The Service is Temporarily Off-line", 0),
        ({"kind": "late", "seconds": 0.01}, 200, b"<key>", 1),
    ],
)
async def test_strange_answers_and_then_a_sound_one(
    wire: Wire, fault: dict[str, Any], status: int, holds: bytes, posted: int
) -> None:
    await wire.sim.control("fault", fault)
    response = await wire.post(wire.body(charge(), **UNIQUE))
    assert response.status_code == status
    assert holds in response.content
    if fault["kind"] == "truncate":
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(response.content)
    assert len(entries(wire)) == posted
    await wire.ask(charge(), **UNIQUE)
    assert len(entries(wire)) == 1


async def test_results_written_twice_are_recorded_once(wire: Wire) -> None:
    await wire.sim.control("fault", {"kind": "twice"})
    root = await wire.ask(charge(), "<get_applications/>")
    assert [r.findtext("controlid") for r in root.iter("result")] == ["f1", "f1", "f2", "f2"]
    assert len(entries(wire)) == 1


async def test_a_session_can_end_in_the_midst_of_a_batch(wire: Wire) -> None:
    auth = await session(wire)
    await wire.sim.control("fault", {"kind": "expire_session", "after": 1})
    root = await wire.ask(charge(), charge(), auth=auth)
    assert [r.findtext("status") for r in root.iter("result")] == ["success", "failure"]
    assert "Invalid session" in texts(root)
    assert "Invalid session" in texts(await wire.ask(charge(), auth=auth))
    assert len(entries(wire)) == 1
    await wire.sim.control("fault", {"kind": "expire_session"})
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"  # a login is not a session


async def test_more_at_once_than_allowed_is_answered_429(wire: Wire) -> None:
    await wire.sim.control("set_service_time", {"request": 0.05})
    answers = await asyncio.gather(*(wire.post(wire.body("<get_applications/>")) for _ in range(5)))
    codes = sorted(a.status_code for a in answers)
    assert codes == [200, 200, 429, 429, 429]
    assert b"GW-0010" in next(a for a in answers if a.status_code == 429).content
    await wire.sim.control("set_allowance", {"requests": 5})
    answers = await asyncio.gather(*(wire.post(wire.body("<get_applications/>")) for _ in range(5)))
    assert {a.status_code for a in answers} == {200}
    assert wire.sim.state()["refused_at_once"] == 3


async def test_the_listener_closes_and_comes_back_with_its_books(wire: Wire) -> None:
    await wire.ask(charge())
    url = wire.sim.url
    await wire.sim.stop()
    with pytest.raises(httpx.TransportError):
        await wire.ask(charge())
    assert await wire.sim.start() == url
    assert (await wire.one(charge())).findtext("status") == "success"
    assert len(entries(wire)) == 2


async def test_a_session_that_ended_is_refused_before_anything_runs(wire: Wire) -> None:
    auth = await session(wire)
    await wire.sim.control("fault", {"kind": "expire_session"})
    root = await wire.ask(charge(), auth=auth)
    assert "Invalid session" in texts(root)
    assert entries(wire) == []
    auth = await session(wire)
    assert await wire.sim.control("expire_sessions", {}) == {"ended": 1}
    assert "Invalid session" in texts(await wire.ask(charge(), auth=auth))
    assert (await wire.one(charge(), auth=await session(wire))).findtext("status") == "success"


async def test_a_fault_strikes_as_often_as_armed_and_can_be_disarmed(wire: Wire) -> None:
    await wire.sim.control("fault", {"kind": "rate_limit", "count": 2})
    await wire.sim.control("fault", {"kind": "error_503"})
    codes = [(await wire.post(wire.body("<get_applications/>"))).status_code for _ in range(2)]
    assert codes == [429, 429]
    await wire.sim.control("clear_faults", {})
    assert (await wire.post(wire.body("<get_applications/>"))).status_code == 200
    assert wire.sim.state()["faults"] == {"armed": [], "fired": {"rate_limit": 2}}
