"""Texts longer than Intacct keeps are cut by us, and a reference never: what is longer than that is known by its hash.

No lengths are published. The simulator refuses a payee beyond 100, a reference beyond 45, a description or memo beyond 1,000.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intacct.text import cut
from bot.models import PostingState
from bot.store import postings
from bot.sync.mapping import next_reference, reference_for
from tests.moved import few_cards, ledger, lose, proved  # noqa: F401  # few_cards is the fixture `harbor`
from tests.test_fetch import buy, coding, row_of, settled
from tests.world import World

LONG = "Société anonyme des grands magasins de fournitures de bureau et de papeterie du Nord-Est, succursale de Portland, Oregon"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        ("Blue Mesa Air", 13, "Blue Mesa Air"),
        ("Blue Mesa Air", 12, "Blue Mesa A…"),
        ("Blue Mesa Air", 10, "Blue Mesa…"),
        ("cafe\u0301 noir", 5, "caf…"),  # an accent of its own is not left without its letter, nor torn off
        (f"We are {FAMILY} here", 10, "We are…"),  # a family of three joined faces is one sign
        ("ok \U0001f44d\U0001f3fd yes", 5, "ok…"),  # a skin tone belongs to its hand
        ("to \U0001f1fa\U0001f1f8 it", 5, "to…"),  # a flag has two halves
        ("abc", 1, ""),
        ("", 0, ""),
    ],
)
def test_a_text_is_cut_where_a_reader_would_cut_it(text: str, limit: int, left: str) -> None:
    assert cut(text, limit) == left


@given(text=st.text(max_size=60), limit=st.integers(0, 50))
def test_a_cut_text_is_never_longer_than_its_limit_and_begins_as_the_whole(text: str, limit: int) -> None:
    left = cut(text, limit)

    assert len(left) <= max(limit, 0)
    assert left == text if len(text) <= limit else text.startswith(left.removesuffix("…"))


def test_a_reference_over_the_limit_is_a_hash_in_every_generation_and_others_stay_as_they_were() -> None:
    fits, over = "a" * 43, "b" * 46

    assert reference_for(f"txr_{fits}") == fits
    assert reference_for(f"txr_{over}") == "h-" + hashlib.sha256(over.encode()).hexdigest()[:32]
    assert next_reference(fits, 1) == f"{fits}-2"
    assert next_reference(f"{fits}x", 1) == "h-" + hashlib.sha256(f"{fits}x-2".encode()).hexdigest()[:32]
    assert next_reference(reference_for(f"txr_{over}"), 1) == f"{reference_for(f'txr_{over}')}-2"
    assert len({reference_for(f"txr_{'b' * n}") for n in range(40, 80)}) == 40


async def test_a_merchant_of_more_than_a_hundred_characters_posts_with_its_beginning(harbor: World) -> None:
    portland = await settled(harbor)
    assert len(LONG) > 100
    uuid = await buy(harbor, "75.00", merchant=LONG)

    run = await harbor.sync(portland)

    row = await row_of(harbor, portland, uuid)
    [booked] = [one for one in ledger(harbor) if one["reference"] == row.reference]
    assert (run.posted, run.failed, row.state) == (1, 0, PostingState.POSTED)
    assert booked["payee"].endswith("…")
    assert LONG.startswith(booked["payee"].removesuffix("…"))
    assert 95 <= len(booked["payee"]) <= 100
    assert row.merchant == LONG  # what people read in Slack is whole


async def test_notes_longer_than_a_memo_are_cut_in_the_line_and_in_the_description(harbor: World) -> None:
    portland = await settled(harbor)
    note = "Trade fair in Boise, stand 14. " * 40
    uuid = await buy(harbor, "75.00", fields={**coding(harbor), "Notes": note})

    assert (await harbor.sync(portland)).posted == 1

    row = await row_of(harbor, portland, uuid)
    [booked] = [one for one in ledger(harbor) if one["reference"] == row.reference]
    assert row.reference in booked["description"]
    assert len(booked["description"]) <= 400
    lines: Any = booked["lines"]
    assert all(line["description"].startswith("Trade fair in Boise, stand 14.") for line in lines)
    assert max(len(line["description"]) for line in lines) <= 400


async def test_a_transaction_with_a_long_id_is_posted_looked_up_and_proved_under_its_hash(harbor: World) -> None:
    """As exports of a CSV file have them: the id is longer than a reference may be."""
    portland = await settled(harbor)
    uuid = await buy(harbor, "75.00", uuid="txr_" + "0123456789" * 8)

    await lose(harbor, portland)
    row = await row_of(harbor, portland, uuid)
    assert row.state == PostingState.UNKNOWN
    assert row.reference == "h-" + hashlib.sha256(("0123456789" * 8).encode()).hexdigest()[:32]

    harbor.clock.pass_(minutes=21)
    await harbor.sync(portland)

    assert (await row_of(harbor, portland, uuid)).state == PostingState.POSTED
    assert harbor.booked()[row.reference] == Decimal("75.00")
    await proved(harbor, portland, 11)


async def test_a_row_that_an_earlier_version_read_keeps_its_reference(harbor: World) -> None:
    portland = await settled(harbor)
    before = {one.id: one.reference for one in await postings.list_postings(harbor.parts.store, portland.id)}
    assert before

    await harbor.sync(portland)

    assert {one.id: one.reference for one in await postings.list_postings(harbor.parts.store, portland.id)} == before
