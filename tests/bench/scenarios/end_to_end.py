"""Fetching and posting together, beside the slower of the two alone."""

from __future__ import annotations

from tests.bench.figures import Figure, Measured
from tests.bench.limit import limit
from tests.bench.order import Order
from tests.bench.processes import Bench

WHOLE = Figure("end to end / the slower side alone, N = 10,000", "x", 1.1, 1.3)
BUSIEST = Figure("Spend Center calls in the busiest minute", "", 60, 60)
CALLS = Figure("Spend Center calls beyond N / 50, N = 10,000", "", 2, 10)


async def measure(bench: Bench) -> list[Measured]:
    """The run's own time, from its start to its end, with the source kept to 60 calls a minute."""
    many, scale = bench.many(10_000, 2_000), bench.scale(0.25)
    order = Order(waves=((many, 30),), paced=True, scale=scale)
    seen = (await bench.run(order)).last
    intacct = limit(many, order.at_once, order.scaled)
    calls = many // 50 + 2
    spend = (calls - 1) // 60 * 60 * scale
    slower = max(intacct, spend)
    how = f"minute and service times x {scale:g}; Intacct alone {intacct:.1f} s, Spend Center alone {spend:.1f} s"
    return [
        Measured(WHOLE, seen.seconds / slower, f"{seen.seconds:.1f} s; {how}"),
        Measured(BUSIEST, seen.spend["busiest"], f"counted at the source, minute x {scale:g}"),
        Measured(CALLS, seen.spend["calls"] - many / 50, f"{seen.spend['calls']} calls"),
    ]
