"""Every function of the gateway, brought together: importing a part registers what it offers."""

from __future__ import annotations

from bot.sandbox.intacct import helpers, posting, query, vendors, writing

LOADED = (helpers, posting, query, vendors, writing)
