"""Free text in the conversation, understood where it is an obvious answer and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.walkthrough.steps import ACCOUNT, CARD, ENTITY, OPEN, PERMISSIONS

Kind = Literal[
    "done", "back", "help", "go_on", "top", "one_entity", "unsure", "role", "user", "value", "password", "nothing"
]

_WORDS: dict[str, Kind] = {
    **dict.fromkeys(
        ("done", "check", "check again", "ready", "i did it", "did it", "finished", "ok done", "ok"), "done"
    ),
    **dict.fromkeys(("back", "previous", "go back"), "back"),
    **dict.fromkeys(("help", "?", "what now", "what next", "hi", "hello"), "help"),
    **dict.fromkeys(("continue", "go on", "next", "resume", "where was i", "status"), "go_on"),
}
_SCOPES: dict[str, Kind] = {
    **dict.fromkeys(("whole company", "top level", "top", "company"), "top"),
    **dict.fromkeys(("one entity", "entity", "an entity"), "one_entity"),
    **dict.fromkeys(("not sure", "unsure", "i don't know", "no idea"), "unsure"),
}
_KINDS: dict[str, Kind] = {"by role": "role", "role": "role", "by user": "user", "user": "user"}
_SAYS_PASSWORD = re.compile(r"\b(?:password|passwort|pass ?word|pwd?|passcode)\b\s*(?:is|:|=)\s*\S{4,}", re.IGNORECASE)
_LETTERS, _FIGURES, _OTHERS = re.compile(r"[A-Za-z]"), re.compile(r"\d"), re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was meant. `value` is an answer to the current step, and empty for a password: that is not passed on."""

    kind: Kind
    value: str = ""


def understand(text: str, step: int) -> Meaning:
    """What somebody at this step means with this text.

    At the steps whose answer is an ID, one word is taken as that ID unless it looks like a password.
    """
    said = " ".join(text.split())
    plain = said.casefold().rstrip(".!")
    if plain in _WORDS:
        return Meaning(_WORDS[plain])
    if step == OPEN and plain in _SCOPES:
        return Meaning(_SCOPES[plain])
    if step == PERMISSIONS and plain in _KINDS:
        return Meaning(_KINDS[plain])
    if looks_like_a_password(said):
        return Meaning("password")
    if step in (OPEN, ENTITY, ACCOUNT) and re.fullmatch(r"\S{1,40}", said):
        return Meaning("value", said)
    if step in (ENTITY, CARD) and 0 < len(said) <= 40 and len(said.split()) <= 5 and "?" not in said:
        return Meaning("value", said)
    return Meaning("nothing")


def looks_like_a_password(said: str) -> bool:
    """Whether this may be one: said to be, or one word of mixed kinds that no ID here looks like.

    Letters of both cases with figures, or with signs other than those of IDs and addresses. Rather once too often than
    once too rarely: a wrong guess costs a sentence.
    """
    if _SAYS_PASSWORD.search(said):
        return True
    if not re.fullmatch(r"\S{8,64}", said) or "://" in said or re.fullmatch(r"[\w.+-]+@[\w.-]+", said):
        return False
    both_cases = said != said.lower() and said != said.upper()
    signs = set(_OTHERS.findall(said)) - set("-_./&,")
    kinds = sum(bool(found) for found in (_LETTERS.search(said), _FIGURES.search(said), signs))
    return kinds == 3 or (kinds == 2 and both_cases) or (kinds == 2 and bool(signs))
