"""How much memory a sync takes, and how little more a hundred times as many pending rows."""

from __future__ import annotations

from tests.bench.figures import Figure, Measured
from tests.bench.order import Order
from tests.bench.processes import Bench

MEGABYTE = 1_000_000
ENOUGH = 1_000
"""Postings after which the sync of many is cut short: the look-up before the first posting has read every row by then."""

PEAK = Figure("peak memory at 100,000 pending", "MB", 120, 200)
GROWTH = Figure("growth of it from 1,000 pending", "MB", 10, 40)


async def measure(bench: Bench) -> list[Measured]:
    """Rows are inserted as pending by another process; what the two differ in is their number alone."""
    many = bench.many(100_000, 10_000)
    few = (await bench.run(Order(waves=((1_000, 30),), pending=True, scale=0))).last
    full = (await bench.run(Order(waves=((many, 30),), pending=True, scale=0, enough=ENOUGH))).last
    how = f"{many:,} rows inserted as pending; all looked up, the first {full.tally['posted']:,} posted"
    return [
        Measured(PEAK, full.peak / MEGABYTE, how),
        Measured(GROWTH, (full.peak - few.peak) / MEGABYTE, f"{few.peak / MEGABYTE:.0f} MB at 1,000 pending"),
    ]
