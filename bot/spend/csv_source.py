"""A file as a source of transactions, for who has an export but no API access.

The whole file is checked before its first row is given out, so that nothing is ever half taken. It is read twice for that,
row by row, and not held in memory: only IDs and the rows of splits are.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import os
import re
import stat
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TypeVar
from zoneinfo import ZoneInfo

from bot.models import CustomField, Receipt, SpendCard, SpendCompany, Transaction
from bot.spend.csv_rows import Findings, Format, Layout, Line, Register, transaction
from bot.spend.csv_unmapped import Unmapped
from bot.spend.errors import CsvProblem, CsvRefused, ReceiptRefused, SourceLocked
from bot.spend.source import PAGE, Page, Window
from bot.spend.text import clean

MOST_BYTES = 200_000_000
MOST_VALUES = 5000
FIRST_LINE = 1_000_000
"""Characters of a first line that are read at once; the rest of a longer one follows."""
_SEPARATOR = re.compile(r"\ufeff?sep=(.)\r?\n?", re.IGNORECASE)
"""What spreadsheets take as the first line of a file: by which sign its cells are parted."""

T = TypeVar("T")
Numbered = tuple[int, list[str]]


class CsvSource:
    """Reads one file, anew each time it is asked.

    Args:
        path: the file; it is opened for reading only.
        columns: our key to the file's heading, see `csv_rows.Format`.
        company: the name of the Spend Center company; its identity is made from it.
        delimiter: one character.
        encoding: utf-8-sig, cp1252, utf-16 …
        date_format: as `datetime.strptime` takes it.
        decimal: the decimal sign, point or comma.
        currency: of the amounts, where no column says it.
        time_zone: whose days the dates are: the connection's.
        cleared: the words of the status column that mean cleared.
        ignore: headings that mean nothing here.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str],
        *,
        company: str,
        delimiter: str = ",",
        encoding: str = "utf-8-sig",
        date_format: str = "%Y-%m-%d",
        decimal: str = ".",
        currency: str = "USD",
        time_zone: str = "UTC",
        cleared: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> None:
        self._path = path
        self._company = " ".join(company.split())
        self._form = Format(
            columns=dict(columns),
            delimiter=delimiter,
            encoding=encoding,
            date_format=date_format,
            decimal=decimal,
            currency=currency,
            zone=ZoneInfo(time_zone),
            cleared=tuple(cleared),
            ignore=tuple(ignore),
        )

    async def whoami(self) -> SpendCompany:
        """The configured company, once the file is there and its heading has every mapped column."""
        await self._in_thread(self._look)
        digest = hashlib.sha256(self._company.casefold().encode()).hexdigest()
        return SpendCompany(f"csv-{digest[:16]}", self._company)

    async def transactions(
        self,
        since: date | None,  # noqa: ARG002  a file does not say when a row changed, so every row is given each time
        *,
        on_or_after: date | None = None,
        on_or_before: date | None = None,
    ) -> AsyncGenerator[Page, None]:
        """Pages of 50 in the order of the file.

        Raises:
            CsvRefused: with every problem of the file, before the first page.
        """
        window = Window(None, on_or_after, on_or_before)
        with closing(self._read()) as reading:
            within = (found for found in reading if window.holds(found.occurred, found.updated))
            while rows := await self._in_thread(lambda: tuple(islice(within, PAGE))):
                yield Page(rows)

    async def transaction(self, uuid: str) -> Transaction | None:
        def find() -> Transaction | None:
            with closing(self._read()) as reading:
                return next((found for found in reading if found.uuid == uuid), None)

        return await self._in_thread(find)

    async def budgets(self) -> tuple[tuple[str, str], ...]:
        """A file knows no budgets."""
        return ()

    async def cards(self) -> tuple[SpendCard, ...]:
        """The cards that occur in the file, each with the first cardholder found beside it."""

        def collect() -> tuple[SpendCard, ...]:
            cards: dict[str, SpendCard] = {}
            for found in self._read():
                card = SpendCard(found.card_id, found.card_name or found.last4, found.last4, found.cardholder)
                cards.setdefault(found.card_id, card)
            cards.pop("", None)
            return tuple(cards.values())

        return await self._in_thread(collect)

    async def fields(self) -> tuple[CustomField, ...]:
        """The mapped coding columns with the values that occur in them."""

        def collect() -> tuple[CustomField, ...]:
            values: dict[str, dict[str, None]] = {key: {} for key in self._look().coding_keys}
            for found in self._read():
                for coding in (*found.codings, *(coding for line in found.lines for coding in line.codings)):
                    if len(values[coding.field]) < MOST_VALUES:
                        values[coding.field][coding.value] = None
            return tuple(
                CustomField(key, key, "CSV", required=False, values=tuple((text, text) for text in texts))
                for key, texts in values.items()
            )

        return await self._in_thread(collect)

    async def natively_synced(self, since: date) -> tuple[int, date | None]:  # noqa: ARG002  a file knows no such thing
        return 0, None

    async def receipt(self, receipt: Receipt) -> bytes:  # noqa: ARG002  there is none to fetch
        raise ReceiptRefused("A file brings no receipts.")

    def spare(self) -> float:
        return 0.0

    async def set_coding(
        self,
        uuid: str,  # noqa: ARG002  refused for every row alike
        field_id: str,  # noqa: ARG002
        value_ids: Sequence[str],  # noqa: ARG002
        note: str | None = None,  # noqa: ARG002
    ) -> None:
        raise SourceLocked("The transactions come from a file, which is not written to.")

    async def aclose(self) -> None:
        """Nothing stays open between two calls."""

    # --- the file, in a thread ----------------------------------------------------------------------------------------

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Off the event loop. Cancelled, it still waits for the thread: a reader in use cannot be closed.

        Raises:
            CsvRefused: with the file's name.
        """
        running = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(running)
        except CsvRefused as refused:
            raise refused.of(self._path.name) from None
        except asyncio.CancelledError:
            await asyncio.gather(running, return_exceptions=True)
            raise

    def _look(self) -> Layout:
        with self._open() as file:
            return self._layout(_cells(file, self._form))

    def _read(self) -> Generator[Transaction, None, None]:
        """The whole file checked, then its transactions one by one.

        A split stands where its row for the whole stands, else where its first line does.
        """
        with self._open() as file:
            before = _stamp(file)
            register = self._checked(file)
            told: set[str] = set()
            part_of = {part: whole for whole, parts in register.wholes.items() for part in parts}
            changed = Findings()
            for line in self._lines(_cells(file, self._form), changed):
                lines = register.splits.get(line.owner, [])
                if changed.total:
                    break
                if not line.part:
                    made = transaction(lines, line, self._form.zone)
                    yield _suspected(made, register, part_of) if part_of else made
                elif line.owner not in register.alone and line.owner not in told:
                    told.add(line.owner)
                    yield transaction(lines, None, self._form.zone)
            if changed.total or _stamp(file) != before:
                raise _refused("The file was changed while it was read. Try again when it is complete.")

    def _checked(self, file: BinaryIO) -> Register:
        """Goes through everything once, and refuses the file if anything in it is wrong."""
        register, findings = Register(), Findings()
        try:
            rows = _cells(file, self._form)
            layout = self._layout(rows)
            unmapped = Unmapped(layout.names, self._form.columns, self._form.ignore)
            for number, cells in rows:
                line = _line(layout, number, cells, findings)
                if line is None:
                    continue
                unmapped.add(number, line.part or line.owner, cells)
                if problem := register.add(line):
                    findings.add(problem)
            findings.add(*register.crossed(), *register.questions(), *unmapped.problems(register.ids()))
        except CsvRefused as broken:
            findings.add_the_end(*broken.problems)
        if findings.total:
            raise CsvRefused(findings.told, findings.total)
        return register

    def _lines(self, rows: Iterator[Numbered], findings: Findings) -> Iterator[Line]:
        layout = self._layout(rows)
        for number, cells in rows:
            if line := _line(layout, number, cells, findings):
                yield line

    def _layout(self, rows: Iterator[Numbered]) -> Layout:
        _, heading = next(rows, (1, []))
        if not any(heading):
            raise _refused("The file is empty.")
        layout = Layout(heading, self._form)
        if layout.problems:
            raise CsvRefused(layout.problems)
        return layout

    def _open(self) -> BinaryIO:
        if problems := self._form.problems():
            raise CsvRefused(problems)
        try:
            about = self._path.stat()
            if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
                raise _refused(f"This is not a file of at most {MOST_BYTES // 1_000_000} MB.")
            return self._path.open("rb")
        except (OSError, ValueError):
            raise _refused("The file is not there or may not be read. Its path stands under [csv].") from None


def _suspected(made: Transaction, register: Register, part_of: Mapping[str, str]) -> Transaction:
    """With what the other rows of the file say of it."""
    is_sum, whole = made.uuid in register.wholes, part_of.get(made.uuid, "")
    return replace(made, looks_like_sum=is_sum, looks_like_part_of=whole) if is_sum or whole else made


def _line(layout: Layout, number: int, cells: Sequence[str], findings: Findings) -> Line | None:
    """A row read; None for an empty one, and for one with problems."""
    return layout.read(number, cells, findings) if any(cell.strip() for cell in cells) else None


def _cells(file: BinaryIO, form: Format) -> Iterator[Numbered]:
    """Each row with the number of the line that it begins on, from the beginning, whatever was read before."""
    number, lines, ahead = 1, 0, 0
    try:
        with os.fdopen(os.dup(file.fileno()), "rb") as raw:
            raw.seek(0)
            encoding = _encoding(raw.read(4), form.encoding)
            raw.seek(0)
            with io.TextIOWrapper(raw, encoding, newline="") as text:
                first = text.readline(FIRST_LINE)
                said = _SEPARATOR.fullmatch(first)
                ahead = 1 if said else 0
                rows = text if said else chain([first], text)
                reader = csv.reader(rows, delimiter=said[1] if said else form.delimiter, strict=True)
                number += ahead
                for cells in reader:
                    yield number, cells
                    lines = reader.line_num
                    number = lines + ahead + 1
    except UnicodeError as wrong:
        ahead += wrong.object[: wrong.start].count(b"\n") if isinstance(wrong, UnicodeDecodeError) else 0
        sentence = f"this is not {clean(form.encoding, 40)} text. Save the file as “CSV UTF-8”, or write its encoding under [csv]; Excel's own is often cp1252."
        raise CsvRefused([CsvProblem(lines + 1 + ahead, "", sentence)]) from None
    except (LookupError, ValueError):
        raise _refused(f"There is no encoding called {clean(form.encoding, 40)}; try utf-8-sig or cp1252.") from None
    except csv.Error as wrong:
        sentence = f"the row cannot be read ({clean(str(wrong), 80)}). A quotation mark may be missing or left open."
        raise CsvRefused([CsvProblem(number, "", sentence)]) from None
    except OSError:
        raise _refused("The file could not be read to its end.") from None


def _encoding(head: bytes, wanted: str) -> str:
    """The encoding that the connection names; UTF-16 is known by its zero bytes where it comes without a mark."""
    if len(head) < 4 or wanted.lower().replace("_", "-") not in {"utf-8-sig", "utf-8", "utf8", "utf-16", "utf16"}:
        return wanted
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if not head[1] and not head[3] and head[0] and head[2]:
        return "utf-16-le"
    return "utf-16-be" if not head[0] and not head[2] and head[1] and head[3] else wanted


def _stamp(file: BinaryIO) -> tuple[int, int]:
    about = os.fstat(file.fileno())
    return about.st_size, about.st_mtime_ns


def _refused(sentence: str) -> CsvRefused:
    return CsvRefused([CsvProblem(0, "", sentence)])
