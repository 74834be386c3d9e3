"""Nothing twice and nothing missing, though answers are lost, requests fail and the process is killed."""

from __future__ import annotations

from tests.bench.figures import Figure, Measured
from tests.bench.order import Order
from tests.bench.processes import Bench

DOUBLES = Figure("posted twice, 2 % lost after commit, 2 % answered 500", "", 0, 0)
MISSING = Figure("missing, the same", "", 0, 0)
DOUBLES_KILLED = Figure("posted twice, the same with kill -9", "", 0, 0)
MISSING_KILLED = Figure("missing, the same with kill -9", "", 0, 0)
LEFT = Figure("further due times until all of it was settled, with kill -9", "")

EVERY = 25
"""One batch in so many goes wrong: 4 %, half of them dropped, half answered 500, of those half after the commit."""


async def measure(bench: Bench) -> list[Measured]:
    many = bench.many(6_000, 2_500)
    plain = Order(waves=((many, 30),), scale=0, fault_every=EVERY, settle_after=2, patience=240)
    kills = tuple(many * part // 10 for part in (2, 4, 7))
    killed = Order(waves=((many, 30),), scale=0.02, fault_every=EVERY, settle_after=2, kill_at=kills, patience=240)
    once = (await bench.run(plain)).last
    again = (await bench.run(killed)).last
    killed_how = f"killed when {kills} records were there"
    faults = {name: n for name, n in once.intacct["answers"].items() if name != "429"}
    how = f"N = {many:,}; faults: {', '.join(f'{n} {name}' for name, n in faults.items())}; {once.seconds:.0f} s in all"
    return [
        Measured(DOUBLES, once.intacct["doubles"], how),
        Measured(MISSING, many - once.intacct["records"], how),
        Measured(DOUBLES_KILLED, again.intacct["doubles"], killed_how),
        Measured(MISSING_KILLED, many - again.intacct["records"], killed_how),
        Measured(LEFT, again.more, "rows in flight at the kill are looked up by the run that goes on, or by the next"),
    ]
