"""What a sync needs from a source of transactions, whichever it is: the Spend & Expense API or a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from bot.models import CustomField, Receipt, SpendCard, SpendCompany, Transaction

PAGE = 50
"""Rows of one page: the most that the API gives, and as many as one batch posts."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that could not be read for certain and is therefore in no page. `uuid` is empty when it has none."""

    uuid: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some transactions of a pass, and the rows beside them that could not be read.

    `cut` says that the source stopped answering sensibly before its end (it repeated itself): what was yielded is
    good, but rows may be missing, so the caller must not move its watermark past this pass.
    """

    transactions: tuple[Transaction, ...]
    problems: tuple[RowProblem, ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Which transactions a pass asks for. The days are compared in UTC, the caller's days are those of its own zone.

    So `on_or_after` and `on_or_before` are coarse by a day: whoever asks trims with its own zone. `since` is the day
    of the watermark on `updatedTime`.
    """

    since: date | None = None
    on_or_after: date | None = None
    on_or_before: date | None = None

    @property
    def first(self) -> date | None:
        return _shift(self.on_or_after, -1)

    @property
    def last(self) -> date | None:
        return _shift(self.on_or_before, 1)

    def holds(self, occurred: datetime, updated: datetime) -> bool:
        day = occurred.astimezone(UTC).date()
        return (
            (self.since is None or updated.astimezone(UTC).date() >= self.since)
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )

    def filters(self) -> str:
        """The API's `filters` parameter: dates only, since a time of day breaks on its colons.

        A date-only `lte` means midnight at the day's start, so the day after is asked for and the rest trimmed here.
        """
        terms = (
            ("updatedTime:gte", self.since),
            ("occurredTime:gte", self.first),
            ("occurredTime:lte", _shift(self.last, 1)),
        )
        return ",".join(f"{term}:{day.isoformat()}" for term, day in terms if day)


def _shift(day: date | None, days: int) -> date | None:
    try:
        return day and day + timedelta(days=days)
    except OverflowError:
        return day


class Source(Protocol):
    """Reads card transactions. Every method raises `bot.spend.errors.SourceError` and nothing else."""

    async def whoami(self) -> SpendCompany:
        """Which company this sign-in belongs to; the cheapest proof that it works."""

    def transactions(
        self, since: date | None, *, on_or_after: date | None = None, on_or_before: date | None = None
    ) -> AsyncIterator[Page]:
        """One pass, oldest first, no transaction twice, authorisations and declines included so that they are counted.

        Args:
            since: only what changed on or after this UTC day; None for everything.
            on_or_after: only what occurred on or after this day, coarse by a day (see `Window`).
            on_or_before: likewise at the other end.

        Yields:
            Pages with cards and people joined in, and splits expanded to their lines. A child of a split that the
            source no longer has is left out, so that the lines do not add up to the amount.
        """

    async def transaction(self, uuid: str) -> Transaction | None:
        """One transaction as it stands now; None when the source does not have it."""

    async def cards(self) -> tuple[SpendCard, ...]: ...

    async def budgets(self) -> tuple[tuple[str, str], ...]:
        """(uuid, name) of each budget; none for a source that has no such thing."""

    async def fields(self) -> tuple[CustomField, ...]: ...

    async def natively_synced(self, since: date) -> tuple[int, date | None]:
        """How many transactions since that day BILL's own sync posted or is posting, and the newest day (UTC) of them."""

    def spare(self) -> float:
        """Seconds that work which can wait should wait, so that what people wait for is not held up by it; 0 for now."""

    async def receipt(self, receipt: Receipt) -> bytes: ...

    async def set_coding(self, uuid: str, field_id: str, value_ids: Sequence[str], note: str | None = None) -> None:
        """Writes one custom field of one transaction; raises `SourceLocked` when it takes no more changes."""

    async def aclose(self) -> None: ...
