"""A connection whose source is an export file, in the simulated company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.models import FieldMapping, Selector
from bot.store.connections import Connection
from tests.world import World

COLUMNS = {
    "uuid": "Transaction ID",
    "date": "Date",
    "amount": "Amount",
    "merchant": "Merchant",
    "GL Account": "GL Account",
}
HEADING = "Transaction ID,Date,Amount,Merchant,GL Account"


async def connect_file(far: World, path: Path, columns: dict[str, str] | None = None, **csv: Any) -> Connection:
    """Portland's, of every row of the file; `columns` are added to the usual ones."""
    zone = csv.pop("time_zone", "America/Los_Angeles")
    return await far.connect(
        "100",
        spend_token=None,
        csv={"path": str(path), "columns": COLUMNS | (columns or {}), **csv},
        selector=Selector(),
        mapping={"gl_account": FieldMapping("GL Account"), "department": FieldMapping(default="20")},
        schedule="",
        time_zone=zone,
    )
