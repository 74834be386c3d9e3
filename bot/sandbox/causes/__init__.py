"""Every cause that the simulated far ends can be brought to: one table for the sandbox's page and for the tests."""

from __future__ import annotations

from bot.sandbox.causes import access, books, coding, line, source, words
from bot.sandbox.causes.cause import Cause

CAUSES: tuple[Cause, ...] = (
    *access.CAUSES, *books.CAUSES, *coding.CAUSES, *source.CAUSES, *line.CAUSES, *words.CAUSES,
)  # fmt: skip

__all__ = ["CAUSES", "Cause"]
