"""How close posting comes to the gateway's limit, from its first request to its last answer."""

from __future__ import annotations

from tests.bench.figures import Figure, Measured
from tests.bench.limit import limit
from tests.bench.order import Order
from tests.bench.processes import Bench

COLD = Figure("time / limit, N = 1,000, cold", "x", 1.05, 1.15)
LARGE = Figure("time / limit, N = 10,000", "x", 1.02, 1.05)
SMALL = Figure("time / limit, N = 100", "x", 1.2, 1.4)
ALONE = Figure("time / limit, N = 1,000, one request at once", "x", 1.05, 1.15)
REFUSED = Figure("refused as too many (429), one at once", "", 0, 0)
REQUESTS = Figure("Intacct requests per 1,000, steady", "", 12, 22)
METERED = Figure("metered Intacct transactions per posting, steady", "", 1.02, 1.1)
CALLS = Figure("Spend Center calls beyond N / 50, N = 1,000", "", 2, 10)


async def measure(bench: Bench) -> list[Measured]:
    parts = (_cold, _small, _alone, _large, _steady)
    return [measured for part in parts for measured in await part(bench)]


async def _cold(bench: Bench) -> list[Measured]:
    """A process just started, no session, and nothing read yet."""
    order = Order(waves=((1000, 30),), scale=bench.scale(1.0))
    seen = (await bench.run(order)).last
    return [
        Measured(COLD, _ratio(order, seen.intacct), f"{_how(order)}; fetched in the same run, source unpaced"),
        Measured(CALLS, seen.spend["calls"] - 1000 / 50, f"{seen.spend['calls']} calls"),
    ]


async def _steady(bench: Bench) -> list[Measured]:
    """The second thousand of a process that has everything at hand. Nothing is timed, so nothing takes time."""
    seen = (await bench.run(Order(waves=((1000, 30), (1000, 10)), scale=0))).last
    functions = seen.intacct["functions"]
    metered = sum(many for name, many in functions.items() if name != "getAPISession")
    how = f"{seen.intacct['requests']} requests: {_said(functions)}"
    return [
        Measured(REQUESTS, seen.intacct["requests"], how),
        Measured(METERED, metered / functions["record_cctransaction"], how),
    ]


async def _small(bench: Bench) -> list[Measured]:
    """The daily run of a process that lives: a hundred new transactions, session and lists at hand."""
    order = Order(waves=((100, 30), (100, 10)), scale=bench.scale(1.0))
    outcome = await bench.run(order)
    return [Measured(SMALL, _ratio(order, outcome.last.intacct), f"{_how(order)}; second run of the process")]


async def _alone(bench: Bench) -> list[Measured]:
    order = Order(waves=((1000, 30),), at_once=1, scale=bench.scale(1.0))
    seen = (await bench.run(order)).last
    return [
        Measured(ALONE, _ratio(order, seen.intacct), f"{_how(order)}; cold"),
        Measured(REFUSED, seen.intacct["answers"].get("429", 0), "counted at the gateway, which allows one"),
    ]


async def _large(bench: Bench) -> list[Measured]:
    order = Order(waves=((bench.many(10_000, 2_000), 30),), pending=True, scale=bench.scale(0.25))
    seen = (await bench.run(order)).last
    return [Measured(LARGE, _ratio(order, seen.intacct), f"{_how(order)}; {order.total:,} pending rows, cold")]


def _ratio(order: Order, intacct: dict[str, float]) -> float:
    return intacct["seconds"] / limit(order.waves[-1][0], order.at_once, order.scaled)


def _how(order: Order) -> str:
    service = order.scaled
    return (
        f"{service.request * 1000:g} ms a request, {service.function * 1000:g} ms a function, {order.at_once} at once"
    )


def _said(functions: dict[str, int]) -> str:
    return ", ".join(f"{many} {name}" for name, many in sorted(functions.items(), key=lambda one: -one[1]))
