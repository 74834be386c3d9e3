"""A strict Slack on this machine: Web API, Socket Mode, interactions and people, for the sandbox and the tests."""

from bot.sandbox.slack.methods import COVERAGE
from bot.sandbox.slack.server import SlackSim

__all__ = ["COVERAGE", "SlackSim"]
