"""A secret that a far end repeats is blanked however it is written there; a repeated request is not kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from bot.hints.text import plain
from bot.intacct.answers import readable
from bot.redaction import ECHO, redact
from bot.spend.errors import failure

SECRETS = ["p&ss<wo>rd\"'1", "a&amp;b<c>d&#38;", "zwei Wörter & 漢字😀", "user-pass-22", r"back\slash%41+&lt;x"]


def decimal(text: str) -> str:
    return "".join(f"&#{ord(one)};" for one in text)


def hexadecimal(text: str) -> str:
    return "".join(f"&#x{ord(one):04X};" for one in text)


WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "named entities": escape,
    "named entities, quotes as they are": lambda text: escape(text, quote=False),
    "escaped twice": lambda text: escape(escape(text)),
    "escaped four times": lambda text: escape(escape(escape(escape(text)))),
    "decimal": decimal,
    "hexadecimal": hexadecimal,
    "decimal, escaped": lambda text: escape(decimal(text)),
    "every other one decimal": lambda text: "".join(one if at % 2 else f"&#{ord(one)};" for at, one in enumerate(text)),
    "percent": lambda text: quote(text, safe=""),
    "percent, small": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "JSON, XML's own escaped": lambda text: (
        json.dumps(text)[1:-1].replace("&", "\\u0026").replace("<", "\\u003C").replace(">", "\\u003e")
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 behind a user": lambda text: base64.b64encode(b"Spendcenter:" + text.encode()).decode(),
    "base64 between others": lambda text: base64.urlsafe_b64encode(b"x:" + text.encode() + b":yz").decode(),
}


def traces(secret: str) -> list[str]:
    """What must not be left of it: its longest run of letters, and each half."""
    runs = "".join(one if one.isalnum() else " " for one in secret).split()
    return [run for run in runs if len(run) >= 4]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_blanked_in_every_encoding(way: str, secret: str) -> None:
    written = WAYS[way](secret)
    text = f"Sign-in of Spendcenter with {written} was refused. [Support ID: Ab1]"

    kept = readable(text, [secret])

    for shown in (kept, plain(kept), redact(text, [secret])):
        assert "…" in shown
        assert secret not in shown
        assert written not in shown
        assert not any(trace in shown for trace in traces(secret)), shown
    assert kept.startswith("Sign-in of Spendcenter with ")
    assert kept.endswith("was refused. [Support ID: Ab1]")


def test_a_secret_with_a_tag_in_it_is_blanked_when_the_tag_is_gone() -> None:
    assert readable("refused: use<b>r-pa</b>ss-22!", ["user-pass-22"]) == "refused: …!"
    assert readable("refused: pass1234!", ["pa<b>ss1234"]) == "refused: …!"


def test_half_a_secret_is_not_left_where_a_long_text_is_cut() -> None:
    for length in range(7_570, 7_620):
        kept = readable("x " * (length // 2) + "y" * (length % 2) + " user-pass-22 " + "z " * 3_000, ["user-pass-22"])
        assert "user-p" not in kept
    assert readable("&#" + "9" * 5_000 + ";", []) == ""


REQUEST = (
    '<?xml version="1.0"?><request><control><senderid>us</senderid><password>x1</password></control><operation>'
    "<authentication><login><userid>U</userid><companyid>C</companyid><password>abc</password></login></authentication>"
)


@pytest.mark.parametrize(
    "echo",
    [
        REQUEST,
        escape(REQUEST),
        escape(escape(REQUEST)),
        quote(REQUEST),
        hexadecimal(REQUEST[:400]),
        "Could not read <sessionid>AbC12</sessionid>",
        "You sent client_secret=abcdefgh&grant_type=x",
        'Headers: {"apiToken": "abcdefgh"}',
    ],
)
def test_a_text_that_repeats_our_request_is_not_kept(echo: str) -> None:
    assert readable(f"Refused: {echo}") == ECHO


def test_a_text_that_speaks_of_an_element_is_kept() -> None:
    said = "Element 'login': this element is not expected, see <userid>. The apiToken is missing: ask an administrator."
    assert readable(said) == said.replace("<userid>", "")


@pytest.mark.parametrize("way", WAYS)
def test_spend_centers_words_repeat_no_secret(way: str) -> None:
    secret = SECRETS[0]
    bodies = [
        json.dumps([{"code": "BDC_1109", "message": f"No token {WAYS[way](secret)} here"}]).encode(),
        json.dumps([{"code": "BDC_1109", "message": "x" * 280 + f" {WAYS[way](secret)}"}]).encode(),
        f"No token {WAYS[way](secret)} here".encode(),
    ]
    for body in bodies:
        told = str(failure(401, {}, body, [secret]))
        assert told.startswith("Spend Center refused the sign-in. It said: ")
        assert secret not in told
        assert "p&ss" not in told
        assert way.startswith("base64 b") or WAYS[way](secret)[:6] not in told
