"""What is worth a word and no problem, and what is refused on the field where it was typed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import pytest
import pytest_asyncio

from bot.models import Secret, StepState
from bot.sandbox.intacct.company import Company
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.walkthrough import progress
from bot.walkthrough.keeper import Refused
from bot.walkthrough.spending import Wanted
from bot.walkthrough.steps import ROLE
from tests.walkthrough_bench import DANA, NEEDED, Harbor, harbor, sentences
from tests.walkthrough_clerk import USER, Visit, harbor_pine

pytestmark = pytest.mark.asyncio(loop_scope="module")
DONE = StepState.DONE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path_factory.mktemp("town")) as place:
        yield place


# --- remarks ----------------------------------------------------------------------------------------------------------


def user(**changes: object) -> Callable[[Company], None]:
    return lambda books: (books.user(USER) or {}).update(changes)


def role(*gone: str, **more: list[str]) -> Callable[[Company], None]:
    grants = {policy: list(has) for policy, has in NEEDED.items() if policy not in gone}
    return lambda books: books.roles.update(
        {ROLE: grants | {name.replace("_", " "): has for name, has in more.items()}}
    )


def card(**changes: str) -> Callable[[Company], None]:
    return lambda books: (books.find("CREDITCARD", "Spend Center CC Object") or {}).update(changes)


REMARKS: list[tuple[str, Callable[[Company], None], int, str]] = [
    ("privileges limited", user(ADMIN="limited"), 3, "Admin privileges: *Limited* is fine if step 4 turns green"),
    ("privileges off", user(ADMIN="off"), 3, "Admin privileges: *Off* is fine if step 4 turns green"),
    ("users not readable", role("Users", "Roles"), 3, "I may not read users"),
    ("permissions not readable", role("Permissions"), 4, "I tried each thing instead"),
    ("receipts not allowed", role("Attachments"), 4, "without it receipts cannot be attached to postings"),
    ("may open books", role(Open_books=["Run"]), 4, "This user must never reopen a period: untick it"),
    ("may open subledgers", role(Subledgers=["Open"]), 4, "*Open or close subledgers* is ticked"),
    ("expiry within the year", card(EXP_YEAR="2027", EXP_MONTH="March"), 8, "The card expires 03/2027"),
    ("expiry this month", card(EXP_YEAR="2026", EXP_MONTH="11"), 8, "The card expires 11/2026"),
    ("the entity's card at the top", card(MEGAENTITYID=""), 8, "it is reconciled there"),
]


@pytest.mark.parametrize(("wrong", "step", "words"), [pytest.param(*one[1:], id=one[0]) for one in REMARKS])
async def test_what_breaks_nothing_is_said_and_the_step_is_green(
    town: Harbor, wrong: Callable[[Company], None], step: int, words: str
) -> None:
    town.talk = town.conversation()
    wrong(harbor_pine(town))
    visit = Visit(town)

    assert await visit.goes_on() == []

    walk = await town.talk.get(visit.id)
    assert words in sentences(walk, step)
    assert {progress.state_of(walk, number) for number in range(1, 9)} == {DONE}


async def test_how_cash_management_posts_is_told_where_intacct_says_it(town: Harbor) -> None:
    town.talk = town.conversation()
    books = harbor_pine(town)
    books.preferences["CM"] = {"CCSUMMARYFREQ": "Monthly"}
    visit = Visit(town)

    await visit.goes_on()

    assert (await town.talk.get(visit.id)).answers["summaries"] == "monthly"


# --- refused on the field ---------------------------------------------------------------------------------------------

Typing = Callable[[Visit], Awaitable[object]]


def company(typed: str) -> Typing:
    return lambda visit: visit.town.talk.door.choose_company(visit.id, DANA, typed, USER)


def number(typed: str) -> Typing:
    return lambda visit: visit.town.talk.ledger.plan_account(visit.id, DANA, typed, "")


def token(typed: str) -> Typing:
    return lambda visit: visit.town.talk.spending.connect(visit.id, DANA, token=Secret(typed))


def client(client_id: str, secret: str) -> Typing:
    return lambda visit: visit.town.talk.spending.connect(
        visit.id, DANA, client_id=client_id, client_secret=Secret(secret)
    )


def choice(start: date = date(2026, 10, 1), time: str = "07:00", zone: str = "America/Los_Angeles") -> Typing:
    return lambda visit: visit.town.talk.spending.choose(visit.id, DANA, Wanted(start, time, zone, "C0FINANCE"))


TYPED: list[tuple[str, Typing, str, str, Typing]] = [
    ("a console's ID", company("console|HarborPine"), "company_id", "looks like a Console ID", company("HarborPine")),
    ("a blank within", company("Harbor Pine"), "company_id", "looks like a Console ID", company("HarborPine")),
    ("no company", company("  "), "company_id", "The Company ID is empty", company("HarborPine")),
    ("number too short", number("215"), "number", "have 4 characters in this company; this one has 3", number("2160")),
    ("number too long", number("21500"), "number", "this one has 5", number("2160")),
    ("number with a sign", number("21.5"), "number", "made of digits and letters", number("2160")),
    ("number taken", number("2010"), "number", "2010 is taken: Accounts payable", number("2160")),
    ("no token", token(" "), "token", "The token is empty", token(SPEND_TOKEN)),
    (
        "a wrong token",
        token("sandbox-spend-token-old"),
        "token",
        "Spend Center refused the sign-in",
        token(SPEND_TOKEN),
    ),
    ("a wrong client secret", client("app", "wrong"), "token", "Spend Center refused the sign-in", token(SPEND_TOKEN)),
    ("a start far ahead", choice(start=date(2028, 1, 1)), "start", "more than a year ahead", choice()),
    ("no time of day", choice(time="7 o'clock"), "time", "written like 07:00", choice()),
    ("no such zone", choice(zone="Portland time"), "zone", "I don't know the time zone", choice()),
]


@pytest.mark.parametrize(("wrong", "field", "words", "right"), [pytest.param(*one[1:], id=one[0]) for one in TYPED])
async def test_what_is_typed_wrong_is_refused_on_its_field_and_loses_nothing(
    town: Harbor, wrong: Typing, field: str, words: str, right: Typing
) -> None:
    town.talk = town.conversation()
    harbor_pine(town)
    visit = Visit(town)
    await visit.goes_on()
    before = (await town.talk.get(visit.id)).steps

    with pytest.raises(Refused, match=words) as refused:
        await wrong(visit)

    assert refused.value.field == field
    assert (await town.talk.get(visit.id)).steps == before
    await right(visit)


async def test_an_account_that_may_not_be_created_names_the_box_and_is_created_once_it_is_ticked(town: Harbor) -> None:
    town.talk = town.conversation()
    books = harbor_pine(town)
    books.roles[ROLE] = {**NEEDED, "Accounts": ["List", "View"]}
    visit = Visit(town)
    await visit.goes_on()
    await town.talk.ledger.plan_account(visit.id, DANA, "2160", "")
    with pytest.raises(Refused, match="tick General Ledger > Permissions > Accounts > Add in its role"):
        await town.talk.ledger.create_account(visit.id, DANA)

    await town.does("set_role", name=ROLE, policies=NEEDED)
    walk = await town.talk.ledger.create_account(visit.id, DANA)

    assert progress.state_of(walk, 7) is DONE


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ({"sender_password": "wrong"}, "my own access is refused. Whoever runs this app"),
        ({"sender_id": "Harborpine-Bot"}, "A likely cause: the sender ID Harborpine-Bot has capital letters"),
    ],
)
async def test_the_apps_own_refusal_is_told_apart_and_leaves_the_steps_as_they_were(
    town: Harbor, ours: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    harbor_pine(town)
    town.talk = town.conversation(**ours)
    visit = Visit(town)
    with pytest.raises(Refused, match="This one is not yours") as refused:
        await visit.goes_on()
    assert said in str(refused.value)
    assert ("try harborpine-bot" in caplog.text) == ("sender_id" in ours)
    assert set((await town.talk.get(visit.id)).steps) == {"1"}

    town.talk = town.conversation()

    assert await visit.goes_on() == []
