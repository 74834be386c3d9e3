"""What DBOS keeps and does beneath its documented surface; pinned to dbos 3.4 by pyproject. Nothing but `bot.engine` imports this."""

from __future__ import annotations

from typing import Any, NoReturn

from dbos import _serialization


class Unreadable(Exception):
    """A row of the engine's tables claims to be a pickle, and reading one is running whatever it says."""


def _refuse(*_: Any) -> NoReturn:
    raise Unreadable("pickles are not read")


def forbid_unpickling() -> None:
    """Make DBOS refuse a row that claims to be a pickle, whichever column and table it stands in.

    We write portable JSON, as every version of ours did, but the row itself says how it is to be read: whoever can write
    one row there would run code in every replica. The vendor's default serializer is made to refuse, for the instances
    of it that other modules of the vendor's hold, and the name by which it reaches `loads` is taken away.
    """
    _serialization.DefaultSerializer.deserialize = _refuse  # type: ignore[method-assign, assignment]
    _serialization.pickle = _WritesOnly  # type: ignore[attr-defined, assignment]


class _WritesOnly:
    """Stands where the vendor's module has `pickle`. All that is written by it is why such a row was refused."""

    loads = load = Unpickler = staticmethod(_refuse)

    @staticmethod
    def dumps(data: object) -> bytes:
        return f"{type(data).__name__}".encode()


def input_of(found: object) -> tuple[str, dict[str, str | int]]:
    """The job and its ids, from what a row of ours holds.

    Raises:
        Unreadable: it is none of ours, or damaged.
    """
    args = found.get("args") if isinstance(found, dict) else None
    if not isinstance(args, list | tuple) or len(args) != 2:
        raise Unreadable("these are not a job and its ids")
    job, ids = args
    if not isinstance(job, str) or not isinstance(ids, dict):
        raise Unreadable("these are not a job and its ids")
    if not all(isinstance(value, str | int) for value in ids.values()):
        raise Unreadable("these are not a job and its ids")
    return job, ids
