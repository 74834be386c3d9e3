"""The forms of step 9: token, which field carries what, doubtful values, and the last choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

import slackblocks as sb

from bot.models import CustomField, Dimension
from bot.sync.preview import Preview
from bot.typed_values import clock_time
from bot.walkthrough.proposals import Doubt, Match
from handlers.ui.blocks import Json, alert, context, labelled, modal, option, section, typed
from handlers.ui.text import clip, count, day, esc, money

DOUBTS = 20
"""Doubtful values asked in one form; the rest comes on the next."""
ROWS = 60
CAUSES = 20
RIGHTS = {"correct": "Who may correct", "retry": "Who may retry and sync"}
Pairs = Sequence[tuple[str, str]]
Doubts = Sequence[tuple[Dimension, Doubt]]


def token(metadata: str, before: Mapping[str, str], error: str = "", action: str = "typed") -> Json:
    """`action` differs from the one before, so that refused secrets do not stay in their lines."""
    blocks: list[sb.Block] = [alert(error, "error")] if error else []
    blocks += [
        typed(
            "token",
            "API token",
            hint="Spend Center > Settings > API tokens. It is tried first, then kept encrypted.",
            optional=True,
            most=3000,
            action=action,
        ),
        context("Or, with a BILL app of your own, its client ID and secret:", "or"),
        typed("client_id", "Client ID", initial=before.get("client_id", ""), optional=True),
        typed("client_secret", "Client secret", optional=True, most=1000, action=action),
        context(
            "Cards of a bank, for which there is no token? Whoever runs this app can connect the bank's export file instead: "
            "`connections import`, with a *[csv]* section.",
            "file",
        ),
    ]
    return modal("Connect Spend Center", blocks, callback="walkthrough.token_form", submit="Check", metadata=metadata)


def fields(
    metadata: str,
    company: str,
    cards: int,
    known: Sequence[CustomField],
    proposed: Mapping[Dimension, Match],
    dimensions: Sequence[Dimension],
    error: str = "",
    names: Mapping[str, str] = MappingProxyType({}),
) -> Json:
    """A pick list for each dimension that Intacct has; what fits best is picked, with the reason beside it.

    The doubtful values of what is picked are asked below. `names`: as for `doubts`.
    """
    blocks: list[sb.Block] = [alert(error, "error")] if error else []
    blocks.append(section(f"Connected to *{esc(clip(company, 80))}*, {count(cards, 'card')}.", "connected"))
    lists = [one for one in known if one.values][:99]
    for dimension in dimensions:
        matched = proposed.get(dimension)
        options = [option(one.name, one.uuid) for one in lists]
        if not options:
            continue
        chosen = next((one for one in options if matched and one.value == matched.field_id), None)
        menu = sb.StaticSelectMenu(action_id="picked", options=options, initial_option=chosen)
        hint = matched.sentence if matched else "No field fits; leave it empty unless you know better."
        label = f"Which field carries the {dimension.sentence}?"
        optional = dimension is not Dimension.GL_ACCOUNT
        blocks.append(labelled(f"field:{dimension.value}", label, menu, hint=hint, optional=optional))
    found = sum(one.found for one in proposed.values())
    total = sum(one.total for one in proposed.values())
    if total:
        blocks.append(context(f"{found} of {total} values found in Intacct.", "found"))
    asked = [(dimension, doubt) for dimension, one in proposed.items() for doubt in one.doubts]
    if asked:
        blocks += _doubts(asked, names)
    return modal("Fields", blocks, callback="walkthrough.fields_form", submit="Continue", metadata=metadata)


def doubts(metadata: str, asked: Doubts, names: Mapping[str, str]) -> Json:
    """Doubtful values that the form before had no room for, or of a field that was not proposed.

    `names`: `<dimension>:<ID>` to a name.
    """
    blocks = _doubts(asked, names)
    return modal("Doubtful values", blocks, callback="walkthrough.doubts_form", submit="Continue", metadata=metadata)


def _doubts(asked: Doubts, names: Mapping[str, str]) -> list[sb.Block]:
    """Left empty, a transaction with one of these waits and asks; nothing is guessed. What has an answer comes last."""
    blocks: list[sb.Block] = [
        section(
            "These values are not in Intacct, or not under that name. Pick what they mean, or leave them: a transaction "
            "with one of them waits and asks.",
            "why",
        )
    ]
    for dimension, doubt in sorted(asked, key=lambda one: (bool(one[1].kept), not one[1].refused))[:DOUBTS]:
        maybe = names.get(f"{dimension.value}:{doubt.maybe}", "")
        hint = f"Intacct calls {doubt.maybe} “{clip(maybe, 80)}”." if doubt.maybe else ""
        hint = f"Intacct does not take {doubt.kept} any more. Pick what took its place." if doubt.refused else hint
        known = f"{doubt.kept} {names.get(f'{dimension.value}:{doubt.kept}', '')}".strip()
        menu = sb.ExternalSelectMenu(
            action_id="walkthrough.pick_value",
            min_query_length=0,
            initial_option=option(known, doubt.kept) if doubt.kept else None,
        )
        label = f"{dimension.sentence.capitalize()}: {clip(doubt.text, 80)}"
        blocks.append(labelled(doubt_block(dimension, doubt.value_id), label, menu, hint=hint, optional=True))
    if more := len(asked[DOUBTS:]):
        blocks.append(
            context(f"{count(more, 'more value')} on the next page; what you leave out stays as it is.", "more")
        )
    return blocks


def doubt_block(dimension: Dimension, value_id: str) -> str:
    return f"value:{dimension.value}:{value_id}"


def choices(
    metadata: str,
    *,
    before: Mapping[str, str],
    many: Mapping[str, Sequence[str]] = MappingProxyType({}),
    selected: Pairs = (),
    whole: str = "",
    error: str = "",
    warn_public: bool = False,
    taken: str = "",
) -> Json:
    """Start, which transactions, channel, time, receipts, and who may do what.

    Args:
        metadata: the set-up's id.
        before: values by block id: start, channel, time, zone, receipts.
        many: what is picked where several may be: `correct` and `retry` people, `wait` for approval.
        selected: (text, value) of what is picked; nothing means all.
        whole: the Spend Center company's name.
        error: what was refused.
        warn_public: the channel is public, and that has to be confirmed.
        taken: what another connection lent, in words.
    """
    blocks: list[sb.Block] = [alert(error, "error")] if error else []
    if taken:
        blocks.append(section(esc(clip(taken, 600)), "taken"))
    blocks += [_start(before.get("start", "")), _selector(selected, whole), _channel(before.get("channel", ""))]
    if warn_public:
        blocks.append(_public())
    blocks += [
        labelled(
            "time",
            "Daily at",
            sb.TimePicker(action_id="picked", initial_time=clock_time(before.get("time", "")) or "07:00"),
        ),
        typed("zone", "Time zone", initial=before.get("zone", ""), placeholder="America/Los_Angeles", most=60),
        typed(
            "receipts",
            "Hold above this amount until a receipt is there",
            initial=before.get("receipts", ""),
            hint="Leave it empty to post without waiting. Receipts are attached whenever they come.",
            optional=True,
            most=12,
        ),
        _approval(waits=bool(many.get("wait"))),
    ]
    blocks += [_people(key, label, many.get(key, ())) for key, label in RIGHTS.items()]
    return modal("Choices", blocks, callback="walkthrough.choices_form", submit="Save", metadata=metadata)


def _start(before: str) -> sb.Block:
    hint = (
        "Nothing dated before this day is ever posted. Proposed is the first day of last month, as a rule the oldest that "
        "is still open. If card spend was entered by hand, start on the day after the last of it."
    )
    day = sb.DatePicker(action_id="picked", initial_date=before or None)
    return labelled("start", "Start date", day, hint=hint)


def _selector(selected: Pairs, whole: str) -> sb.Block:
    menu = sb.ExternalMultiSelectMenu(
        action_id="walkthrough.pick_selector",
        min_query_length=0,
        initial_options=[option(text, value) for text, value in selected] or None,
    )
    hint = f"Budgets, cards or values. Leave it empty for all of {clip(whole, 80)}."
    return labelled("selector", "Which transactions", menu, hint=hint, optional=True)


def _channel(before: str) -> sb.Block:
    menu = sb.ConversationSelectMenu(
        action_id="picked",
        initial_conversation=before or None,
        filter=sb.ConversationFilter(include=["private", "public"], exclude_external_shared_channels=True),
    )
    hint = "Where failures go. Channels shared with other companies are not offered."
    return labelled("channel", "Finance channel", menu, hint=hint)


def _public() -> sb.Block:
    sure = option("Everyone in the company can read merchants, names and amounts here. That is fine.", "yes")
    box = sb.CheckboxGroup(action_id="picked", options=[sure])
    return labelled("public", "This channel is public", box, optional=True)


def _approval(*, waits: bool) -> sb.Block:
    only = option("Post a transaction only once its reviewer approved it in Spend Center", "yes")
    box = sb.CheckboxGroup(action_id="picked", options=[only], initial_options=[only] if waits else None)
    return labelled("wait", "Approval", box, optional=True)


def _people(key: str, label: str, chosen: Sequence[str]) -> sb.Block:
    menu = sb.UserMultiSelectMenu(action_id="picked", initial_users=list(chosen) or None)
    hint = "Nobody picked: the members of the finance channel who are not guests."
    return labelled(key, label, menu, hint=hint, optional=True)


def rows(preview: Preview) -> Json:
    """What would not post: each cause with its sum, under it its transactions, largest amount first."""
    blocks: list[sb.Block] = []
    left = ROWS
    for number, cause in enumerate(preview.would_not[:CAUSES]):
        key = (cause.verdict.category, cause.verdict.subject)
        found = [row for row in preview.rows if row.verdict and (row.verdict.category, row.verdict.subject) == key]
        found.sort(key=lambda row: -abs(row.amount))
        total = money(Decimal(cause.total), preview.currency, preview.currency)
        blocks.append(section(f"*{esc(clip(cause.words.header, 200))}* · {total}", f"cause{number}"))
        lines = [
            f"{day(row.date)} · {esc(clip(row.merchant, 40))} · {money(row.amount, row.currency, preview.currency)}"
            for row in found[:left]
        ]
        left -= len(lines)
        blocks += [section("\n".join(lines[at : at + 10]), f"rows{number}.{at}") for at in range(0, len(lines), 10)]
        if len(found) > len(lines):
            blocks.append(context(f"{count(len(found) - len(lines), 'smaller one')} not shown.", f"rest{number}"))
    if more := len(preview.would_not[CAUSES:]):
        blocks.append(context(f"And {count(more, 'more cause')}.", "causes"))
    if preview.skipped:
        said = " · ".join(f"{esc(reason)} {number:,}" for reason, number in preview.skipped.items())
        blocks.append(context(f"Not counted: {said}", "skipped"))
    return modal("Preview", blocks or [section("Everything would post.", "all")], close="Close")
