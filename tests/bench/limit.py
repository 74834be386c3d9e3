"""The least time in which a gateway of a given speed can take a number of functions."""

from __future__ import annotations

from dataclasses import dataclass

MOST_FUNCTIONS = 100
"""In one request, by the vendor's advice."""


@dataclass(frozen=True, slots=True)
class Service:
    """How fast a far end works, in seconds: for each request, and for each of its functions, one after another."""

    request: float = 0.25
    function: float = 0.04

    def scaled(self, scale: float) -> Service:
        return Service(self.request * scale, self.function * scale)

    def of(self, functions: int) -> float:
        return self.request + functions * self.function


def limit(count: int, slots: int, service: Service) -> float:
    """Seconds for `count` functions: split evenly over as few requests as allowed, all slots busy to the end."""
    if count < slots:
        return service.of(1)
    rounds = -(-count // (slots * MOST_FUNCTIONS))
    return (count * service.function + rounds * slots * service.request) / slots
