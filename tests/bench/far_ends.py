"""The far ends in a process of their own: `python -m tests.bench.far_ends` prints its addresses and serves until its input ends."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from aiohttp import web

from tests.bench import gateway, source
from tests.bench.gateway import Gateway, Tally
from tests.bench.limit import Service
from tests.bench.slack import Slack
from tests.bench.source import Source


class FarEnds:
    """Both far ends, and a door by which the bench says how they shall behave."""

    def __init__(self) -> None:
        self.intacct, self.spend, self.slack = Gateway(), Source(), Slack()
        self._later: list[tuple[int, int]] = []

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post(gateway.PATH, self.intacct.handle)
        app.router.add_get(f"{source.BASE}/v3/spend/{{what:.+}}", self.spend.handle)
        app.router.add_post("/bench/plan", self._plan)
        app.router.add_post("/bench/wave", self._wave)
        app.router.add_post("/bench/commands/{what:start|stop}", self._commands)
        app.router.add_get("/bench/report", self._report)
        return app

    async def _plan(self, request: web.Request) -> web.Response:
        """Everything anew. `waves` show one by one, at each `/bench/wave`; the other names are the far ends' own.

        Of a wave that is `pending` already the source shows one row for the bot's process to copy, and nothing more.
        """
        plan: dict[str, Any] = await request.json()
        self.intacct.clear()
        self.spend.clear()
        self.intacct.service = Service(plan["request"], plan["function"])
        self.intacct.at_once = plan["at_once"]
        self.intacct.refused, self.intacct.causes = plan["refused"], plan["causes"]
        self.intacct.fault_every = plan["fault_every"]
        self.spend.window = plan["minute"]
        self._later = [(many, days) for many, days in plan["waves"]]
        if plan["pending"]:
            self._later = [(1, self._later[0][1]), (0, self._later[0][1]), *self._later[1:]]
        return web.json_response({})

    async def _wave(self, _request: web.Request) -> web.Response:
        """The next transactions appear, and counting starts anew."""
        if self._later:
            self.spend.waves.append(self._later.pop(0))
        self.intacct.tally = Tally()
        self.spend.reset()
        self.slack.reset()
        return web.json_response({})

    async def _commands(self, request: web.Request) -> web.Response:
        if request.match_info["what"] == "start":
            self.slack.start_commands()
        else:
            await self.slack.stop_commands()
        return web.json_response({})

    async def _report(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"intacct": self.intacct.report(), "spend": self.spend.report(), "slack": self.slack.report()}
        )


async def serve() -> None:
    far = FarEnds()
    slack = await far.slack.start()
    runner = web.AppRunner(far.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    sys.stdout.write(json.dumps({"url": url, "slack": slack}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # whoever started us is gone, or wants us to go
    await runner.cleanup()
    await far.slack.stop()


if __name__ == "__main__":
    asyncio.run(serve())
