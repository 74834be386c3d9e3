"""A connection as a file: what is read, what is refused with every reason at once, and what is written back."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import FieldMapping, Secret, Selector
from bot.store.connections import Company, Connection
from bot.store.rows import to_json
from bot.sync.connection_file import ConnectionFile, ConnectionFileError, read, write

SECRETS = {"INTACCT_USER_PASSWORD": "hunter2", "SPEND_CENTER_TOKEN": "tkn", "SPEND_CENTER_SECRET": "scr"}
PARTS = {
    "top": 'name = "Portland"\nschedule = "0 7 * * mon-fri"\ntime_zone = "America/Los_Angeles"\nstart_date = 2026-10-01',
    "intacct": '[intacct]\ncompany_id = "HarborPine"\nuser_id = "Spendcenter"\npassword = "env:INTACCT_USER_PASSWORD"\n'
    'card = "Spend Center CC Object"',
    "source": '[spend_center]\ntoken = "env:SPEND_CENTER_TOKEN"',
    "selector": "",
    "mapping": '[mapping.gl_account]\nfield = "GL Account"\n[mapping.gl_account.values]\n"6120 - Office" = "6120"',
    "options": "",
}

CSV = '[csv]\npath = "a.csv"\n[csv.columns]\nuuid = "I"\ndate = "D"\namount = "A"\nmerchant = "M"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "connection.toml"


def reading(path: Path, **changes: str) -> ConnectionFile:
    path.write_text("\n".join((PARTS | changes).values()), encoding="utf-8")
    return read(path, SECRETS)


def problems(path: Path, **changes: str) -> list[str]:
    with pytest.raises(ConnectionFileError) as refused:
        reading(path, **changes)
    return refused.value.problems


def test_a_small_file_is_enough(path: Path) -> None:
    made = reading(path)

    assert made.company_id == "HarborPine"
    assert made.company == {"user_id": "Spendcenter", "password": Secret("hunter2"), "requests_at_once": 2}
    assert made.connection["selector"] == Selector()
    assert made.connection["start_date"] == date(2026, 10, 1)
    assert made.connection["mapping"] == {"gl_account": FieldMapping("GL Account", "", {"6120 - Office": "6120"})}
    assert made.connection["spend_token"] == Secret("tkn")
    assert made.connection["entity_id"] == ""
    assert made.connection["owner"] == ""


def test_a_file_saved_by_an_editor_that_marks_its_encoding_is_read(path: Path) -> None:
    path.write_text("\n".join(PARTS.values()), encoding="utf-8-sig")

    assert read(path, SECRETS).connection["name"] == "Portland"


@pytest.mark.parametrize(
    ("part", "text", "said"),
    [
        ("top", PARTS["top"].replace("2026-10-01", '"soon"'), "start_date is missing or no day"),
        ("top", PARTS["top"].replace("2026-10-01", "2026-10-01T00:00:00Z"), "start_date is missing or no day"),
        ("top", PARTS["top"].replace("0 7 * * mon-fri", "@daily"), "schedule is not usable"),
        ("top", PARTS["top"].replace("0 7 * * mon-fri", "61 7 * * *"), "schedule is not usable"),
        ("top", PARTS["top"].replace("America/Los_Angeles", "PST8"), "time_zone 'PST8' is not known"),
        ("top", PARTS["top"] + "\nowner = 'C0FINANCE'", "owner is a Slack user ID like U0123ABCD"),
        ("top", PARTS["top"] + "\nowner = 'Dana'", "owner is a Slack user ID like U0123ABCD"),
        ("top", PARTS["top"] + "\nchanel = 'C0'", "chanel is not known here"),
        ("intacct", PARTS["intacct"] + "\nrequests_at_once = 0", "requests_at_once is a number from 1 to 50"),
        ("intacct", PARTS["intacct"] + "\nrequests_at_once = true", "requests_at_once is a number from 1 to 50"),
        ("intacct", PARTS["intacct"].replace("HarborPine", "Harbor|Pine"), "looks like a Console ID"),
        ("intacct", PARTS["intacct"].replace("env:INTACCT_USER_PASSWORD", "hunter2"), "is a secret and does not belong"),
        ("intacct", PARTS["intacct"].replace("INTACCT_USER_PASSWORD", "NOT_THERE"), "names NOT_THERE, which is not set"),
        ("source", "[spend_center]", "[spend_center] needs a token"),
        ("source", '[spend_center]\nclient_id = "a"', "[spend_center] needs a token"),
        ("source", PARTS["source"] + "\n" + CSV, "a connection has one source"),
        ("source", '[csv]\npath = "a.csv"', "[csv.columns] is missing"),
        ("source", '[csv]\npath = "a.csv"\n[csv.columns]\namount = 3', "[csv.columns] holds texts"),
        ("source", CSV.replace("path", 'sep = ";"\npath'), "csv.sep is not known here"),
        ("source", CSV.replace("path", 'delimiter = "::"\npath'), "The delimiter under [csv] must be one character"),
        ("source", CSV.replace("path", "decimal = 1\npath"), "csv.decimal is a text"),
        ("source", CSV.replace('amount = "A"', ""), "write amount = its heading"),
        ("selector", '[selector]\ncards = "4417"', 'selector.cards is a list of texts, like ["4417"]'),
        ("selector", "[selector]\nall = false", "selector chooses nothing"),
        ("selector", '[selector]\nvalues = ["x"]', "belong together"),
        ("selector", '[selector]\nfield = "x"\nall = true', "belong together"),
        ("selector", '[selector]\nall = true\nbudgets = ["b"]', "choose one"),
        ("mapping", "", "[mapping.gl_account] is missing"),
        ("mapping", PARTS["mapping"] + "\n[mapping.colour]\nfield = 'x'", "mapping.colour is no dimension"),
        ("mapping", PARTS["mapping"] + "\n[mapping.class]\nvalue = 'x'", "mapping.class.value is not known here"),
        ("mapping", "[mapping.gl_account]", "mapping.gl_account.field is missing"),
        ("mapping", PARTS["mapping"].replace('= "6120"', "= 6120"), "'6120 - Office' needs an Intacct ID in quotes"),
        ("options", "[options]\nfee_inside = 'yes'", "options.fee_inside is true or false"),
        ("options", "[options]\nreceipts_above = 'a lot'", "options.receipts_above is an amount"),
        ("options", "[options]\ndate = 'posted'", "options.date is"),
        ("options", "[options]\ncolour = 'red'", "options.colour is not known here"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_sentence(path: Path, part: str, text: str, said: str) -> None:
    found = problems(path, **{part: text})

    assert len(found) == 1, found
    assert said in found[0]


def test_all_mistakes_are_told_at_once_and_no_secret_with_them(path: Path) -> None:
    intacct = '[intacct]\npassword = "hunter2"\ncompany_id = "a b"'

    found = problems(path, top="name = 3", intacct=intacct, source="", mapping="")

    assert len(found) == 8, found
    assert "hunter2" not in str(found)


def company() -> Company:
    values: dict[str, Any] = dict.fromkeys((one.name for one in fields(Company)), "")
    return Company(**values | {"company_id": "HarborPine", "user_id": "Spendcenter", "requests_at_once": 3})


def connection(**changes: Any) -> Connection:
    values: dict[str, Any] = dict.fromkeys((one.name for one in fields(Connection)), "")
    values |= {"csv": None, "options": None, "spend_token": Secret("tkn"), "client_secret": None}
    values |= {"name": "Portland", "card": "CC", "time_zone": "UTC", "start_date": date(2026, 10, 1)}
    values |= {"selector": to_json(Selector()), "mapping": {"gl_account": to_json(FieldMapping("GL", "6999"))}}
    values |= {"created": datetime(2026, 10, 1, tzinfo=UTC), "revision": 1, "company": 1}
    return Connection(**values | changes)


def again(path: Path, row: Connection) -> dict[str, Any]:
    path.write_text(write(row, company()), encoding="utf-8")
    return read(path, SECRETS).connection


def test_what_is_written_is_read_as_the_same_and_names_its_secrets_only(path: Path) -> None:
    row = connection(
        channel="C0FINANCE",
        owner="U0DANA",
        schedule="0 7 * * *",
        entity_id="100",
        selector=to_json(Selector(False, ("4417",), ("bgt",), "Field", ("a", "b"))),
        options={"fee_inside": True, "receipts_above": "75.00", "correct": ["U0DANA"]},
    )

    found = again(path, row)

    assert "tkn" not in path.read_text()
    for key in ("name", "channel", "owner", "schedule", "time_zone", "start_date", "entity_id", "card", "options"):
        assert found[key] == getattr(row, key)
    assert found["selector"] == row.selects()
    assert found["mapping"] == row.codes()
    assert found["spend_token"] == Secret("tkn")


def test_a_client_with_a_secret_and_a_csv_file_come_back_too(path: Path) -> None:
    oauth = again(path, connection(spend_token=None, client_id="cl", client_secret=Secret("scr")))
    csv = {
        "path": str(path.parent / "a.csv"),
        "delimiter": ";",
        "cleared": ["Done"],
        "ignore": ["State", "Typ"],
        "columns": {"uuid": "Id", "date": "Tag", "amount": "Betrag", "merchant": "Wo", "GL Account": "Konto"},
    }

    assert (oauth["client_id"], oauth["client_secret"], oauth["spend_token"]) == ("cl", Secret("scr"), None)
    assert again(path, connection(spend_token=None, csv=csv))["csv"] == csv


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).map(str.strip).filter(bool)

IDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=40
)
IDS = IDS.map(str.strip).filter(bool)  # what XML can carry


@given(name=NAMES, values=st.dictionaries(NAMES, IDS, max_size=4), budgets=st.lists(NAMES, max_size=3))
def test_whatever_people_call_things_a_file_written_is_read_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, values: dict[str, str], budgets: list[str]
) -> None:
    row = connection(
        name=name,
        selector=to_json(Selector(not budgets, (), tuple(budgets))),
        mapping={"gl_account": to_json(FieldMapping(name, "", values))},
    )

    found = again(tmp_path_factory.getbasetemp() / "any.toml", row)

    assert found["name"] == name
    assert found["selector"] == row.selects()
    assert found["mapping"] == row.codes()


def test_a_connection_without_a_start_is_written_and_refused_when_read(path: Path) -> None:
    with pytest.raises(ConnectionFileError, match="start_date"):
        again(path, replace(connection(), start_date=None))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"intacct": PARTS["intacct"].replace("CC Object", r"CC\u0001 Object")}, "intacct.card"),
        (
            {"mapping": PARTS["mapping"].replace('= "6120"', r'= "61\u000120"')},
            "mapping.gl_account.values: '6120 - Office'",
        ),
        ({"mapping": PARTS["mapping"] + '\n[mapping.class]\ndefault = "C\\ufffe1"'}, "mapping.class.default"),
    ],
)
def test_an_id_that_xml_cannot_carry_is_refused_by_name_and_not_sent_as_a_shorter_one(
    path: Path, changes: dict[str, str], key: str
) -> None:
    found = problems(path, **changes)

    assert len(found) == 1
    assert found[0].startswith(f"{key} has a character that cannot be sent to Intacct (U+")
