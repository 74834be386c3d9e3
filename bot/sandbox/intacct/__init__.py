"""A strict simulator of the Sage Intacct XML gateway and of the books behind it.

Written from the published request schema and documentation, not from the bot's client, so that a shared misreading shows.
`COVERAGE` says what is simulated; everything else answers with an error that names itself.
"""

from __future__ import annotations

from bot.sandbox.intacct.coverage import COVERAGE
from bot.sandbox.intacct.server import IntacctSim

__all__ = ["COVERAGE", "IntacctSim"]
