"""HTTP mode: Slack's signed requests to the app's one address, instead of Socket Mode."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.delivery import UNACKED, UNREACHABLE, Ack, Envelope

REDIRECTS = 2


class SignedRequests:
    """Posts envelopes to `url`, signed v0. `now` gives the seconds of the signature's timestamp."""

    def __init__(self, url: str, signing_secret: str, now: Callable[[], float]) -> None:
        self.url = url
        self._secret = signing_secret.encode()
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    @property
    def connected(self) -> bool:
        return True

    def signed(self, body: str, at: int) -> str:
        """The value of X-Slack-Signature for this body at this second."""
        base = f"v0:{at}:{body}".encode()
        return "v0=" + hmac.new(self._secret, base, hashlib.sha256).hexdigest()

    async def send(self, envelope: Envelope, seconds: float) -> Ack:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        body, content_type = _written(envelope)
        at = int(self._now())
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(at),
            "X-Slack-Signature": self.signed(body, at),
        }
        if envelope.attempt:
            headers |= {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": envelope.reason}
        started = time.monotonic()
        try:
            async with self._session.post(
                self.url,
                data=body.encode(),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
                max_redirects=REDIRECTS,
            ) as answer:
                ack = _read(answer.status, await answer.text(), answer.headers, _since(started))
                if ack.acked and envelope.taken:
                    envelope.taken(ack.payload)
                return ack
        except TimeoutError:
            return Ack(acked=False, ms=_since(started), error=UNACKED, reason="http_timeout")
        except aiohttp.TooManyRedirects:
            return Ack(acked=False, ms=_since(started), error=UNREACHABLE, reason="too_many_redirects")
        except aiohttp.ClientConnectionError:
            return Ack(acked=False, ms=_since(started), error=UNREACHABLE, reason="connection_failed")
        except aiohttp.ClientError:
            return Ack(acked=False, ms=_since(started), error=UNREACHABLE, reason="unknown_error")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _written(envelope: Envelope) -> tuple[str, str]:
    """Body and content type: events are JSON, interactions a form with one JSON field, commands a plain form."""
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload), "application/json"
    form = "application/x-www-form-urlencoded"
    if envelope.kind == "interactive":
        return urlencode({"payload": json.dumps(envelope.payload)}), form
    return urlencode(envelope.payload), form


def _read(status: int, text: str, headers: Any, ms: int) -> Ack:
    final = headers.get("X-Slack-No-Retry") == "1"
    if not 200 <= status < 300:
        return Ack(acked=False, ms=ms, error=f"http_status_{status}", reason="http_error", final=final)
    payload: dict[str, Any] = {}
    if text:
        if "json" in headers.get("Content-Type", ""):
            read = json.loads(text)
            payload = read if isinstance(read, dict) else {}
        else:
            payload = {"text": text}
    return Ack(acked=True, ms=ms, payload=payload)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
