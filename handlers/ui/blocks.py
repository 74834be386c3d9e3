"""Small builders over slackblocks: our sentences in, plain dicts out. The builder checks every limit when it builds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import slackblocks as sb

from handlers.ui.text import clip, esc, plain

Json = dict[str, Any]
LARGEST = 11_500
"""Characters of a message's blocks; Slack refuses at about 13,000."""

SECTION = 2900
"""Characters of a section's text; Slack takes 3,000 after escaping."""


def message(text: str, blocks: Sequence[sb.Block]) -> Json:
    """`text` is the whole outcome in a sentence: notifications and screen readers have nothing else."""
    built: Json = sb.Message(channel="-", text=clip(text, 3000), blocks=list(blocks)).to_dict()
    return {"text": built["text"], "blocks": built["blocks"], "unfurl_links": False, "unfurl_media": False}


def fitting(text: str, groups: Sequence[Sequence[sb.Block]], rest: str) -> Json:
    """A message of as many groups of blocks as Slack takes in one; `rest` says where the others are, with `{n}` in it."""
    for shown in range(len(groups), 0, -1):
        blocks = [block for group in groups[:shown] for block in group]
        if shown < len(groups):
            blocks.append(context(rest.format(n=len(groups) - shown), "rest"))
        if (
            len(blocks) <= 50
            and len(json.dumps((built := message(text, blocks))["blocks"], ensure_ascii=False)) <= LARGEST
        ):
            return built
    return message(text, [section(clip(text, SECTION), "text")])


def modal(
    title: str,
    blocks: Sequence[sb.Block],
    *,
    callback: str = "",
    submit: str = "",
    close: str = "Cancel",
    metadata: str = "",
) -> Json:
    """A view. `metadata` holds record ids only."""
    view: Json = sb.ModalView(
        title=plain(title, 24),
        blocks=list(blocks),
        callback_id=callback or None,
        submit=plain(submit, 24) if submit else None,
        close=plain(close, 24),
        private_metadata=metadata or None,
    ).to_dict()
    return view


_GIVEN = {"selected_option": "initial_option", "selected_options": "initial_options", "value": "initial_value"}
"""What Slack calls a picked or typed value, and what a form that starts with it calls it."""


def refilled(view: Mapping[str, Any], sentence: str) -> Json:
    """A form of lists and lines as somebody sent it, filled as it was, with what was refused at its top."""
    state = view["state"]["values"]
    blocks: list[Json] = modal("-", [alert(sentence, "error")])["blocks"]
    for block in view["blocks"]:
        if block.get("block_id") == "error":
            continue
        element = block.get("element") or {}
        given = state.get(block.get("block_id"), {}).get(element.get("action_id"), {})
        kept = {name: value for name, value in element.items() if not name.startswith("initial_")}
        kept |= {name: given[key] for key, name in _GIVEN.items() if given.get(key)}
        blocks.append({**block, "element": kept} if element else block)
    names = ("type", "title", "submit", "close", "callback_id", "private_metadata")
    return {**{name: view[name] for name in names if view.get(name)}, "blocks": blocks}


def section(text: str, block_id: str, accessory: sb.Element | None = None) -> sb.SectionBlock:
    """`text` is ours and already escaped where it is not."""
    return sb.SectionBlock(sb.Text(clip(text, SECTION), verbatim=True), block_id=block_id, accessory=accessory)


def context(text: str, block_id: str) -> sb.ContextBlock:
    return sb.ContextBlock([sb.Text(clip(text, SECTION), verbatim=True)], block_id=block_id)


def header(text: str, block_id: str) -> sb.HeaderBlock:
    return sb.HeaderBlock(plain(text, 150), block_id=block_id)


def code(value: str, block_id: str) -> sb.RichTextBlock:
    """One value in a code block of its own, so that a click selects it whole."""
    return sb.RichTextBlock([sb.RichTextCodeBlock([sb.RichText(plain(value, 500))])], block_id=block_id)


def button(
    label: str,
    action: str,
    value: str,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: sb.ConfirmationDialogue | None = None,
    aloud: str = "",
) -> sb.Button:
    """`value` is a record id and nothing else; `aloud` is what screen readers say where several buttons read alike."""
    return sb.Button(
        sb.PlainText(plain(label, 75)),
        action_id=action,
        value=value,
        style=style,
        confirm=confirm,
        accessibility_label=plain(aloud, 75) if aloud else None,
    )


def actions(block_id: str, *elements: sb.Element) -> sb.ActionsBlock:
    return sb.ActionsBlock(list(elements), block_id=block_id)


def confirm(title: str, text: str, yes: str, no: str = "Cancel") -> sb.ConfirmationDialogue:
    return sb.ConfirmationDialogue(
        title=sb.PlainText(plain(title, 100)),
        text=sb.PlainText(plain(text, 300)),
        confirm=sb.PlainText(plain(yes, 30)),
        deny=sb.PlainText(plain(no, 30)),
    )


def option(text: str, value: str, description: str = "") -> sb.Option:
    return sb.Option(
        sb.PlainText(plain(text, 75)), value, description=sb.PlainText(plain(description, 75)) if description else None
    )


def typed(
    block_id: str,
    label: str,
    *,
    initial: str = "",
    hint: str = "",
    placeholder: str = "",
    optional: bool = False,
    most: int = 150,
    action: str = "typed",
) -> sb.InputBlock:
    """A line to type into. Slack keeps what was typed under the same block and action id when a form is updated."""
    element = sb.PlainTextInput(
        action_id=action,
        initial_value=plain(initial, most) if initial else None,
        max_length=most,
        placeholder=sb.PlainText(plain(placeholder, 150)) if placeholder else None,
    )
    return labelled(block_id, label, element, hint=hint, optional=optional)


def labelled(
    block_id: str, label: str, element: sb.Element, *, hint: str = "", optional: bool = False
) -> sb.InputBlock:
    return sb.InputBlock(
        sb.PlainText(plain(label, 150)),
        element,
        block_id=block_id,
        hint=sb.PlainText(plain(hint, 500)) if hint else None,
        optional=optional,
    )


def alert(text: str, block_id: str, level: Literal["info", "warning", "error", "success"] = "error") -> sb.Block:
    """What was refused, at the top of a form. The alert block takes 200 characters, so longer words are a section."""
    if len(text) <= 200:
        return sb.AlertBlock(sb.PlainText(plain(text, 200)), level=level, block_id=block_id)
    return section(esc(text), block_id)


def options_answer(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    """Up to 100 (text, value) pairs as `ack(options=…)` takes them."""
    return [
        {"text": {"type": "plain_text", "text": plain(text, 75)}, "value": clip(value, 150)}
        for text, value in pairs[:100]
    ]


def matching(pairs: Sequence[tuple[str, str]], query: str) -> list[tuple[str, str]]:
    """The pairs whose text holds what was typed, those that start with it first."""
    wanted = query.casefold().strip()
    found = [pair for pair in pairs if wanted in pair[0].casefold()]
    return sorted(found, key=lambda pair: not pair[0].casefold().startswith(wanted))
