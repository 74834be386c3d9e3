"""The judge of messages and views: which blocks go where, their limits, and what must be unique.

`blocks.validate`, `chat.*` and `views.*` all ask here, so that what passes in one place passes in all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.check import (
    Check,
    Found,
    Problem,
    anything,
    boolean,
    choice,
    exactly_one,
    failed,
    listed,
    number,
    shaped,
    some_of,
    string,
    typed,
    url,
    whole,
)
from bot.sandbox.slack.elements import ACCESSORIES, ACTIONS, ELEMENTS, INPUTS, TYPE, text

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_CHARACTERS = 13_000
"""All blocks of a message as JSON; undocumented, met in practice (bolt-js issue 2509)."""
VIEW_BYTES = 250_000
MARKDOWN_CHARACTERS = 12_000
TABLE_CHARACTERS = 20_000

_ID: dict[str, Check] = {"block_id": string(255)}

# --- rich text --------------------------------------------------------------------------------------------------------

_STYLE: dict[str, Check] = {"style": anything}
_INLINE: dict[str, Check] = {
    "text": shaped(TYPE | {"text": string(20_000, 0)}, _STYLE),
    "link": shaped(TYPE | {"url": url()}, _STYLE | {"text": string(3000), "unsafe": boolean}),
    "emoji": shaped(TYPE | {"name": string(100)}, _STYLE | {"unicode": string(100), "skin_tone": whole(6, 1)}),
    "user": shaped(TYPE | {"user_id": string(30)}, _STYLE),
    "usergroup": shaped(TYPE | {"usergroup_id": string(30)}, _STYLE),
    "channel": shaped(TYPE | {"channel_id": string(30)}, _STYLE),
    "broadcast": shaped(TYPE | {"range": choice("here", "channel", "everyone")}, _STYLE),
    "date": shaped(
        TYPE | {"timestamp": whole(9_999_999_999), "format": string(200)},
        _STYLE | {"url": url(), "fallback": string(300)},
    ),
    "color": shaped(TYPE | {"value": string(20)}, _STYLE),
}
_BORDER: dict[str, Check] = {"border": whole(1)}
_section = shaped(TYPE | {"elements": listed(typed(_INLINE), 1000)})
_RICH: dict[str, Check] = {
    "rich_text_section": _section,
    "rich_text_quote": shaped(TYPE | {"elements": listed(typed(_INLINE), 1000)}, _BORDER),
    "rich_text_preformatted": shaped(
        TYPE | {"elements": listed(typed(_INLINE, ["text", "link"]), 1000)}, _BORDER | {"language": string(40)}
    ),
    "rich_text_list": shaped(
        TYPE
        | {"style": choice("bullet", "ordered"), "elements": listed(typed({"rich_text_section": _section}), 1000, 1)},
        _BORDER | {"indent": whole(8), "offset": whole(10_000)},
    ),
}
_rich_text = shaped(TYPE | {"elements": listed(typed(_RICH), 1000, 1)}, _ID)

# --- tables and charts ------------------------------------------------------------------------------------------------

_raw_text = shaped(TYPE | {"text": string(20_000)})
_raw_number = shaped(TYPE | {"value": number}, {"text": string(200)})
_TABLE_CELLS: dict[str, Check] = {
    "raw_text": shaped(TYPE | {"text": string(20_000, 0)}),
    "raw_number": _raw_number,
    "rich_text": _rich_text,
}
_DATA_CELLS: dict[str, Check] = {"raw_text": _raw_text, "raw_number": _raw_number, "rich_text": _rich_text}
_column = shaped({}, {"align": choice("left", "center", "right"), "is_wrapped": boolean})


def _table_is_even(block: dict[str, Any], at: str) -> Found:
    rows = block["rows"]
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            yield failed(f"{at}/rows/{index}", "all rows must have the same number of columns", "columns")
    for index, cell in enumerate(rows[0]):
        if cell["type"] == "rich_text":
            yield failed(f"{at}/rows/0/{index}/type", "header cells cannot hold rich text", "enum")
    if (length := sum(_texts(rows))) > TABLE_CHARACTERS:
        yield failed(f"{at}/rows", "the table's text is too long", "max_length", TABLE_CHARACTERS, length)
    if block.get("row_header_column_index", 0) >= len(rows[0]):
        yield failed(f"{at}/row_header_column_index", "must be a column of the table", "range")


def _texts(part: Any) -> Iterator[int]:
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        for key, inner in part.items():
            if key == "text" and isinstance(inner, str):
                yield len(inner)
            else:
                yield from _texts(inner)


_point = shaped({"label": string(20), "value": number})
_series = shaped({"name": string(20), "data": listed(_point, 20, 1)})
_axis = shaped({"categories": listed(string(20), 20, 1)}, {"x_label": string(50), "y_label": string(50)})


def _points_match_categories(chart: dict[str, Any], at: str) -> Found:
    categories = chart["axis_config"]["categories"]
    for index, series in enumerate(chart["series"]):
        if sorted(point["label"] for point in series["data"]) != sorted(set(categories)):
            yield failed(f"{at}/series/{index}/data", "must have exactly one point for every category", "categories")


def _slices_are_positive(chart: dict[str, Any], at: str) -> Found:
    for index, segment in enumerate(chart["segments"]):
        if segment["value"] <= 0:
            yield failed(f"{at}/segments/{index}/value", "must be greater than 0", "range", 0, segment["value"])


_axes = shaped(TYPE | {"series": listed(_series, 12, 1), "axis_config": _axis}, rules=[_points_match_categories])
_CHARTS: dict[str, Check] = {
    "pie": shaped(TYPE | {"segments": listed(_point, 12, 1)}, rules=[_slices_are_positive]),
    "line": _axes,
    "bar": _axes,
    "area": _axes,
}

# --- blocks -----------------------------------------------------------------------------------------------------------


def _clickable(block: dict[str, Any], at: str) -> Found:
    """Inside one block an action_id stands once."""
    seen: set[str] = set()
    for index, element in enumerate(block["elements"]):
        name = element.get("action_id")
        if name in seen:
            yield failed(f"{at}/elements/{index}/action_id", f"action_id already exists: {name}", "unique")
        if name:
            seen.add(name)


def _collapsed_only_if_collapsible(block: dict[str, Any], at: str) -> Found:
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield failed(f"{at}/default_collapsed", "needs is_collapsible", "requires", "is_collapsible")


_CONTAINED = {"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table"}


def _contained(value: Any, at: str) -> Found:
    yield from typed(BLOCKS, _CONTAINED)(value, at)


_CONTEXT: dict[str, Check] = {
    "plain_text": text(3000),
    "mrkdwn": text(3000),
    "image": ELEMENTS["image"],
}
BLOCKS: dict[str, Check] = {
    "divider": shaped(TYPE, _ID),
    "header": shaped(TYPE | {"text": text(150, plain=True)}, _ID | {"level": whole(4, 1)}),
    "section": shaped(
        TYPE,
        _ID
        | {
            "text": text(3000),
            "fields": listed(text(2000), 10, 1),
            "accessory": typed(ELEMENTS, ACCESSORIES),
            "expand": boolean,
        },
        [some_of("text", "fields")],
    ),
    "context": shaped(TYPE | {"elements": listed(typed(_CONTEXT), 10, 1)}, _ID),
    "actions": shaped(TYPE | {"elements": listed(typed(ELEMENTS, ACTIONS), 25, 1)}, _ID, [_clickable]),
    "input": shaped(
        TYPE | {"label": text(2000, plain=True), "element": typed(ELEMENTS, INPUTS)},
        _ID | {"hint": text(2000, plain=True), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": shaped(
        TYPE | {"alt_text": string(2000)},
        _ID | {"image_url": url(), "slack_file": anything, "title": text(2000, plain=True)},
        [exactly_one("image_url", "slack_file")],
    ),
    "rich_text": _rich_text,
    "markdown": shaped(TYPE | {"text": string(MARKDOWN_CHARACTERS)}, _ID),
    "alert": shaped(
        TYPE | {"text": text(200)}, _ID | {"level": choice("default", "info", "warning", "error", "success")}
    ),
    "table": shaped(
        TYPE | {"rows": listed(listed(typed(_TABLE_CELLS), 20, 1), 100, 1)},
        _ID | {"column_settings": listed(_column, 20)},
    ),
    "data_table": shaped(
        TYPE | {"rows": listed(listed(typed(_DATA_CELLS), 20, 1), 101, 2), "caption": string(3000)},
        _ID | {"page_size": whole(100, 1), "row_header_column_index": whole(19)},
        [_table_is_even],
    ),
    "data_visualization": shaped(TYPE | {"title": string(50), "chart": typed(_CHARTS)}, _ID),
    "container": shaped(
        TYPE | {"child_blocks": listed(_contained, 10, 1)},
        _ID
        | {
            "title": text(150, plain=True),
            "rich_text_title": _rich_text,
            "subtitle": text(150),
            "width": choice("narrow", "standard", "wide", "full"),
            "icon": ELEMENTS["image"],
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        [exactly_one("title", "rich_text_title"), _collapsed_only_if_collapsible],
    ),
}
"""Blocks that the sandbox knows. Slack's card, carousel, context_actions, file, plan, task_card and video are refused."""

_EVERYWHERE = {"actions", "context", "divider", "header", "image", "input", "rich_text", "section"}
SURFACES: dict[str, frozenset[str]] = {
    "message": frozenset(_EVERYWHERE | {"container", "data_table", "data_visualization", "markdown", "table"}),
    "modal": frozenset(_EVERYWHERE | {"alert"}),
    "home": frozenset(_EVERYWHERE | {"container", "data_table", "data_visualization", "table"}),
}


def check_blocks(blocks: Any, surface: str, at: str = "/blocks") -> list[Problem]:
    """What Slack would refuse about the blocks of a message, modal or home view; empty when nothing."""
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    found = list(listed(typed(BLOCKS, SURFACES[surface]), most)(blocks, at))
    if found:
        return found
    found += _block_ids_stand_once(blocks, at)
    if surface == "message":
        found += _sums_of_a_message(blocks, at)
    return found


def _block_ids_stand_once(blocks: list[dict[str, Any]], at: str) -> Found:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        inner = block.get("child_blocks", [])
        for one, pointer in [(block, f"{at}/{index}")] + [
            (child, f"{at}/{index}/child_blocks/{place}") for place, child in enumerate(inner)
        ]:
            name = one.get("block_id")
            if name in seen:
                yield failed(f"{pointer}/block_id", f"block_id already exists: {name}", "unique", None, name)
            if name:
                seen.add(name)


def _sums_of_a_message(blocks: list[dict[str, Any]], at: str) -> Found:
    for kind, most in (("table", 1), ("data_visualization", 2)):
        if (count := sum(block["type"] == kind for block in blocks)) > most:
            yield failed(at, f"no more than {most} {kind} allowed in a message", "max_items", most, count)
    length = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if length > MARKDOWN_CHARACTERS:
        yield failed(at, "markdown blocks are too long together", "max_length", MARKDOWN_CHARACTERS, length)


def blocks_length(blocks: list[dict[str, Any]]) -> int:
    """Characters of all blocks as compact JSON, which is what `msg_blocks_too_long` measures."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def check_message(message: Any, at: str = "") -> list[Problem]:
    """A message payload: text, blocks or attachments, and their limits."""
    if not isinstance(message, dict):
        return [failed(at, "must provide a object", "type", "object")]
    if not any(message.get(name) for name in ("text", "blocks", "attachments", "markdown_text")):
        return [failed(at, "no_text", "any_of", ["text", "blocks"], [])]
    found = list(string(40_000, 0)(message.get("text", ""), f"{at}/text"))
    if message.get("blocks"):
        found += check_blocks(message["blocks"], "message", f"{at}/blocks")
    return found


_VIEW: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
_HOME = shaped(TYPE | {"blocks": anything}, _VIEW)
_MODAL = shaped(
    TYPE | {"title": text(24, plain=True), "blocks": anything},
    _VIEW
    | {
        "close": text(24, plain=True),
        "submit": text(24, plain=True),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


def check_view(view: Any, at: str = "/view") -> list[Problem]:
    """A modal or home view. Sizes beyond `view_too_large` are the caller's to measure."""
    found = list(typed({"modal": _MODAL, "home": _HOME})(view, at))
    if found:
        return found
    blocks, surface = view["blocks"], view["type"]
    found = check_blocks(blocks, surface, f"{at}/blocks")
    if found:
        return found
    asks = [block["element"] for block in blocks if block["type"] == "input"]
    if surface == "modal" and asks and "submit" not in view:
        found.append(Problem(at, "missing_required_field", "missing required field: submit", field="submit"))
    if sum(bool(element.get("focus_on_load")) for element in asks) > 1:
        found.append(failed(f"{at}/blocks", "only one element can have focus_on_load", "max_items", 1))
    return found
