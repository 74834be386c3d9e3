"""`python -m tests.bench`: every figure of the fact sheet on speed, goal, must and measured side by side."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.bench.figures import Mark, Measured, number
from tests.bench.processes import Bench, Incomplete, ProcessFailed, far_ends
from tests.bench.scenarios import end_to_end, faults, flat_out, fleet, memory, posting, slack

SCENARIOS: dict[str, Callable[[Bench], Awaitable[list[Measured]]]] = {
    "posting": posting.measure,
    "flat_out": flat_out.measure,
    "faults": faults.measure,
    "memory": memory.measure,
    "slack": slack.measure,
    "end_to_end": end_to_end.measure,
    "fleet": fleet.measure,
}
ADDITIONS = 5_000_000
STYLES = {Mark.GOAL: "green", Mark.MUST: "yellow", Mark.MISS: "bold red", Mark.SEEN: "dim"}


def wishes(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--scale", type=float, help="multiplies the far ends' service times in every scenario")
    parser.add_argument("--quick", action="store_true", help="small numbers, service times x 0.1 at most, no repeats")
    parser.add_argument("--repeat", type=int, default=3, help="runs whose median counts, where time is short")
    wish = parser.parse_args(arguments)
    if wish.scale is not None and wish.scale <= 0:
        parser.error("--scale is more than 0; flat out has a scenario of its own")
    return wish


async def measure(wish: argparse.Namespace, console: Console) -> tuple[list[Measured], int]:
    found: list[Measured] = []
    broken = 0
    async with far_ends() as addresses:
        bench = Bench(addresses, scale=wish.scale, quick=wish.quick, repeat=wish.repeat)
        for name in wish.only:
            began = time.perf_counter()
            try:
                with console.status(f"{name} …"):
                    found += await SCENARIOS[name](bench)
            except (ProcessFailed, Incomplete) as failed:
                broken += 1
                console.print(f"[bold red]{name} could not be measured:[/] {escape(str(failed))}")
            console.print(f"[dim]{name}: {time.perf_counter() - began:.0f} s[/dim]")
    return found, broken


def table(found: list[Measured], *, rough: bool) -> Table:
    """`rough`: numbers were smaller than the figures name, so that no mark means much."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("figure", "goal", "must", "measured", ""):
        shown.add_column(heading, justify="left" if heading in {"figure", ""} else "right", no_wrap=heading != "figure")
    shown.add_column("how", style="dim", overflow="fold")
    for one in found:
        figure, style = one.figure, STYLES[one.mark]
        value = f"{number(one.value)} {figure.unit}".strip()
        shown.add_row(
            figure.name,
            number(figure.goal),
            number(figure.must),
            value,
            f"[{style}]{'~' if rough else ''}{one.mark}[/]",
            one.how,
        )
    return shown


def pace() -> str:
    """How fast one core is at present: where processors are shared that changes by half within minutes, and figures with it."""
    began, total = time.perf_counter(), 0
    for n in range(ADDITIONS):
        total += n
    return f"{ADDITIONS / 1e6 / (time.perf_counter() - began):.0f} million additions a second"


def main() -> None:
    wish = wishes(sys.argv[1:])
    console = Console(width=None if sys.stdout.isatty() else 200)
    load = f"load {os.getloadavg()[0]:.1f} at the start; {pace()}"
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {load}.")
    console.print("The gateway's service times are assumed; ratios carry over, seconds do not.")
    if wish.quick or wish.scale is not None:
        scale = "x 0.1 at most, small numbers" if wish.quick and wish.scale is None else f"x {wish.scale:g}"
        console.print(f"[yellow]Service times {scale}: our own work weighs more than it would.[/yellow]")
    found, broken = asyncio.run(measure(wish, console))
    console.print(table(found, rough=wish.quick))
    console.print(f"At the end: {pace()}.")
    misses = sum(one.missed for one in found)
    console.print(f"{len(found)} figures, {misses} short of what they must be, {broken} scenarios without a result.")
    sys.exit(1 if misses or broken else 0)


if __name__ == "__main__":
    main()
