"""A thousand companies whose schedules fall due in the same moment."""

from __future__ import annotations

from tests.bench.figures import Figure, Measured
from tests.bench.order import Order
from tests.bench.processes import Bench

ALL = Figure("1,000 companies x 100 due at once, until all is posted", "s", 30, 75)
CPU = Figure("CPU per transaction of these", "ms", 0.3)
PEAK = Figure("peak memory of these", "MB", 300)
REFUSED = Figure("refused as too many (429) of these", "", 0, 0)


async def measure(bench: Bench) -> list[Measured]:
    companies = bench.many(1_000, 40)
    order = Order(waves=((100, 30),), pending=True, companies=companies, scale=bench.scale(1.0))
    seen = (await bench.run(order)).last
    how = f"{companies:,} companies, service times x {order.scale:g}, rows inserted as pending"
    return [
        Measured(ALL, seen.seconds, how),
        Measured(CPU, seen.cpu / order.total * 1000, how),
        Measured(PEAK, seen.peak / 1_000_000, how),
        Measured(REFUSED, seen.intacct["answers"].get("429", 0), how),
    ]
