"""What one process can do when the far ends cost no time: its own work, and how smoothly its event loop runs meanwhile."""

from __future__ import annotations

from statistics import median

from tests.bench.figures import Figure, Measured
from tests.bench.order import Order, Seen
from tests.bench.processes import Bench

CPU = Figure("CPU per transaction, flat out, fetched and posted", "ms", 0.5, 1.0)
RATE = Figure("rate of one process, fetched and posted", "/s", 2000, 700, more=True)
CPU_POSTING = Figure("CPU per transaction, posting alone", "ms")
LAG_P99 = Figure("event-loop lag, 99th percentile", "ms", 10, 25)
LAG_MOST = Figure("event-loop lag, longest", "ms", 100, 250)


async def measure(bench: Bench) -> list[Measured]:
    many = bench.many(5_000, 500)
    whole = await _seen(bench, Order(waves=((many, 30),), scale=0))
    posting = await _seen(bench, Order(waves=((many, 30),), pending=True, scale=0))
    how = f"N = {many:,}, median of {bench.repeat}, the far ends on the same machine"
    return [
        Measured(CPU, median(one.cpu for one in whole) / many * 1000, how),
        Measured(RATE, many / median(one.seconds for one in whole), how),
        Measured(CPU_POSTING, median(one.cpu for one in posting) / many * 1000, how),
        Measured(LAG_P99, median(one.lag[1] for one in whole) * 1000, how),
        Measured(LAG_MOST, median(one.lag[2] for one in whole) * 1000, how),
    ]


async def _seen(bench: Bench, order: Order) -> list[Seen]:
    return [(await bench.run(order)).last for _ in range(bench.repeat)]
