"""What every listener needs of a request: who asks, from which workspace, about what, and a private way to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import said as slack_said
from handlers.response_url import answered
from handlers.ui.blocks import Json


@dataclass(frozen=True, slots=True)
class Ask:
    """One command, click or submission.

    `value` is the record id on the button, or the words behind the command; `channel` is where a command was typed.
    """

    user: str
    workspace: str
    value: str
    client: AsyncWebClient
    trigger: str = ""
    view_id: str = ""
    metadata: str = ""
    answer_to: str = ""
    channel: str = ""
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Mapping[str, Any], client: AsyncWebClient) -> Ask:
        """Reads a payload of any kind: a command is flat, everything else names its parts."""
        action = (body.get("actions") or [{}])[0]
        chosen = action.get("value") or (action.get("selected_option") or {}).get("value")
        view = body.get("view") or {}
        return cls(
            user=user_of(body),
            workspace=workspace_of(body),
            value=str(chosen or body.get("text") or "").strip(),
            client=client,
            trigger=str(body.get("trigger_id") or ""),
            view_id=str(view.get("id") or ""),
            metadata=str(view.get("private_metadata") or ""),
            answer_to=str(body.get("response_url") or ""),
            channel=str(body.get("channel_id") or ""),
            fields=(view.get("state") or {}).get("values") or {},
        )

    async def tell(self, said: Json) -> None:
        """Answer this one person: where they asked if Slack allows it, else in their direct messages."""
        if await answered(self.client, self.answer_to, said):
            return
        await self.client.chat_postMessage(channel=self.user, **said)

    async def open(self, view: Json) -> str:
        """Open a form; returns its id."""
        opened = await self.client.views_open(trigger_id=self.trigger, view=view)
        return _id_of(opened)

    async def push(self, view: Json) -> str:
        """Open a form on top of the one this came from, so that closing it leads back there; returns its id."""
        return _id_of(await self.client.views_push(trigger_id=self.trigger, view=view))

    async def show(self, view: Json) -> None:
        """Change the form this came from; one that was closed meanwhile is nobody's loss."""
        try:
            await self.client.views_update(view_id=self.view_id, view=view)
        except SlackApiError as refused:
            if slack_said(refused) not in {"not_found", "view_not_found"}:
                raise

    # --- what stands in a form ---

    def text(self, block: str) -> str:
        """What was typed or picked in a block, as text; empty when nothing was."""
        entry = self._entry(block)
        for name in (
            "value",
            "selected_date",
            "selected_time",
            "selected_conversation",
            "selected_user",
            "selected_channel",
        ):
            if entry.get(name):
                return str(entry[name]).strip()
        return str((entry.get("selected_option") or {}).get("value") or "")

    def day(self, block: str) -> date | None:
        """The day picked in a block; None when none was."""
        try:
            return date.fromisoformat(self.text(block))
        except ValueError:
            return None

    def many(self, block: str) -> list[str]:
        """The people or options picked in a block."""
        entry = self._entry(block)
        return [str(one) for one in entry.get("selected_users") or []] or [
            str(one["value"]) for one in entry.get("selected_options") or []
        ]

    def _entry(self, block: str) -> Mapping[str, Any]:
        given = self.fields.get(block) or {}
        return next(iter(given.values()), {})


def _id_of(opened: Any) -> str:
    return str((opened.get("view") or {}).get("id") or "")


def as_typed(body: dict[str, Any]) -> None:
    """Puts what a person typed back as it was typed, in place, once, before anything reads it.

    Slack writes `&`, `<` and `>` as entities in the text of commands and messages ("Formatting message text",
    `should_escape`); in payloads of interactions it was seen in labels (bolt-python issue 513), so that a search's text and
    a picked option are treated alike, which changes nothing where they come plain. What is typed into the input of a form
    comes as it was typed, a password with `&amp;` in it too, and is left alone.
    """
    for holder, key in ((body, "text"), (body.get("event"), "text"), (body, "value")):
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            holder[key] = unescaped(holder[key])
    for entry in _entries(body):
        options = [entry.get("selected_option"), *(entry.get("selected_options") or ())]
        for option in options:
            if isinstance(option, dict) and isinstance(option.get("value"), str):
                option["value"] = unescaped(option["value"])


def _entries(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What was pressed, and what stands in each field of a form."""
    yield from (one for one in body.get("actions") or () if isinstance(one, Mapping))
    view = body.get("view")
    values = ((view.get("state") or {}).get("values") or {}) if isinstance(view, Mapping) else {}
    for given in values.values():
        yield from given.values()


def unescaped(text: str) -> str:
    """Slack's three entities as characters again, each once.

    >>> unescaped("AT&amp;T &lt;3, &amp;lt;")
    'AT&T <3, &lt;'
    """
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def user_of(body: Mapping[str, Any]) -> str:
    who = body.get("user") or (body.get("event") or {}).get("user") or body.get("user_id") or ""
    return str(who.get("id", "") if isinstance(who, Mapping) else who)


def workspace_of(body: Mapping[str, Any]) -> str:
    """`<enterprise>:<team>`, as `bot.store.connections.ensure_workspace` names it."""
    team, enterprise = body.get("team") or {}, body.get("enterprise") or {}
    team_id = body.get("team_id") or (team.get("id") if isinstance(team, Mapping) else team) or ""
    enterprise_id = body.get("enterprise_id") or (enterprise.get("id") if isinstance(enterprise, Mapping) else "")
    enterprise_id = enterprise_id or (team.get("enterprise_id") if isinstance(team, Mapping) else "") or ""
    return f"{enterprise_id}:{team_id}"
