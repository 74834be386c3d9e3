"""What Slack answers when it refuses: its word for it, and what is said of a token that it does not take."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

REFUSED = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "not_allowed_token_type"})
"""Slack's words for a token that no waiting makes good (docs.slack.dev, auth.test)."""

APP_REFUSED = REFUSED | {"missing_scope"}
"""The same where apps.connections.open is asked for: its one scope is what the app-level token is for."""


class TokenRefused(Exception):
    """Slack has judged a token at the start; the text is `doctor`'s sentence."""


def said(error: SlackApiError) -> str:
    """Slack's word for a refusal; empty where the answer was not Slack's JSON.

    From a proxy, or from a Slack in trouble, comes anything: the library's `response` is then the text itself, or aiohttp's.
    """
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def why(error: SlackApiError) -> str:
    """What came back, in a word or two, for a line of a log or of `doctor`."""
    return said(error) or "something that is no answer of Slack's"


def is_verdict(error: SlackApiError, words: frozenset[str]) -> bool:
    """Whether Slack itself has judged the token. It does so with HTTP 200; a 5xx says nothing, whatever stands in it."""
    return said(error) in words and int(getattr(error.response, "status_code", 0) or 0) < 500


def bot_token_refused(error: SlackApiError) -> tuple[str, str]:
    """What was looked at, and what is wrong with it."""
    return "Slack bot token", f"Slack answers {why(error)}; see OAuth & Permissions of your app"


def app_token_refused(error: SlackApiError) -> tuple[str, str]:
    return "Slack app token", f"Slack answers {why(error)}; it needs the scope connections:write"
