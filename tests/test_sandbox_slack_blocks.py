"""Which blocks and views the simulated Slack lets through, and what it says of the others."""

from __future__ import annotations

from typing import Any

import pytest
from slackblocks import (
    ActionsBlock,
    AxisConfig,
    BarChart,
    Button,
    ChartSegment,
    ContainerBlock,
    ContextBlock,
    DataPoint,
    DataSeries,
    DataTableBlock,
    DataVisualizationBlock,
    HeaderBlock,
    Message,
    Option,
    OverflowMenu,
    PieChart,
    PlainTextInput,
    RawNumber,
    RawText,
    SectionBlock,
    StaticSelectMenu,
    Text,
    TextType,
)
from slackblocks import InputBlock as Input

from bot.sandbox.slack.blocks import (
    MESSAGE_CHARACTERS,
    SURFACES,
    blocks_length,
    check_blocks,
    check_message,
    check_view,
)

Json = dict[str, Any]


def plain(text: str = "Text") -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str = "20", text: str = "20 Sales") -> Json:
    return {"text": plain(text), "value": value}


def section(**more: Any) -> Json:
    return {"type": "section", "text": plain(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(), **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "options": [option()], **more}


def field(**element: Any) -> Json:
    return {"type": "input", "label": plain(), "element": {"type": "plain_text_input", **element}}


def table(rows: int = 1, columns: int = 1, **more: Any) -> Json:
    cells = [{"type": "raw_text", "text": "x"}] * columns
    return {"type": "data_table", "caption": "Rows", "rows": [cells] * (rows + 1), **more}


def pie(value: float = 1, **more: Any) -> Json:
    return {
        "type": "data_visualization",
        "title": "Posted",
        "chart": {"type": "pie", "segments": [{"label": "a", "value": value}]},
        **more,
    }


FAULTY: list[tuple[str, Json, str]] = [
    ("section without text", {"type": "section"}, "must have at least one of: text, fields [json-pointer:/blocks/0]"),
    (
        "section text",
        section(text=plain("x" * 3001)),
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "section text empty",
        section(text=plain("")),
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    ("fields", section(fields=[plain()] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    (
        "field",
        section(fields=[plain("x" * 2001)]),
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    ("header", {"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters"),
    ("header in mrkdwn", {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "unsupported type: mrkdwn"),
    ("context elements", {"type": "context", "elements": [plain()] * 11}, "no more than 10 items allowed"),
    ("button in context", {"type": "context", "elements": [button()]}, "unsupported type: button"),
    ("actions elements", actions(*[button()] * 26), "no more than 25 items allowed"),
    ("actions empty", actions(), "no fewer than 1 items allowed"),
    ("text input in actions", actions({"type": "plain_text_input"}), "unsupported type: plain_text_input"),
    ("multi select in actions", actions({"type": "multi_users_select"}), "unsupported type: multi_users_select"),
    ("same action_id", actions(button(action_id="a"), button(action_id="a")), "action_id already exists: a"),
    ("button text", actions(button(text=plain("x" * 76))), "must be less than 76 characters"),
    ("button in mrkdwn", actions(button(text={"type": "mrkdwn", "text": "x"})), "unsupported type: mrkdwn"),
    ("button value", actions(button(value="x" * 2001)), "must be less than 2001 characters"),
    ("button style", actions(button(style="green")), "must be one of: primary, danger"),
    ("button label", actions(button(accessibility_label="x" * 76)), "must be less than 76 characters"),
    ("button url", actions(button(url="not a link")), "must be a valid URL"),
    (
        "confirm without deny",
        actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()})),
        "missing required field: deny",
    ),
    (
        "confirm words",
        actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain("x" * 31), "deny": plain()})),
        "must be less than 31 characters",
    ),
    (
        "unknown key",
        actions(button(colour="red")),
        "invalid additional property: colour [json-pointer:/blocks/0/elements/0]",
    ),
    ("menu options", actions(select(options=[option(str(n)) for n in range(101)])), "no more than 100 items allowed"),
    ("menu without options", actions({"type": "static_select"}), "must have exactly one of: options, option_groups"),
    ("initial option", actions(select(initial_option=option("99"))), "initial_option must be among the options"),
    ("option text", actions(select(options=[option(text="x" * 76)])), "must be less than 76 characters"),
    ("option value", actions(select(options=[option("x" * 151)])), "must be less than 151 characters"),
    (
        "option in mrkdwn",
        actions(select(options=[{"text": {"type": "mrkdwn", "text": "x"}, "value": "1"}])),
        "unsupported type",
    ),
    ("placeholder", actions(select(placeholder=plain("x" * 151))), "must be less than 151 characters"),
    ("overflow", actions({"type": "overflow", "options": [option(str(n)) for n in range(6)]}), "no more than 5 items"),
    (
        "radio",
        actions({"type": "radio_buttons", "options": [option(str(n)) for n in range(11)]}),
        "no more than 10 items",
    ),
    ("boxes", actions({"type": "checkboxes", "options": [option(str(n)) for n in range(11)]}), "no more than 10 items"),
    ("max_length", field(max_length=3001), "must be between 1 and 3000"),
    ("lengths", field(min_length=5, max_length=4), "min_length must not be greater than max_length"),
    ("label", field() | {"label": plain("x" * 2001)}, "must be less than 2001 characters"),
    ("button as input", field() | {"element": button()}, "unsupported type: button"),
    (
        "image without words",
        {"type": "image", "image_url": "https://a.example/b.png"},
        "missing required field: alt_text",
    ),
    ("block_id", section(block_id="x" * 256), "must be less than 256 characters"),
    ("alert in a message", {"type": "alert", "text": plain()}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
    ("what is not simulated", {"type": "carousel", "elements": []}, "unsupported type: carousel"),
    ("no type", {"text": plain()}, "missing required field: type"),
    ("markdown", {"type": "markdown", "text": "x" * 12001}, "must be less than 12001 characters"),
    ("table rows", table(101), "no more than 101 items allowed"),
    ("table columns", table(1, 21), "no more than 20 items allowed"),
    ("table without rows", table(0), "no fewer than 2 items allowed"),
    ("table page", table(page_size=101), "must be between 1 and 100"),
    ("table header column", table(row_header_column_index=1), "must be a column of the table"),
    (
        "table text",
        table(7, 1) | {"rows": [[{"type": "raw_text", "text": "x" * 5001}]] * 4},
        "the table's text is too long",
    ),
    (
        "uneven table",
        table() | {"rows": [[{"type": "raw_text", "text": "x"}] * n for n in (1, 2)]},
        "same number of columns",
    ),
    ("chart title", pie(title="x" * 51), "must be less than 51 characters"),
    ("empty slice", pie(0), "must be greater than 0"),
    (
        "collapsed",
        {"type": "container", "title": plain(), "child_blocks": [section()], "default_collapsed": True},
        "needs is_collapsible",
    ),
]


@pytest.mark.parametrize(("block", "expected"), [case[1:] for case in FAULTY], ids=[case[0] for case in FAULTY])
def test_a_faulty_block_is_refused_with_its_place(block: Json, expected: str) -> None:
    lines = [problem.line for problem in check_blocks([block], "message")]
    assert lines
    for line in lines:
        assert expected in line
        assert "[json-pointer:/blocks/0" in line


@pytest.mark.parametrize(
    ("block", "surface"),
    [
        (section(text=plain("x" * 3000)), "message"),
        ({"type": "header", "text": plain("🧾" * 150)}, "message"),
        (
            actions(button(text=plain("x" * 75), value="x" * 2000, style="danger"), select(initial_option=option())),
            "home",
        ),
        (field(max_length=3000), "modal"),
        ({"type": "alert", "level": "error", "text": plain("x" * 200)}, "modal"),
        (table(100, 20), "message"),
        (pie(), "home"),
        (section(accessory={"type": "multi_static_select", "options": [option()]}), "modal"),
        ({"type": "markdown", "text": "**x**"}, "message"),
    ],
)
def test_a_block_at_its_limit_passes(block: Json, surface: str) -> None:
    assert check_blocks([block], surface) == []


@pytest.mark.parametrize(
    ("kind", "surfaces"),
    [
        ("alert", {"modal"}),
        ("data_table", {"message", "home"}),
        ("data_visualization", {"message", "home"}),
        ("table", {"message", "home"}),
        ("container", {"message", "home"}),
        ("markdown", {"message"}),
        ("input", {"message", "modal", "home"}),
    ],
)
def test_a_block_goes_only_where_slack_shows_it(kind: str, surfaces: set[str]) -> None:
    assert {surface for surface, kinds in SURFACES.items() if kind in kinds} == surfaces


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        (
            [section(block_id="a"), section(block_id="a")],
            "block_id already exists: a [json-pointer:/blocks/1/block_id]",
        ),
        ([pie()] * 3, "no more than 2 data_visualization allowed in a message"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2, "no more than 1 table allowed"),
        ([{"type": "markdown", "text": "x" * 6001}] * 2, "markdown blocks are too long together"),
    ],
)
def test_blocks_are_judged_together(blocks: list[Json], expected: str) -> None:
    assert expected in check_blocks(blocks, "message")[0].line


def test_a_container_shares_the_ids_of_its_message() -> None:
    inside = {"type": "container", "title": plain(), "child_blocks": [section(block_id="a")]}
    problem = check_blocks([section(block_id="a"), inside], "message")[0]
    assert problem.pointer == "/blocks/1/child_blocks/0/block_id"
    nested = {"type": "container", "title": plain(), "child_blocks": [inside]}
    assert check_blocks([nested], "message")[0].pointer == "/blocks/0/child_blocks/0/type"


def test_the_length_of_a_message_counts_characters_and_not_bytes() -> None:
    assert blocks_length([section(text=plain("é"))]) == blocks_length([section(text=plain("e"))])
    assert blocks_length([section(text=plain("x" * 3000))] * 5) > MESSAGE_CHARACTERS


def test_a_message_needs_something_to_show() -> None:
    assert check_message({})[0].message == "no_text"
    assert check_message({"text": "x"}) == []
    assert check_message({"text": "x", "blocks": [{"type": "alert", "text": plain()}]})[0].pointer == "/blocks/0/type"


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Credentials"), "blocks": list(blocks), **more}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (modal(close={"type": "mrkdwn", "text": "x"}), "unsupported type: mrkdwn"),
        (modal(field()), "missing required field: submit [json-pointer:/view]"),
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters"),
        (modal(callback_id="x" * 256), "must be less than 256 characters"),
        (modal(*[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(table()), "unsupported type: data_table [json-pointer:/view/blocks/0/type]"),
        (modal(*[field(focus_on_load=True)] * 2, submit=plain()), "only one element can have focus_on_load"),
        ({"type": "home", "blocks": [], "submit": plain()}, "invalid additional property: submit"),
        ({"type": "dialog", "blocks": []}, "unsupported type: dialog"),
        ("view", "must provide a object"),
    ],
)
def test_a_faulty_view_is_refused_with_its_place(view: Any, expected: str) -> None:
    assert expected in check_view(view)[0].line


def test_what_slackblocks_builds_passes() -> None:
    options = [Option(Text(f"{n} Place", TextType.PLAINTEXT), str(n)) for n in range(100)]
    chart = BarChart([DataSeries("Posted", [DataPoint("Oct", 58)])], AxisConfig(["Oct"]))
    blocks = [
        HeaderBlock("37 transactions need a department"),
        SectionBlock(Text("$8,214.60 · 100 Portland"), accessory=StaticSelectMenu("menu", options=options)),
        ContextBlock([Text("_For accountants_")]),
        ActionsBlock([Button("Retry 37", action_id="retry", style="primary"), OverflowMenu("more", options[:5])]),
        DataTableBlock(
            [[RawText("date"), RawText("amount")], [RawText("31 Oct"), RawNumber(612.4, "$612.40")]], "Rows"
        ),
        DataVisualizationBlock("Posted", chart),
        DataVisualizationBlock("Share", PieChart([ChartSegment("Posted", 58)])),
        ContainerBlock([SectionBlock(Text("Inside"))], title="Details", is_collapsible=True),
        Input(label="Note", element=PlainTextInput("note", multiline=True)),
    ]
    payload = Message(channel="C0FINANCE", text="37 transactions need a department", blocks=blocks).to_dict()
    assert check_message(payload) == []
