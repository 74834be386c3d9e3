"""Answers by a `response_url`: to Slack's own address only, which a request merely claims to name."""

from __future__ import annotations

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from handlers.ui.blocks import Json

Origin = tuple[str, str | None, int | None]

SLACK, HOOKS = ("https", "slack.com", 443), ("https", "hooks.slack.com", 443)
TIMEOUT = aiohttp.ClientTimeout(total=20)


async def answered(client: AsyncWebClient, url: str, said: Json) -> bool:
    """Whether the answer got through where the person asked; that way is open for half an hour and five answers.

    Neither another address than Slack's nor a redirect is followed, and nothing of what comes back is read.
    """
    where = slacks(url, client.base_url)
    if where is None:
        return False
    answer = {
        "text": said["text"],
        "blocks": said["blocks"],
        "response_type": "ephemeral",
        "replace_original": False,
    }
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT, auto_decompress=False) as session,
            session.post(
                where, json=answer, allow_redirects=False, proxy=client.proxy, ssl=client.ssl or True
            ) as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False


def slacks(url: str, api: str) -> URL | None:
    """A `response_url` that lies with Slack: at hooks.slack.com, or beside an API that is not Slack's own; else None.

    Args:
        url: as a request names it.
        api: the address of Slack's API, as the settings name it.
    """
    try:
        given, own = URL(url), _origin(URL(api))
        with_slack = _origin(given) == (HOOKS if own == SLACK else own) and not (given.user or given.password)
    except ValueError:  # no address, or one without a host
        return None
    return given if with_slack else None


def _origin(url: URL) -> Origin:
    return url.scheme, url.host, url.port
