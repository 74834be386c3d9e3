"""From the cells of a file to transactions. Pure: a `Layout` knows which column is what, problems are values.

Rows that share a transaction are its lines. A file says so in one of two ways: `line_id` (the lines repeat the
transaction's ID and number themselves) or `split_of` (the lines have IDs of their own and name the transaction's).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.models import Coding, Money, Transaction, TransactionKind, TransactionLine
from bot.spend.csv_ids import Numbers, damage, unwrapped
from bot.spend.csv_status import kind_of
from bot.spend.csv_sums import Sums
from bot.spend.csv_values import last_four, parse_amount, parse_moment, without_card_number, zone_problem
from bot.spend.errors import CsvProblem
from bot.spend.text import clean, heading_key, quoted

REQUIRED = {
    "uuid": "Every transaction needs an ID of its own, or it could be posted twice: add the transaction ID to the export",
    "date": "Every transaction needs its day: add the date to the export",
    "amount": "Every transaction needs its amount: add it to the export",
}
OPTIONAL = (
    "currency",
    "merchant",
    "cardholder",
    "email",
    "card",
    "last4",
    "note",
    "posted_on",
    "status",
    "line_id",
    "split_of",
)
"""Every other key is a coding: its column's text becomes the value of a field named like the key."""
LONGEST_ID = 100
_CURRENCY = re.compile(r"[A-Z]{3}")
_TWICE = "Remove one of them; if they are lines of one split, map line_id or split_of under [csv.columns]."


class Findings:
    """Problems as they turn up: the first ones one by one, all of them as a number."""

    MOST = 100

    def __init__(self) -> None:
        self.told: list[CsvProblem] = []
        self.total = 0

    def add(self, *problems: CsvProblem) -> None:
        self.total += len(problems)
        self.told += problems[: self.MOST - len(self.told)]

    def add_the_end(self, *problems: CsvProblem) -> None:
        """What ended the reading is told, however many came before."""
        del self.told[self.MOST - len(problems) :]
        self.add(*problems)


@dataclass(frozen=True, slots=True)
class Format:
    """The [csv] section of a connection file.

    Attributes:
        columns: our key (`uuid`, `date`, `amount` …) to the heading in the file.
        delimiter: one character.
        encoding: a codec's name; utf-8-sig also reads UTF-8 without its mark.
        date_format: as `datetime.strptime` takes it.
        decimal: the decimal sign, point or comma.
        currency: of the amounts, where no column says it.
        zone: whose days the dates are.
        cleared: the words of the status column that mean cleared; without any, those of `csv_status.CLEARED`.
        ignore: headings that mean nothing here, although they look like a status or like a split's parent.
    """

    columns: Mapping[str, str]
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    date_format: str = "%Y-%m-%d"
    decimal: str = "."
    currency: str = "USD"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    cleared: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def problems(self) -> list[CsvProblem]:
        """What is wrong with the section itself, before any file is opened."""
        sentences = [
            f"{reason}, and write {key} = its heading under [csv.columns]."
            for key, reason in REQUIRED.items()
            if not self.columns.get(key)
        ]
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n \0':
            sentences.append('The delimiter under [csv] must be one character, such as "," or ";" or a tab "\\t".')
        if self.decimal not in (".", ","):
            sentences.append('decimal under [csv] must be "." or ",".')
        if not any(mark in self.date_format for mark in ("%d", "%j", "%x", "%c")):
            sentences.append("date_format under [csv] has no day; 10/31/2026 is written %m/%d/%Y.")
        if problem := zone_problem(self.date_format):
            sentences.append(problem)
        if not _CURRENCY.fullmatch(self.currency):
            sentences.append("currency under [csv] must be three capitals, such as USD.")
        return [CsvProblem(0, "", sentence) for sentence in sentences]


@dataclass(frozen=True, slots=True)
class Line:
    """One row, read. `owner` is its transaction's ID; `part` names it within a split and is empty outside of one."""

    number: int
    owner: str
    part: str
    kind: TransactionKind
    amount: Money
    occurred: datetime
    posted_on: datetime | None
    merchant: str
    cardholder: str
    email: str
    card: str
    last4: str
    note: str
    codings: tuple[Coding, ...]


class Layout:
    """Which column is what, learned from the heading."""

    def __init__(self, heading: Sequence[str], form: Format) -> None:
        self.form = form
        self.width = len(heading)
        self.names = [clean(name, 100) for name in heading]
        self.problems = self._problems(heading)
        places = {heading_key(name): place for place, name in reversed(list(enumerate(self.names)))}
        self._places = {key: places.get(heading_key(name)) for key, name in form.columns.items() if name}
        self._codings = [key for key in self._places if key not in REQUIRED and key not in OPTIONAL]

    def _problems(self, heading: Sequence[str]) -> list[CsvProblem]:
        names = [heading_key(name) for name in self.names]
        sentences: list[tuple[str, str]] = []
        for wanted in dict.fromkeys(clean(name, 100) for name in self.form.columns.values() if name):
            count = names.count(heading_key(wanted))
            if count > 1:
                sentences.append((wanted, "two columns have this heading. Rename one of them."))
            elif count == 0:
                there = ", ".join(quoted(name) for name in self.names[:20] if name)
                sentences.append((wanted, f"there is no column with this heading. There are: {there or 'none'}."))
        if sentences and self.width == 1 and (other := next((sign for sign in ";\t,|" if sign in heading[0]), "")):
            sign = {"\t": "\\t"}.get(other, other)
            return [CsvProblem(1, "", f'The columns look parted by “{sign}”: write delimiter = "{sign}" under [csv].')]
        return [CsvProblem(1, column, sentence) for column, sentence in sentences]

    def read(self, number: int, cells: Sequence[str], findings: Findings) -> Line | None:
        """One row; what is wrong with it goes to `findings`, all of it at once, and the row is None."""
        if len(cells) < self.width or any(cell.strip() for cell in cells[self.width :]):
            sentence = f"This row has {len(cells)} columns, the heading has {self.width}. A quotation mark or delimiter may be missing."
            findings.add(CsvProblem(number, "", sentence))
            return None
        row = _Row(self, number, cells)
        owner, part = row.identity()
        currency, kind = row.currency(), row.kind()
        amount, occurred, posted_on = row.amount(currency), row.moment("date"), row.moment("posted_on")
        card = without_card_number(row.text("card"))
        if row.problems or amount is None or occurred is None or kind is None:
            findings.add(*row.problems)
            return None
        return Line(
            number=number,
            owner=owner,
            part=part,
            kind=kind,
            amount=Money(amount, currency),
            occurred=occurred,
            posted_on=posted_on,
            merchant=row.text("merchant"),
            cardholder=row.text("cardholder"),
            email=row.text("email", 254),
            card=card,
            last4=last_four(row.text("last4") or card),
            note=row.text("note", 1000),
            codings=tuple(Coding(key, key, text, text) for key in self._codings if (text := row.text(key, 500))),
        )

    def place(self, key: str) -> int | None:
        return self._places.get(key)

    def column(self, key: str) -> str:
        return clean(self.form.columns.get(key, ""), 100)

    @property
    def coding_keys(self) -> tuple[str, ...]:
        return tuple(self._codings)


class _Row:
    """The cells of one row by key, and what is wrong with them."""

    def __init__(self, layout: Layout, number: int, cells: Sequence[str]) -> None:
        self._layout = layout
        self._number = number
        self._cells = cells
        self.problems: list[CsvProblem] = []
        if any("\0" in cell for cell in cells):
            self._wrong("", 'This row holds zero bytes. If the file is UTF-16, write encoding = "utf-16" under [csv].')

    def text(self, key: str, cap: int = 200) -> str:
        return clean(self._raw(key), cap)

    def identity(self) -> tuple[str, str]:
        """The transaction's ID, and the name of this row's part of a split; a row for the whole has none."""
        ids = {key: self.text(key, LONGEST_ID + 1) for key in ("uuid", "split_of", "line_id")}
        for key, text in ids.items():
            if len(text) > LONGEST_ID:
                self._wrong(key, f"{quoted(text)} is longer than {LONGEST_ID} characters; this cannot be an ID.")
            elif said := damage(text):
                self._wrong(key, said)
        uuid, split_of, line_id = ids.values()
        if not uuid:
            self._wrong("uuid", "there is no transaction ID. Without one this row could be posted twice.")
        if split_of and split_of != uuid:
            return split_of, uuid
        return uuid, f"{uuid}/{line_id}" if line_id else ""

    def kind(self) -> TransactionKind | None:
        """Everything in a file without a status column has cleared."""
        if self._layout.place("status") is None:
            return TransactionKind.CLEAR
        text = self.text("status")
        kind = kind_of(text, self._layout.form.cleared)
        if kind is None:
            word = f"{quoted(text)} says" if text else "an empty status says"
            self._wrong(
                "status",
                f'{word} neither that this has cleared nor that it has not. List the words that mean cleared: cleared = ["Cleared"] under [csv].',
            )
        return kind

    def currency(self) -> str:
        text = self.text("currency").upper()
        if text and not _CURRENCY.fullmatch(text):
            self._wrong("currency", f"{quoted(text)} is not a currency code such as USD.")
            return self._layout.form.currency
        return text or self._layout.form.currency

    def amount(self, currency: str) -> Decimal | None:
        try:
            return parse_amount(self._raw("amount"), decimal=self._layout.form.decimal, currency=currency)
        except ValueError as wrong:
            self._wrong("amount", str(wrong))
            return None

    def moment(self, key: str) -> datetime | None:
        form, raw = self._layout.form, self._raw(key)
        if key == "posted_on" and not raw.strip():
            return None
        try:
            return parse_moment(raw, form.date_format, form.zone)
        except ValueError as wrong:
            self._wrong(key, str(wrong))
            return None

    def _raw(self, key: str) -> str:
        place = self._layout.place(key)
        return "" if place is None else unwrapped(self._cells[place])

    def _wrong(self, key: str, sentence: str) -> None:
        self.problems.append(CsvProblem(self._number, self._layout.column(key), sentence))


STATUS = {
    TransactionKind.CLEAR: "COMPLETE",
    TransactionKind.AUTHORIZATION: "APPROVED",
    TransactionKind.DECLINE: "DECLINED",
}
"""As the API says it of such a transaction."""


def transaction(lines: Sequence[Line], parent: Line | None, zone: ZoneInfo) -> Transaction:
    """A transaction from its only row, or from the lines of a split, with or without a row for the whole.

    The amount is that of the row for the whole, else the sum of the lines. A line in another currency than the whole is
    left out, so that the lines do not add up and the transaction is held.
    """
    whole = parent or lines[0]
    total = parent.amount.amount if parent else sum((line.amount.amount for line in lines), Decimal(0))
    parts = [line for line in lines or (whole,) if line.amount.currency == whole.amount.currency]
    return Transaction(
        uuid=whole.owner,
        kind=whole.kind,
        status=STATUS[whole.kind],
        amount=Money(total, whole.amount.currency),
        occurred=whole.occurred,
        updated=whole.occurred,
        merchant=whole.merchant,
        lines=tuple(
            TransactionLine(line.part or line.owner, line.amount.amount, line.note, line.codings) for line in parts
        ),
        cardholder=whole.cardholder,
        email=whole.email,
        card_id=whole.card or whole.last4,
        card_name=whole.card,
        last4=whole.last4,
        note=whole.note,
        posted_on=whole.posted_on.astimezone(zone).date() if whole.posted_on else None,
        codings=whole.codings,
    )


class Register:
    """Watches a whole file go by: no ID twice, lines of a split agree. Keeps the rows of splits, and of others only the ID."""

    def __init__(self) -> None:
        self.alone: dict[str, int] = {}
        self.splits: dict[str, list[Line]] = {}
        self.wholes: dict[str, tuple[str, ...]] = {}
        self._parts: dict[str, int] = {}
        self._numbers, self._sums = Numbers(), Sums()

    def add(self, line: Line) -> CsvProblem | None:
        known, name = (self._parts, line.part) if line.part else (self.alone, line.owner)
        if name in known:
            return CsvProblem(line.number, "", f"{quoted(name)} stands on line {known[name]} as well. {_TWICE}")
        known[name] = line.number
        if not line.part or line.owner not in self.splits:
            self._numbers.add(line.number, line.owner)
        if not line.part:
            self._watch(line)
            return None
        lines = self.splits.setdefault(line.owner, [])
        lines.append(line)
        first = lines[0]
        differ = ""
        if (line.amount.currency, line.occurred.date()) != (first.amount.currency, first.occurred.date()):
            differ = "day or currency"
        elif line.kind is not first.kind:
            differ = "status"
        sentence = f"this line and line {first.number} belong to one transaction, but {differ} differ."
        return CsvProblem(line.number, "", sentence) if differ else None

    def _watch(self, line: Line) -> None:
        if line.merchant and line.kind is TransactionKind.CLEAR:
            group = line.occurred.date(), line.card or line.last4, line.merchant.casefold(), line.amount.currency
            self._sums.add(group, line.owner, line.amount.amount)

    def ids(self) -> set[str]:
        """Every ID of the file, of wholes and of parts."""
        return {*self.alone, *self.splits, *self._parts}

    def questions(self) -> list[CsvProblem]:
        """What only the whole file shows, once it has gone by: IDs that are none, and rows that may be parts of others."""
        apart = {name: parts for name, parts in self._sums.found().items() if name not in self.splits}
        self.wholes = apart
        return self._numbers.problems()

    def crossed(self) -> list[CsvProblem]:
        """IDs that stand for a line of a split in one place and for a whole transaction in another."""
        wholes = self.alone | {owner: lines[0].number for owner, lines in self.splits.items()}
        return [
            CsvProblem(
                number,
                "",
                f"{quoted(part)} is a line of a split here and a transaction on line {wholes[part]}. {_TWICE}",
            )
            for part, number in self._parts.items()
            if part in wholes
        ]
