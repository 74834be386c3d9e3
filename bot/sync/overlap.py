"""Which transactions two connections of one Spend Center company would both take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.models import Selector
from bot.store import connections, walkthroughs
from bot.store.connections import Connection
from bot.store.database import Store


def overlap(ours: Selector, theirs: Selector) -> str:
    """What two selectors would both take, in words; empty when no transaction can belong to both.

    Different ways of choosing, such as cards here and budgets there, can meet in one transaction.
    """
    if ours.all or theirs.all:
        return "all transactions"
    kinds = [_kinds(ours), _kinds(theirs)]
    for kind, first in kinds[0].items():
        if first & kinds[1].get(kind, set()):
            return f"the same {kind}"
    if not kinds[0] or not kinds[1] or kinds[0].keys() == kinds[1].keys():
        return ""
    return "transactions that match both ways of choosing"


def _kinds(selector: Selector) -> dict[str, set[str]]:
    kinds = {"cards": set(selector.cards), "budgets": set(selector.budgets)}
    if selector.field:
        kinds[f"values of {selector.field}"] = set(selector.values)
    return {kind: values for kind, values in kinds.items() if values}


class Taken(Exception):
    """A first sync is not started; the message is the sentence for whoever started it."""


def clash(rivals: Sequence[tuple[Connection, str]]) -> str:
    """Why a selector is refused beside the connections that take some of it already; empty where there is none."""
    if not rivals:
        return ""
    other, shared = rivals[0]
    return (
        f"“{other.name}” already takes {shared} of {other.spend_company_name or 'this Spend Center company'}; a "
        "transaction must belong to one connection. Choose cards or budgets that it does not have."
    )


async def rivals(
    store: Store, selector: Selector, shares: Callable[[Connection], bool], own: str | None
) -> list[tuple[Connection, str]]:
    """The connections that take what this selector chooses, and what that is.

    A set-up's draft takes nothing before its first sync, and is compared then; one made from a file does from its import.

    Args:
        shares: whether a connection reads the same Spend Center company.
        own: the connection that the selector is for, where there is one already.
    """
    drafts = await walkthroughs.drafts(store)
    found = []
    for other in await connections.list_connections(store):
        if other.id == own or not shares(other) or (other.activated is None and other.id in drafts):
            continue
        if shared := overlap(selector, other.selects()):
            found.append((other, shared))
    return found


def same_source(one: Connection, other: Connection) -> bool:
    """Whether both read one Spend Center company; by the sign-in or the file where a company is not known yet."""
    if one.spend_company and other.spend_company:
        return one.spend_company == other.spend_company
    if one.csv or other.csv:
        return bool(one.csv and other.csv) and (one.csv or {}).get("path") == (other.csv or {}).get("path")
    return (one.spend_token, one.client_id) == (other.spend_token, other.client_id)


async def taken(store: Store, connection: Connection) -> list[tuple[Connection, str]]:
    """The connections that already take what this one would."""
    return await rivals(store, connection.selects(), lambda other: same_source(other, connection), connection.id)
