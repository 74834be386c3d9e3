"""What a scenario asks of the far ends and of the bot's process, and what it gets back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.limit import Service


@dataclass(frozen=True, slots=True)
class Order:
    """One experiment.

    Attributes:
        waves: (transactions of each company, days since they changed), one sync each; ages fall, so that a later sync
            does not read the earlier ones again.
        pending: the first wave is in the database before the measurement starts; else the sync fetches it.
        warm: with `pending`, every connection has had a run in this process before, which found nothing to post.
        companies: so many connections, each with an Intacct company of its own, all due at once.
        at_once: the allowance of each company, at the gateway and in the bot's settings.
        entity: connections are at an entity, which costs a look-up of its locations; else at the top level.
        service: of the gateway at full scale; divided along with the minute of the source by `scale`.
        paced: whether the bot keeps to the source's 60 calls a minute (of the scaled minute).
        refused, causes: so many postings of a company fail, for so many different causes.
        fault_every: every so manyth batch is lost or answered 500.
        settle_after: seconds after which an empty look-up proves something.
        kill_at: numbers of records at which the bot's process is killed and started again, one after another.
        enough: a wave ends early once so many are posted; 0: it goes to its end.
        commands: whether people type twenty commands a second meanwhile.
        calm: seconds without a request after which the next wave comes; the bot's housekeeping looks every two.
        linger: seconds to wait after a wave for what is still to be shown in Slack.
        patience: seconds after which the bot's process gives up.
    """

    waves: tuple[tuple[int, int], ...]
    pending: bool = False
    warm: bool = False
    companies: int = 1
    at_once: int = 2
    entity: bool = True
    service: Service = Service()  # noqa: RUF009  # frozen
    scale: float = 1.0
    paced: bool = False
    refused: int = 0
    causes: int = 1
    fault_every: int = 0
    settle_after: float = 1200.0
    kill_at: tuple[int, ...] = ()
    enough: int = 0
    commands: bool = False
    calm: float = 5.0
    linger: float = 0.0
    patience: float = 900.0

    @classmethod
    def read(cls, said: dict[str, Any]) -> Order:
        """From JSON, as `asdict` wrote it."""
        lists = {name: tuple(said[name]) for name in ("kill_at",)}
        waves = tuple((many, days) for many, days in said["waves"])
        return cls(**(said | lists | {"waves": waves, "service": Service(**said["service"])}))

    @property
    def total(self) -> int:
        """How many records the gateway must have in the end, once all is well."""
        return self.companies * sum(many for many, _ in self.waves)

    @property
    def scaled(self) -> Service:
        return self.service.scaled(self.scale)

    def plan(self) -> dict[str, Any]:
        """What the far ends are told."""
        named = asdict(self)
        return {name: named[name] for name in ("waves", "pending", "at_once", "refused", "causes", "fault_every")} | {
            "request": self.scaled.request,
            "function": self.scaled.function,
            "minute": 60 * self.scale,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """One wave as it went. Seconds, bytes; `lag` is how late the event loop came, in seconds: p50, p99, max.

    `tally` counts postings by state over all connections; `more` is how many further due times it took to settle all of
    them. `intacct`, `spend` and `slack` are the far ends' own reports.
    """

    seconds: float
    cpu: float
    peak: int
    lag: tuple[float, float, float]
    tally: dict[str, int]
    more: int
    intacct: dict[str, Any]
    spend: dict[str, Any]
    slack: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    waves: tuple[Seen, ...]

    @property
    def last(self) -> Seen:
        return self.waves[-1]

    @classmethod
    def read(cls, said: list[dict[str, Any]]) -> Outcome:
        return cls(tuple(Seen(**(one | {"lag": tuple(one["lag"])})) for one in said))
