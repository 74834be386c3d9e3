"""What people in Slack notice of a sync: how quickly the app answers meanwhile, and how much it writes."""

from __future__ import annotations

from tests.bench.figures import Figure, Measured
from tests.bench.order import Order
from tests.bench.processes import Bench

P99 = Figure("Slack acknowledgement at 20 commands a second, 99th percentile", "ms", 100, 1000)
MOST = Figure("Slack acknowledgement, longest", "ms", 300, 1000)
MESSAGES = Figure("Slack messages for 200 failures of 5 causes", "", 1 + 200 / 40, 1 + 200 / 10)

FAILURES, CAUSES = 200, 5


async def measure(bench: Bench) -> list[Measured]:
    return [*await _commands(bench), *await _messages(bench)]


async def _commands(bench: Bench) -> list[Measured]:
    order = Order(waves=((bench.many(4_000, 1_000), 30),), scale=0, commands=True)
    seen = (await bench.run(order)).last
    acks, lost = seen.slack["acks"], seen.slack["lost"]
    late = [3000] * lost
    known = [*acks, *late] or [3000]
    how = f"{len(known)} commands in {seen.seconds:.1f} s of a flat-out sync, {lost} not acknowledged in 3 s"
    return [Measured(P99, known[int(len(known) * 0.99)], how), Measured(MOST, known[-1], how)]


async def _messages(bench: Bench) -> list[Measured]:
    """Five hundred transactions, of which two hundred are refused for five different accounts."""
    order = Order(waves=((500, 30),), scale=0.1, refused=FAILURES, causes=CAUSES, linger=15)
    seen = (await bench.run(order)).last
    methods = seen.slack["methods"]
    written = {name: many for name, many in methods.items() if name.startswith(("chat.", "views."))}
    how = f"{seen.tally.get('failed', 0)} failed; {', '.join(f'{many} {name}' for name, many in written.items())}"
    return [Measured(MESSAGES, methods.get("chat.postMessage", 0), how)]
