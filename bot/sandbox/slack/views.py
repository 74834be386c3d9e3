"""Modals and Home tabs: who has which view open, its hash, and what was typed into it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.blocks import VIEW_BYTES
from bot.sandbox.slack.values import Values, state_of
from bot.sandbox.slack.workspace import APP, BOT, TEAM, Workspace, elements_in

STACK = 3


@dataclass(slots=True)
class View:
    """One view on one person's screen.

    `errors` are the texts under inputs after a refused submission (block_id → text); `notice` is what Slack itself
    says about the whole modal, such as a missing answer of the app.
    """

    id: str
    user: str
    content: dict[str, Any]
    hash: str
    root: str
    previous: str | None = None
    picked: Values = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.content["blocks"])

    @property
    def state(self) -> Values:
        return state_of(self.blocks, self.picked)

    def as_json(self) -> dict[str, Any]:
        """As Slack gives it in answers and payloads."""
        content = self.content
        return {
            "id": self.id,
            "team_id": TEAM,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "state": {"values": self.state},
            "hash": self.hash,
            "title": content.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": content.get("clear_on_close", False),
            "notify_on_close": content.get("notify_on_close", False),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP,
            "external_id": content.get("external_id", ""),
            "app_installed_team_id": TEAM,
            "bot_id": BOT,
        }


def too_large(content: Any) -> bool:
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) > VIEW_BYTES


class Views:
    """Every open modal, as a stack per person with the top one last, and every published Home tab."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        return self.stacks.setdefault(user, [])

    def find(self, view_id: str, external_id: str = "") -> View | None:
        """A view that is on a screen now; closed ones are not found."""
        everything = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        for view in everything:
            if (view_id and view.id == view_id) or (external_id and view.content.get("external_id") == external_id):
                return view
        return None

    def taken(self, external_id: str, but: View | None = None) -> bool:
        """Whether another view on a screen has this external id already."""
        found = self.find("", external_id) if external_id else None
        return found is not None and found is not but

    def push(self, user: str, content: dict[str, Any]) -> View:
        """Puts a modal on top of this person's stack; the caller has checked its height."""
        stack = self.stack(user)
        view_id = self._workspace.new_id("V")
        top = stack[-1] if stack else None
        view = View(view_id, user, self._named(content), self._hash(), top.root if top else view_id)
        view.previous = top.id if top else None
        stack.append(view)
        return view

    def replace(self, view: View, content: dict[str, Any]) -> None:
        """New content. What was typed stays where block_id, action_id and type are the same."""
        view.content = self._named(content)
        view.hash = self._hash()
        view.errors, view.notice = {}, ""
        kept: Values = {}
        for block in view.blocks:
            for element in elements_in(block):
                old = view.picked.get(block["block_id"], {}).get(element["action_id"])
                if old and old["type"] == element["type"]:
                    kept.setdefault(block["block_id"], {})[element["action_id"]] = old
        view.picked = kept

    def publish(self, user: str, content: dict[str, Any]) -> View:
        home = self.homes.get(user)
        if home is None:
            view_id = self._workspace.new_id("V")
            home = self.homes[user] = View(view_id, user, self._named(content), self._hash(), view_id)
        else:
            self.replace(home, content)
        return home

    def close(self, view: View) -> None:
        """Takes a modal, and what lies on it, off the screen."""
        stack = self.stack(view.user)
        if view in stack:
            del stack[stack.index(view) :]

    def clear(self, user: str) -> None:
        self.stacks[user] = []

    def _hash(self) -> str:
        return f"{self._workspace.next_ts().replace('.', '')[:10]}.{self._workspace.new_id('h')}"

    def _named(self, content: dict[str, Any]) -> dict[str, Any]:
        return content | {"blocks": self._workspace.with_block_ids(content["blocks"])}
