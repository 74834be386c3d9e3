"""What every listener works with. Made once, when the app is put together, and handed in; nothing here is global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.engine import Engine
from bot.settings import Settings
from bot.store.database import Store
from bot.sync.desk import Desk
from bot.walkthrough.conversation import Conversation


@dataclass(frozen=True)
class Services:
    """`clock` gives the instant in UTC; `desk` is everything that a person can ask of the sync."""

    store: Store
    engine: Engine
    desk: Desk
    walkthrough: Conversation
    clock: Callable[[], datetime]
    settings: Settings
