"""The Intacct simulator over real HTTP: who is let in, and why not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.intacct_wire import Wire, make_wire, parts, query, session, texts  # noqa: F401 - make_wire is a fixture


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "wrong"}, "Sign-in information is incorrect"),
        ({"userid": "nobody"}, "Sign-in information is incorrect"),
        ({"companyid": "Elsewhere"}, "Sign-in information is incorrect"),
        ({"companyid": "Console|HarborPine|100"}, "Sign-in information is incorrect"),
        ({"locationid": "999"}, "Sign-in information is incorrect"),
    ],
)
async def test_sign_in_refusals_name_user_and_company_and_no_more(
    wire: Wire, changes: dict[str, str], says: str
) -> None:
    root = await wire.ask("<get_applications/>", auth=wire.login(**changes))
    assert root.findtext("control/status") == "success"
    assert [child.tag for child in parts(root, "operation/authentication")] == ["status", "userid", "companyid"]
    assert root.find("operation/result") is None
    assert says in texts(root)


async def test_an_unauthorised_sender_is_told_apart_until_the_second_save(wire: Wire) -> None:
    await wire.sim.control("remove_sender", {"sender_id": "harborpine-bot"})
    wrong = wire.login(password="wrong")
    for auth in ("", wrong):
        root = await wire.ask("<get_applications/>", auth=auth)
        assert "Invalid Web Services Authorization The sender ID 'harborpine-bot' is not authorized" in texts(root)
    await wire.sim.control("authorize_sender", {"sender_id": "harborpine-bot"})
    assert "is not authorized" in texts(await wire.ask("<get_applications/>"))
    assert wire.sim.state()["pending_authorizations"] == {"harborpine-bot": "active"}
    await wire.sim.control("save_company", {})
    assert "Sign-in information is incorrect" in texts(await wire.ask("<get_applications/>", auth=wrong))
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"
    await wire.sim.control("authorize_sender", {"sender_id": "harborpine-bot", "status": "inactive"})
    await wire.sim.control("save_company", {})
    assert "is not authorized" in texts(await wire.ask("<get_applications/>"))


async def test_the_raw_apostrophe_is_escaped(wire: Wire) -> None:
    await wire.sim.control("remove_sender", {"sender_id": "harborpine-bot"})
    assert b"&#039;harborpine-bot&#039;" in (await wire.post(wire.body("<get_applications/>"))).content


@pytest.mark.parametrize("status", ["inactive", "lockedout"])
async def test_a_locked_user_cannot_sign_in_until_unlocked(wire: Wire, status: str) -> None:
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "status": status})
    assert "Sign-in information is incorrect" in texts(await wire.ask("<get_applications/>"))
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "status": "active"})
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"


async def test_a_lapsed_demo_company_refuses_at_control_level(wire: Wire) -> None:
    await wire.sim.control("expire_demo", {})
    root = await wire.ask("<get_applications/>")
    assert root.findtext("control/status") == "failure"
    assert "PL04000055 " in texts(root)


async def test_an_entity_is_refused_to_a_user_who_may_not_enter(wire: Wire) -> None:
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "entities": ["200"]})
    assert "does not have access to the entity you are attempting to slide into" in texts(
        await wire.ask("<get_applications/>")
    )
    result = await wire.one(
        "<getAPISession><locationid>100</locationid></getAPISession>", auth=wire.login(locationid="200")
    )
    assert "slide into" in texts(result)
    listed = await wire.one("<readEntityDetails/>", auth=wire.login(locationid="200"))
    assert [e.findtext("id") for e in listed.iter("entity")] == ["200"]
    top = await wire.one(query("GLACCOUNT", "ACCOUNTNO"), auth=wire.login(locationid="-"))
    assert top.find("data").get("totalcount") == "0"  # type: ignore[union-attr]


async def test_a_session_lives_as_long_as_it_is_used_and_belongs_to_an_entity(wire: Wire) -> None:
    auth = await session(wire)
    for _ in range(3):
        wire.clock[0] += timedelta(minutes=120)
        root = await wire.ask("<get_applications/>", auth=auth)
        assert root.findtext("operation/authentication/locationid") == "100"
    wire.clock[0] += timedelta(minutes=131)
    root = await wire.ask("<get_applications/>", auth=auth)
    assert root.findtext("operation/authentication/status") == "failure"
    assert root.findtext("operation/authentication/userid") == ""
    assert "XL03000006  Invalid session" in texts(root)
    assert (await wire.one("<get_applications/>", auth=await session(wire))).findtext("status") == "success"


async def test_an_absent_and_an_empty_location_differ(wire: Wire) -> None:
    auth = await session(wire)
    kept = await wire.one("<getAPISession/>", auth=auth)
    assert kept.findtext("data/api/locationid") == "100"
    top = await wire.one("<getAPISession><locationid/></getAPISession>", auth=auth)
    assert top.findtext("data/api/locationid") == ""


async def test_get_api_session_stands_alone(wire: Wire) -> None:
    root = await wire.ask("<getAPISession/>", "<get_applications/>")
    assert [r.findtext("status") for r in root.iter("result")] == ["failure", "success"]


async def test_a_new_user_gets_a_mail_and_a_reset_ends_its_sessions(wire: Wire) -> None:
    given = {"user_id": "Sync2", "email": "lee@harborpine.example", "last_name": "Okafor", "user_type": "employee"}
    await wire.sim.control("create_ws_user", given)
    first = wire.sim.state()["mailbox"][0]["password"]
    login = {"userid": "Sync2", "password": first}
    auth = await session(wire, **login)
    await wire.sim.control("reset_password", {"user_id": "Sync2"})
    assert "Invalid session" in texts(await wire.ask("<get_applications/>", auth=auth))
    assert "Sign-in information" in texts(await wire.ask("<get_applications/>", auth=wire.login(**login)))
    login["password"] = wire.sim.state()["mailbox"][1]["password"]
    assert (await wire.one("<get_applications/>", auth=wire.login(**login))).findtext("status") == "success"
    state = wire.sim.state()
    assert "PASSWORD" not in str(state["users"])
    assert state["users"][1]["USERTYPE"] == "employee user"
