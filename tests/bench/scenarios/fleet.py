"""A thousand companies whose schedules fall due in the same moment: in a bot at work, and right after its start."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.figures import Figure, Measured
from tests.bench.order import Order
from tests.bench.processes import Bench

ALL = Figure("1,000 companies x 100 due at once, until all is posted", "s", 30, 75)
CPU = Figure("CPU per transaction of these", "ms", 0.3)
PEAK = Figure("peak memory of these", "MB", 300)
REFUSED = Figure("refused as too many (429) of these", "", 0, 0)
COLD = Figure("the same due right after a start", "s")


async def measure(bench: Bench) -> list[Measured]:
    """After a start each company also has to be signed in to, and what it has already to be looked up."""
    companies = bench.many(1_000, 40)
    order = Order(waves=((100, 30),), pending=True, warm=True, companies=companies, scale=bench.scale(1.0))
    seen = (await bench.run(order)).last
    cold = (await bench.run(replace(order, warm=False))).last
    how = f"{companies:,} companies, service times x {order.scale:g}, rows inserted as pending"
    warm = f"{how}, each had a run before"
    return [
        Measured(ALL, seen.seconds, warm),
        Measured(CPU, seen.cpu / order.total * 1000, warm),
        Measured(PEAK, seen.peak / 1_000_000, warm),
        Measured(REFUSED, seen.intacct["answers"].get("429", 0), warm),
        Measured(COLD, cold.seconds, how),
    ]
