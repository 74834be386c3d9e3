"""IDs that only a spreadsheet made: what can be undone is, everything else is refused with what to change. Pure.

An ID that reads differently in the next file is another transaction, and would be posted again.
"""

from __future__ import annotations

import re

from bot.spend.errors import CsvProblem
from bot.spend.text import quoted

AS_TEXT = "Export the file again and do not save it from a spreadsheet, or load this column as text there."
EXACT_DIGITS = 15
"""Digits that a spreadsheet keeps of a number; further ones become zeros."""

_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_SCIENTIFIC = re.compile(r"-?[0-9](?:[.,][0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
_ERROR = re.compile(r"#(?:N/?A|REF!?|VALUE!?|NAME\?|DIV/0!?|NUM!?|NULL!?|SPILL!?|CALC!?|ERROR!?|#+)", re.IGNORECASE)


def unwrapped(cell: str) -> str:
    """A cell without the formula that some exports put around a text, so that spreadsheets leave it alone.

    >>> unwrapped('="00123"')
    '00123'
    """
    found = _FORMULA.fullmatch(cell.strip()) if "=" in cell else None
    return found[1].replace('""', '"') if found else cell


def damage(text: str) -> str:
    """What a spreadsheet did to an ID, and what to do; empty where nothing meets the eye."""
    if _SCIENTIFIC.fullmatch(text):
        return f"{quoted(text)} is what a spreadsheet makes of a long ID; its last digits are lost. {AS_TEXT}"
    if _ERROR.fullmatch(text):
        return f"{quoted(text)} is an error of a spreadsheet, not an ID. {AS_TEXT}"
    return ""


class Numbers:
    """Watches the IDs of a file that are numbers: row numbers, lost leading zeros, digits that became zeros."""

    def __init__(self) -> None:
        self._first: tuple[int, str] | None = None
        self._last = 0
        self._steps: set[int] = set()
        self._lengths: dict[int, tuple[int, str]] = {}
        self._with_zero = ""
        self._cut: list[tuple[int, str]] = []
        self._whole = False

    def add(self, line: int, name: str) -> None:
        """The ID of a transaction that was not met before."""
        if not (name.isascii() and name.isdigit()):
            self._steps.add(0)
            return
        number = int(name)
        if self._first is None:
            self._first = line, name
        else:
            self._steps.add(number - self._last if len(name) == len(str(number)) else 0)
        self._last = number
        self._lengths.setdefault(len(name), (line, name))
        if name.startswith("0") and len(name) > 1:
            self._with_zero = self._with_zero or name
        if len(name) > EXACT_DIGITS:
            cut = not name[EXACT_DIGITS:].strip("0")
            self._whole = self._whole or not cut
            self._cut += [(line, name)] if cut and len(self._cut) < 2 else []

    def problems(self) -> list[CsvProblem]:
        found = []
        if self._first is not None and self._are_row_numbers(int(self._first[1])):
            sentence = (
                "the IDs are row numbers, which mean other transactions in the next file. Map the transaction's own ID."
            )
            found.append(CsvProblem(self._first[0], "", sentence))
        if self._with_zero and len(self._lengths) > 1:
            line, name = self._lengths[min(self._lengths)]
            sentence = (
                f"{quoted(name)} is shorter than {quoted(self._with_zero)}: its leading zeros may be lost. {AS_TEXT}"
            )
            found.append(CsvProblem(line, "", sentence))
        if len(self._cut) > 1 and not self._whole:
            line, name = self._cut[0]
            sentence = f"all long IDs, such as {quoted(name)}, end in zeros: a spreadsheet has lost their last digits. {AS_TEXT}"
            found.append(CsvProblem(line, "", sentence))
        return found

    def _are_row_numbers(self, first: int) -> bool:
        """One, two, three … in the order of the file, or backwards; also a single row called 1."""
        if self._steps == {-1}:
            return self._last <= 1
        return self._steps in (set(), {1}) and first <= 2  # rows are counted from 0, 1, or 2 below a heading
