"""Spend Center as the bot meets it: the BILL Spend & Expense API v3, strict, over real HTTP."""

from bot.sandbox.spend.routes import COVERAGE
from bot.sandbox.spend.server import SpendSim

__all__ = ["COVERAGE", "SpendSim"]
