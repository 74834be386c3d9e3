"""The catalogue: every cause that people can meet, by name and by category. The entries stand in six files by area."""

from __future__ import annotations

from collections.abc import Mapping

from bot.hints import (
    entries_access,
    entries_accounts,
    entries_answers,
    entries_dimensions,
    entries_posting,
    entries_source,
)
from bot.hints.hint import Hint
from bot.models import Verdict

_ALL = (
    *entries_access.HINTS,
    *entries_accounts.HINTS,
    *entries_dimensions.HINTS,
    *entries_posting.HINTS,
    *entries_answers.HINTS,
    *entries_source.HINTS,
)

HINTS: dict[str, Hint] = {one.key: one for one in _ALL}
_VARIANTS: dict[str, tuple[Hint, ...]] = {
    key: tuple(one for one in _ALL if one.instead_of == key) for key in {one.instead_of for one in _ALL} - {""}
}
_DEFAULTS: dict[str, Hint] = {one.category: one for one in reversed(HINTS.values())}
CATEGORIES: tuple[str, ...] = tuple(dict.fromkeys(one.category for one in HINTS.values()))


def hint_for(verdict: Verdict) -> Hint:
    """The hint of a verdict: by its cause, else the first of its category, else the one for what is not known."""
    hint = HINTS.get(verdict.detail("cause"))
    if hint is None or hint.category != verdict.category:
        hint = _DEFAULTS.get(verdict.category, HINTS["not-recognised"])
    return nearer(hint, dict(verdict.details))


def nearer(hint: Hint, details: Mapping[str, str]) -> Hint:
    """The hint that the named parts allow: which ledger is closed, which object the user may not use."""
    for one in _VARIANTS.get(hint.key, ()):
        name, value = one.when
        if details.get(name) and value in {"", details[name]}:
            return one
    return hint


def verdict(cause: str, subject: str = "", **details: str) -> Verdict:
    """A verdict for a cause that the sync itself found: a hold, or a failure at Spend Center.

    Args:
        cause: a catalogue key, such as `refund-first` or `source-token-refused`.
        subject: the named object as short text; with the category it is the alert's key.
        details: named parts for the sentences (account, value, card, …).

    Raises:
        KeyError: when the catalogue has no such cause.
    """
    hint = HINTS[cause]
    named = tuple((key, value) for key, value in details.items() if value)
    return Verdict(hint.category, subject, hint.retry, (("cause", cause), *named))
