"""Whether Slack signed a request: judged on its raw bytes, before anything in them is read."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from aiohttp import web

MOST_BYTES = 256 * 1024
"""Of a body. Slack's largest, a view with its state, stays below 250 KB."""

LATEST = 5 * 60
"""Seconds that a signature's time may be off, either way."""

STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
_START, _LENGTH = "v0=", 64


class Signatures:
    """Slack's signing secret, and who has it: HMAC-SHA256 over `v0:<timestamp>:<raw body>`. `now` is in seconds."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret, self._now = secret.encode(), now

    def plausible(self, request: web.BaseRequest) -> bool:
        """Whether time and signature stand there once each, in Slack's own form, and the time is about now."""
        stamps, signatures = (request.headers.getall(name, []) for name in (STAMP, SIGNATURE))
        if len(stamps) != 1 or len(signatures) != 1:
            return False
        stamp, signature = stamps[0], signatures[0]
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
            return False
        if not (signature.isascii() and signature.startswith(_START) and len(signature) == len(_START) + _LENGTH):
            return False
        return abs(self._now() - int(stamp)) <= LATEST

    def prove(self, request: web.BaseRequest, body: bytes) -> bool:
        """Whether whoever sent these bytes knows the secret; without a secret nobody does."""
        if not self._secret or not self.plausible(request):
            return False
        signed = b"v0:" + request.headers[STAMP].encode() + b":" + body
        expected = _START + hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), request.headers[SIGNATURE].encode())
