"""What people type is understood in one way everywhere, or refused with a sentence."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import ConnectionState
from bot.schedules import Schedules, cron, next_due
from bot.store import connections
from bot.sync.connection_file import read, write
from bot.sync.find import read as found_by
from bot.typed_values import amount, daily, daily_time, limit, reason, requests_at_once, time_zone
from tests.world import World

TODAY = date(2026, 11, 5)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("75", "75"),
        ("75.5", "75.5"),
        ("75.50", "75.50"),
        ("75,50", "75.50"),
        ("$75,50", "75.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1234,50", "1234.50"),
        ("1,234", "1234"),
        ("1,234,567.89", "1234567.89"),
        ("$ 1,234.50", "1234.50"),
        ("75 USD", "75"),
        (" 0.125 ", "0.125"),
        ("1234.5678", "1234.5678"),
        ("0", "0"),
    ],
)
def test_an_amount_is_what_was_typed(text: str, meant: str) -> None:
    assert str(amount(text)) == meant


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "ten",
            "-5",
            "−5",
            "+5",
            "75,5",
            "75,5000",
            "7,50,00",
            "1,2345",
            "75.50.1",
            "1.234.567",
            ".5",
            "5.",
        ),
        *("1E+3", "1e3", "1E1000000", "9e999999", "NaN", "Infinity", "0x10", "1_000", "٧٥", "７５", "7 5", "75\x0050"),
        *("9" * 13, "9" * 5000, "75.123", "1.234"),
    ],
)
def test_what_is_no_amount_or_could_be_two_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\x00\n]{20,200}\.$"):
        amount(text)


def test_a_search_reads_amounts_by_the_same_rule_whatever_their_sign() -> None:
    assert [one.amount for one in found_by("75,50 −640 $-5 1E+3 1.234", TODAY)] == [
        Decimal("75.50"),
        Decimal(640),
        Decimal(5),
        None,
        None,
    ]


cents = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2, allow_nan=False, allow_infinity=False)


@given(cents)
def test_however_an_amount_is_written_down_it_is_read_back_to_the_cent(value: Decimal) -> None:
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    for text in (f"{value:f}", english, f"${english}", german, f"{value:f}".replace(".", ",")):
        assert amount(text) == value, text
    assert limit(english) == f"{value:f}"


@given(st.text(alphabet="0123456789.,$€ -+eE_", max_size=24) | st.text(max_size=40))
def test_any_text_is_an_amount_with_all_its_digits_or_a_sentence(text: str) -> None:
    try:
        value = amount(text)
    except ValueError as refused:
        said = str(refused)
    else:
        said = ""
    if said:
        assert re.fullmatch(r"[^\n]{20,249}\.", said)
        return
    digits = re.sub(r"[^0-9]", "", text)
    assert re.sub(r"[^0-9]", "", f"{value:f}").lstrip("0") == digits.lstrip("0"), "no digit is lost or made up"
    last = re.search(r"[.,]([0-9]*)\D*$", text)
    if last and len(last[1]) == 2:
        assert value.as_tuple().exponent == -2, "two digits after the last mark are cents, whichever mark it is"


@given(st.decimals(min_value=0, max_value=10**11, places=2, allow_nan=False, allow_infinity=False))
def test_what_a_form_keeps_is_what_a_file_takes(value: Decimal) -> None:
    assert limit(limit(f"{value:,.2f}")) == limit(f"{value:f}")


@pytest.mark.parametrize("time", ["24:00", "7", "07:60", "99:99", "", "noon", "٠٧:٠٠", "7:5", "07:00:00"])
def test_a_time_that_is_none_makes_no_schedule(time: str) -> None:
    with pytest.raises(ValueError, match="written like 07:00"):
        daily(time)


@given(st.integers(0, 23), st.integers(0, 59))
def test_a_daily_time_comes_back_and_is_a_schedule(hour: int, minute: int) -> None:
    line = daily(f"{hour}:{minute:02}")

    assert daily_time(line) == f"{hour:02}:{minute:02}"
    assert cron(line, "UTC") is not None


def test_a_time_zone_is_known_by_its_name_in_any_letter_case() -> None:
    assert time_zone(" america/Los_angeles ") == "America/Los_Angeles"
    for wrong in ("", "Mars/Olympus", "../../etc/passwd", "America", "UTC\x00", "/etc/localtime", "x" * 5000):
        with pytest.raises(ValueError, match=r"I don't know the time zone .{0,60}\. Write it like"):
            time_zone(wrong)


@pytest.mark.parametrize("text", ["0", "51", "100000", "-1", "2.0", "1e1", "", "two", "٢"])
def test_requests_at_once_are_from_one_to_fifty(text: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 50"):
        requests_at_once(text)
    assert requests_at_once(" 8 ") == 8


@pytest.mark.parametrize("text", ["", "   ", "\u00a0\u2003", "\u200b\u200b", "—", "...", "\n\t"])
def test_a_reason_of_spaces_and_marks_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="Give a reason in words"):
        reason(text)
    assert reason("  paid\n twice ") == "paid twice"


# --- what was stored before, and what a file says --------------------------------------------------------------------


async def test_a_schedule_that_cannot_be_used_stops_no_other(harbor: World) -> None:
    bad = await harbor.connect("100", schedule="99 99 * * *")
    good = await harbor.connect("200", schedule="0 7 * * *")

    async def fire(_connection: str, _company: int, _due: datetime) -> None:
        """Nothing falls due while this looks."""

    schedules = Schedules(harbor.parts.store, lambda: datetime.now(UTC), fire)
    await schedules.start()
    waiting = {job.id for job in schedules._scheduler.get_jobs()}  # what the clock waits for is nowhere else
    schedules.stop()

    assert waiting == {good.id}
    assert next_due(bad, harbor.clock()) is None
    assert next_due(good, harbor.clock()) is not None


async def test_a_limit_that_an_earlier_version_kept_is_exported_as_a_file_takes_it(
    harbor: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portland = await harbor.connect("100", state=ConnectionState.ACTIVE, options={"receipts_above": "1E+3"})
    company = await connections.get_company(harbor.parts.store, portland.company)
    file = tmp_path / "portland.toml"

    file.write_text(write(portland, company), encoding="utf-8")
    for name in ("INTACCT_USER_PASSWORD", "SPEND_CENTER_TOKEN"):
        monkeypatch.setenv(name, "planted")

    assert read(file).connection["options"]["receipts_above"] == "1000"
