"""The Home tab: connections, what needs someone, and the way to connect another entity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slackblocks as sb

from bot.models import ConnectionState
from bot.sync.alerts import AlertView, place
from bot.sync.desk import Overview
from handlers.ui.blocks import Json, actions, button, context, header, section
from handlers.ui.status import MOST, glance, line, times
from handlers.ui.text import clip, count, esc, plain

LINES = 15


def home(found: Sequence[Overview], open_alerts: Sequence[tuple[AlertView, str]], ask_whom: str = "") -> Json:
    """The whole tab for one person, who sees what is theirs to see; `ask_whom` is for those to whom nothing here is."""
    blocks: list[sb.Block] = [header("Spend Center to Sage Intacct", "title")]
    if not found and ask_whom:
        return _tab([*blocks, section(esc(clip(ask_whom, 900)), "ask")])
    if not found:
        blocks += [
            section(
                "Card spend in Spend Center becomes card transactions in Sage Intacct, each exactly once. What cannot post is "
                "told in your finance channel, with the reason and the fix.\nNine steps, about ten minutes of clicks in Intacct.",
                "empty",
            ),
            actions("connect", button("Connect", "home.connect", "new", style="primary")),
        ]
        return _tab(blocks)
    if open_alerts:
        blocks.append(
            section(
                f"*{count(len(open_alerts), 'alert')} need someone*"
                if len(open_alerts) > 1
                else "*1 alert needs someone*",
                "alerts",
            )
        )
        blocks += [section(line(view, link), f"alert.{view.alert.id}") for view, link in open_alerts[:LINES]]
        if len(open_alerts) > LINES:
            blocks.append(context(f"and {len(open_alerts) - LINES} more: `/intacct errors`", "more"))
        blocks.append(sb.DividerBlock(block_id="divider"))
    for one in found[:MOST]:
        connection = one.connection
        blocks += [
            section(glance(one), f"glance.{connection.id}"),
            context(times(one), f"times.{connection.id}"),
            actions(f"do.{connection.id}", *_buttons(one)),
        ]
    blocks.append(actions("connect", button("Connect another entity", "home.connect", "new")))
    return _tab(blocks)


def _tab(blocks: Sequence[sb.Block]) -> Json:
    view: dict[str, Any] = sb.HomeTabView(list(blocks)).to_dict()
    return view


def _buttons(one: Overview) -> list[sb.Element]:
    """Nothing that would be refused is offered first; who may press is asked when it is pressed."""
    value = one.connection.id
    settings = button("Settings", "connection.settings", value)
    if one.connection.activated is None:
        return [button("Continue", "home.connect", value, style="primary"), settings]
    name = plain(place(one.connection), 40)
    if one.connection.state == ConnectionState.ACTIVE:
        return [
            button("Sync now", "sync.now", value, style="primary", aloud=f"Sync {name} now"),
            button("Pause", "connection.pause", value, aloud=f"Pause {name}"),
            settings,
        ]
    return [button("Resume", "connection.resume", value, style="primary", aloud=f"Resume {name}"), settings]
