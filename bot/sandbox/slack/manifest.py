"""What the app's manifest grants: scopes, events, commands and tabs. The simulated Slack allows nothing beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parents[3] / "manifest.yml"


class Manifest:
    """The parts of manifest.yml that Slack enforces while an app runs."""

    def __init__(self, source: Path | dict[str, Any] = MANIFEST) -> None:
        content = source if isinstance(source, dict) else yaml.safe_load(source.read_text(encoding="utf-8"))
        features, settings = content.get("features", {}), content.get("settings", {})
        home = features.get("app_home", {})
        self.scopes: tuple[str, ...] = tuple(content.get("oauth_config", {}).get("scopes", {}).get("bot", ()))
        self.events = frozenset(settings.get("event_subscriptions", {}).get("bot_events", ()))
        self.commands: dict[str, dict[str, Any]] = {one["command"]: one for one in features.get("slash_commands", ())}
        self.home_tab: bool = home.get("home_tab_enabled", False)
        self.messages_tab: bool = home.get("messages_tab_enabled", False)
        self.read_only: bool = home.get("messages_tab_read_only_enabled", False)
        self.interactive: bool = settings.get("interactivity", {}).get("is_enabled", False)
        self.socket_mode: bool = settings.get("socket_mode_enabled", False)
        self.name: str = content["display_information"]["name"]
        self.bot_name: str = features.get("bot_user", {}).get("display_name", self.name)
