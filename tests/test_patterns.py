"""Every pattern of the source, found by itself, against strings made from its own parts: its time grows as the text does."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import re._constants as sre  # type: ignore[import-not-found]  # the parser's own names for what a pattern is made of
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bot
import handlers
from bot.redaction import _spellings

ROOT = Path(__file__).parent.parent
CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
ONE, FIRST_HIT, ALL = "one place", "the first hit", "all hits"
ASKED = {"match": ONE, "fullmatch": ONE, "search": FIRST_HIT}
"""How far a pattern is asked for, by the call; every other call wants all hits."""

MADE = {
    ("bot/hints/complaints.py", "_any"): "its patterns are constants of the module, found there",
    ("bot/hints/rule.py", "_compile"): "its patterns are in the rules, found there",
    ("bot/hints/coding.py", "says"): "what it is given is a literal, found where it is given",
    ("bot/hints/reading.py", "_day"): "the name of a month",
    ("bot/redaction.py", "_spellings"): "the letters of a secret, each bounded; tried below",
    ("bot/walkthrough/choices.py", "propose_budgets"): "an escaped word",
    ("handlers/walkthrough/__init__.py", "_any_of"): "escaped names of buttons",
    ("bot/sandbox/intacct/filters.py", "_pattern"): "of the sandbox: an escaped text with wildcards",
    ("bot/sandbox/intacct/writing.py", "_check_number"): "of the sandbox: lengths of an account number",
    ("bot/sandbox/slack/values.py", "_number_complaint"): "of the sandbox: decimals of a number",
}
"""Where a pattern is put together while running, and why nothing outside can make it slow."""

LENGTHS = (16, 20, 24, 60, 150, 1_200, 9_600)
"""Of the strings. The last two tell growth, the ones before keep a pattern that never ends from being asked for more."""

GROWTH = 20.0
"""Of time where the text grows eightfold: 8 where it grows alike, 64 where with its square."""

SLOWEST = 0.002
"""Seconds below which growth says nothing."""

TOO_SLOW = 0.6
"""Seconds at any of the lengths, which is ten times and more what a pattern takes whose time grows with the text."""


@dataclass(frozen=True)
class Pattern:
    where: str
    compiled: re.Pattern[str]
    asked: str

    def run(self, text: str) -> None:
        if self.asked == ALL:
            for _ in self.compiled.finditer(text):
                pass
        elif self.asked == FIRST_HIT:
            self.compiled.search(text)
        else:
            self.compiled.fullmatch(text)
            self.compiled.match(text)


def modules() -> Iterator[ModuleType]:
    for package in (bot, handlers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in found.name and not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def patterns_in(value: Any, depth: int = 5) -> Iterator[re.Pattern[str]]:
    """The compiled patterns in a value: alone, in a collection, in a dataclass."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        for one in [*value, *value.values()]:
            yield from patterns_in(one, depth - 1)
    elif depth and isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from patterns_in(one, depth - 1)
    elif depth and is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from patterns_in(getattr(value, field.name, None), depth - 1)


def is_re(call: ast.Call) -> bool:
    called = call.func
    return (
        isinstance(called, ast.Attribute)
        and called.attr in CALLS
        and isinstance(called.value, ast.Name)
        and called.value.id == "re"
    )


@cache
def sources() -> list[tuple[ModuleType, str, ast.Module]]:
    found = []
    for module in modules():
        path = Path(str(module.__file__))
        found.append((module, str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))))
    return found


@cache
def how_asked() -> dict[tuple[str, str], str]:
    """By file and name of a constant that holds a pattern, how far it is asked for; the file of `module.NAME` is not known."""
    used: dict[tuple[str, str], set[str]] = {}
    for _, path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in CALLS:
                key = (
                    (path, node.value.id)
                    if isinstance(node.value, ast.Name)
                    else ("", node.value.attr if isinstance(node.value, ast.Attribute) else "")
                )
                used.setdefault(key, set()).add(ASKED.get(node.attr, ALL))
    return {key: max(how, key=(ONE, FIRST_HIT, ALL).index) for key, how in used.items()}


def asked_of(path: str, name: str, value: Any) -> str:
    """A rule is only asked for its first hit; what is never asked by its name may be asked for everything."""
    known = [how_asked()[key] for key in ((path, name), ("", name)) if key in how_asked()]
    if known:
        return max(known, key=(ONE, FIRST_HIT, ALL).index)
    return FIRST_HIT if isinstance(value, tuple) and path.startswith("bot/hints/rules") else ALL


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Each call with the function around it."""

    def walk(node: ast.AST, name: str) -> Iterator[tuple[str, ast.Call]]:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            name = node.name
        if isinstance(node, ast.Call):
            yield name, node
        for child in ast.iter_child_nodes(node):
            yield from walk(child, name)

    yield from walk(tree, "")


@cache
def collected() -> tuple[list[Pattern], list[tuple[str, str]]]:
    """All patterns, and the places where one is made that cannot be read off the source."""
    found: dict[tuple[str, int, str], Pattern] = {}
    unread: list[tuple[str, str]] = []

    def keep(where: str, compiled: re.Pattern[Any], asked: str) -> None:
        if isinstance(compiled.pattern, str):
            found.setdefault((compiled.pattern, compiled.flags, asked), Pattern(where, compiled, asked))

    for module, path, tree in sources():
        for name, value in vars(module).items():
            for compiled in patterns_in(value):
                keep(f"{path} {name}", compiled, asked_of(path, name, value))
        for function, call in functions(tree):
            says = isinstance(call.func, ast.Attribute) and call.func.attr == "says" and path.startswith("bot/hints")
            if not (is_re(call) or says) or not call.args:
                continue
            assert isinstance(call.func, ast.Attribute)
            how = "search" if says else call.func.attr
            flags = next((k.value for k in call.keywords if k.arg == "flags"), None)
            position = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2}.get(how, 9)
            flags = flags or (call.args[position] if len(call.args) > position else None)
            try:
                pattern, given = (
                    eval(compile(ast.fix_missing_locations(ast.Expression(one)), path, "eval"), dict(vars(module)))
                    for one in (call.args[0], flags or ast.Constant(int(re.IGNORECASE) if says else 0))
                )
            except NameError:
                unread.append((path, function))
                continue
            if how != "compile":
                keep(f"{path}:{call.lineno}", re.compile(pattern, given), ASKED.get(how, ALL))
    return list(found.values()), unread


# --- strings from a pattern's own parts ---


def samples(tree: Any, most: int = 4) -> list[str]:
    """A few short texts that this part of a pattern takes, or nearly does."""
    made = [""]
    for op, argument in tree:
        here = piece(op, argument)[:most]
        made = [left + right for left in made[:most] for right in here][: most * 2]
    return made


CATEGORIES = {
    sre.CATEGORY_DIGIT: "1", sre.CATEGORY_NOT_DIGIT: "a", sre.CATEGORY_SPACE: " ", sre.CATEGORY_NOT_SPACE: "a",
    sre.CATEGORY_WORD: "a", sre.CATEGORY_NOT_WORD: ".",
}  # fmt: skip


def of_class(items: Any) -> list[str]:
    """One character for each part of a class; of a negated one, some that are not in it."""
    taken: list[str] = []
    negated = False
    for op, argument in items:
        if op is sre.NEGATE:
            negated = True
        elif op is sre.LITERAL:
            taken.append(chr(argument))
        elif op is sre.RANGE:
            taken.append(chr(argument[0]))
        elif op is sre.CATEGORY:
            taken.append(CATEGORIES[argument])
    if not negated:
        return list(dict.fromkeys(taken))
    return [one for one in "a1 .-'<_:" if one not in taken and not (one == " " and " " in taken)][:3] or ["z"]


def piece(op: Any, argument: Any) -> list[str]:
    if op is sre.LITERAL:
        return [chr(argument)]
    if op is sre.NOT_LITERAL:
        return ["a" if argument != ord("a") else "b"]
    if op is sre.ANY:
        return ["a", "."]
    if op is sre.IN:
        return of_class(argument)
    if op is sre.BRANCH:
        return [text for branch in argument[1] for text in samples(branch, 2)[:2]]
    if op is sre.SUBPATTERN:
        return samples(argument[3])
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        low, _, item = argument
        return [text * max(low, 1) for text in samples(item)]
    if op is sre.ATOMIC_GROUP:
        return samples(argument)
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        return ["", *samples(argument[1], 2)[:2]]
    return [""]


def loops(tree: Any, before: str = "") -> Iterator[tuple[str, list[str]]]:
    """(what stands before it, what it repeats) for each part that repeats many times."""
    for op, argument in tree:
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            if argument[1] > 8:
                yield before, samples(argument[2])
            yield from loops(argument[2], before)
        elif op is sre.SUBPATTERN:
            yield from loops(argument[3], before)
        elif op is sre.ATOMIC_GROUP:
            yield from loops(argument, before)
        elif op is sre.BRANCH:
            for branch in argument[1]:
                yield from loops(branch, before)
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            yield from loops(argument[1], before)
        before += next(iter(piece(op, argument)), "")


def adversaries(pattern: re.Pattern[str]) -> Iterator[Callable[[int], str]]:
    """Makers of a text of a given length: runs and mixtures of what repeats, begun again and again, and ended badly."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    repeated = list(loops(tree))
    runs = list(dict.fromkeys(text for _, texts in repeated for text in texts if text))[:6]
    units: list[tuple[str, str]] = [("", text) for text in runs]
    units += [("", one + other) for one in runs[:4] for other in runs[:4] if one != other]
    for before, texts in list(dict.fromkeys((before, tuple(texts[:2])) for before, texts in repeated))[:10]:
        for text in texts:
            units += [(before, text), ("", before + text), (before, text + " ")]
    units += [("", whole[:cut]) for whole in samples(tree)[:2] for cut in (None, -1)]
    units += [("", one) for one in (".", " ", "a ", "a.", "1", "<", "A")]
    for start, unit in dict.fromkeys(units):
        if unit:
            yield lambda n, start=start, unit=unit: (start + unit * (n // len(unit) + 1))[:n] + "\x00"  # type: ignore[misc]


def seconds(pattern: Pattern, text: str, tries: int) -> float:
    """CPU time of this thread, the best of several: another's load is not in it."""
    best = float("inf")
    for _ in range(tries):
        began = time.thread_time()
        pattern.run(text)
        best = min(best, time.thread_time() - began)
    return best


def may_be_slow(pattern: Pattern) -> bool:
    """Whether it can go far from one beginning: what takes at most so many characters is as quick as it is long."""
    return bool(parser.parse(pattern.compiled.pattern, pattern.compiled.flags).getwidth()[1] > 100)


def grows(pattern: Pattern) -> str:
    """An example where the time grows faster than the text; empty when there is none."""
    for text in adversaries(pattern.compiled):
        times: list[float] = []
        for length in LENGTHS:
            if length == LENGTHS[-1] and times[-1] < SLOWEST / 20:
                break
            times.append(seconds(pattern, text(length), 1))
            if times[-1] > TOO_SLOW:
                return f"{pattern.where}: {times[-1] * 1000:.0f} ms for {length} of {text(40)!r}…"
        if times[-1] > GROWTH * times[-2] and times[-1] > SLOWEST:
            again = [seconds(pattern, text(length), 5) for length in LENGTHS[-2:]]
            if again[1] > GROWTH * again[0]:
                return f"{pattern.where}: {again[0] * 1000:.1f} ms, then {again[1] * 1000:.1f} for {text(40)!r}…"
    return ""


def test_every_pattern_of_the_source_is_found() -> None:
    found, unread = collected()

    assert set(unread) == set(MADE)
    assert len(found) > 200


@pytest.mark.timeout(300)
def test_the_time_of_no_pattern_grows_faster_than_the_text() -> None:
    found, _ = collected()

    slow = [told for pattern in found if may_be_slow(pattern) and (told := grows(pattern))]

    assert slow == []


@pytest.mark.parametrize(
    "slow",
    [
        r"a*b",
        r"\s+$",
        r"(?:a+)+b",
        r"\bx\b.*\by\b",
        r"[\w-]*(?:token)=",
        r"<a[^>]*>[^<]*</a>x",
        r"(\w+) (\w+)=",
        r"a.*b.*c",
    ],
)
def test_one_whose_time_grows_faster_is_told(slow: str) -> None:
    assert grows(Pattern("here", re.compile(slow), ALL))


@pytest.mark.parametrize(
    "quick", [r"a{0,40}b", r"\bx\b.{0,120}\by\b", r"\w+", r"(?<!\w)\w++=", r"<[^<>]*>", r"\d{1,3}(?:,\d{3})*"]
)
def test_one_whose_time_grows_alike_is_not(quick: str) -> None:
    assert grows(Pattern("here", re.compile(quick), ALL)) == ""


@pytest.mark.parametrize("secret", ["user-pass-22", "a&<>\"' b&amp;", "&&&&&&&&", "\\\\\\u0026%25"])
def test_looking_for_a_secret_takes_as_long_as_the_text_is(secret: str) -> None:
    assert grows(Pattern("a secret", _spellings(secret), ALL)) == ""
