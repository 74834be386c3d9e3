"""The last choices, decided without asking anyone: start day, which transactions are this connection's, daily time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from bot.models import Selector


def propose_start(today: date, native_last: date | None = None) -> date:
    """The first day of last month, which is as a rule the oldest open one; never a day that Spend Center posted itself."""
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    return max(first, native_last + timedelta(days=1)) if native_last else first


def start_problem(start: date, today: date, native_last: date | None) -> str:
    if start > today + timedelta(days=366):
        return "That is more than a year ahead."
    if native_last and start <= native_last:
        return f"Spend Center itself posted up to {native_last.day} {native_last:%b %Y}; start on a later day."
    return ""


def to_selector(picked: Sequence[str]) -> Selector:
    """From what was picked: `b:` a budget, `c:` a card, `f:` a field and its value; nothing picked means all.

    Raises:
        ValueError: with a sentence, for values of two fields.
    """
    if not picked:
        return Selector()
    parts = [one.split(":") for one in picked]
    fields = {part[1] for part in parts if part[0] == "f"}
    if len(fields) > 1:
        raise ValueError("Pick values of one field only; two fields can disagree about a transaction.")
    return Selector(
        all=False,
        cards=tuple(part[1] for part in parts if part[0] == "c"),
        budgets=tuple(part[1] for part in parts if part[0] == "b"),
        field=next(iter(fields), ""),
        values=tuple(part[2] for part in parts if part[0] == "f"),
    )


def picked_of(selector: Selector) -> list[str]:
    """What `to_selector` was given."""
    return [
        *(f"b:{one}" for one in selector.budgets),
        *(f"c:{one}" for one in selector.cards),
        *(f"f:{selector.field}:{one}" for one in selector.values),
    ]


def propose(
    budgets: Sequence[tuple[str, str]], entity_name: str, field: str, values: Mapping[str, str], inside: Iterable[str]
) -> list[str]:
    """What an entity's own transactions are told by, as `to_selector` takes it: nothing where nothing is certain.

    Args:
        budgets: (uuid, name) of every budget; those named like the entity are proposed.
        entity_name: empty at the top level, where all transactions belong together.
        field: uuid of the field that carries the location, proposed where no budget fits.
        values: its value uuids to Intacct locations.
        inside: the locations that belong to the entity.
    """
    if not entity_name:
        return []
    named = propose_budgets(budgets, entity_name)
    if named:
        return [f"b:{uuid}" for uuid in named]
    own = set(inside)
    return [f"f:{field}:{value}" for value, location in values.items() if field and location in own]


def propose_budgets(budgets: Sequence[tuple[str, str]], entity_name: str) -> tuple[str, ...]:
    """The budgets (uuid, name) named like the entity: the same name, or the name as a word of theirs."""
    wanted = entity_name.casefold().strip()
    if not wanted:
        return ()
    same = tuple(uuid for uuid, name in budgets if name.casefold().strip() == wanted)
    word = re.compile(rf"\b{re.escape(wanted)}\b")
    return same or tuple(uuid for uuid, name in budgets if word.search(name.casefold()))
