"""The request around the calls: control block, sign-in, functions. Pure; text in, bytes out.

Element order is the published schema's. A function is rendered once and kept as text, so that the very same bytes can
be stored with an attempt and sent again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TypeAlias

from lxml import etree

from bot.intacct.text import clean
from bot.models import Secret

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml gives its element type no public name

_CONTROL_ID = re.compile(r"[A-Za-z0-9._:-]{1,256}")
_CARD = re.compile(r"<chargecardid>([^<]{1,200})</chargecardid>")
_FUNCTION = re.compile(r'<function controlid="([A-Za-z0-9._:-]{1,256})"><(\w+)')


def add(parent: Element, tag: str, text: str) -> Element:
    """A child with cleaned text; an empty text makes an empty element."""
    child = etree.SubElement(parent, tag)
    if text:
        child.text = clean(text)
    return child


def add_if(parent: Element, tag: str, text: str) -> None:
    """A child if there is something to say; an absent element leaves Intacct's own default."""
    if text:
        add(parent, tag, text)


def render(element: Element) -> str:
    return etree.tostring(element, encoding="unicode")


def render_function(controlid: str, call: Element) -> str:
    """One `<function>` with its idempotency key: 1 to 256 letters, digits or `._:-`.

    Raises:
        ValueError: the control ID has another shape.
    """
    if not _CONTROL_ID.fullmatch(controlid):
        raise ValueError("A control ID has 1 to 256 letters, digits, dots, colons, dashes or underscores.")
    function = etree.Element("function", controlid=controlid)
    function.append(call)
    return render(function)


def function_parts(function: str) -> tuple[str, str]:
    """(control ID, name of the call) of a rendered function.

    Raises:
        ValueError: this is no function of ours.
    """
    found = _FUNCTION.match(function)
    if not found or not function.endswith("</function>"):
        raise ValueError("Not a rendered function.")
    return found.group(1), found.group(2)


def sent_card(function: str) -> str:
    """The card that a rendered card transaction is posted to; empty where it names none."""
    found = _CARD.search(function)
    return html.unescape(found[1]) if found else ""


def render_login(company_id: str, user_id: str, password: Secret, entity_id: str) -> str:
    """Sign-in by user; without an entity the element is left out, which means the top level."""
    authentication = etree.Element("authentication")
    login = etree.SubElement(authentication, "login")
    add(login, "userid", user_id)
    add(login, "companyid", company_id)
    add(login, "password", password.reveal())
    add_if(login, "locationid", entity_id)
    return render(authentication)


def render_session(session_id: Secret) -> str:
    authentication = etree.Element("authentication")
    add(authentication, "sessionid", session_id.reveal())
    return render(authentication)


def render_request(
    *,
    sender_id: str,
    sender_password: Secret,
    request_id: str,
    unique: bool,
    authentication: str,
    functions: Sequence[str],
) -> bytes:
    """The whole document. `unique` makes Intacct refuse a function whose control ID was already executed.

    Every function stands alone (`transaction="false"`): one that fails leaves the others untouched.
    """
    control = etree.Element("control")
    add(control, "senderid", sender_id)
    add(control, "password", sender_password.reveal())
    add(control, "controlid", request_id)
    add(control, "uniqueid", "true" if unique else "false")
    add(control, "dtdversion", "3.0")
    add(control, "includewhitespace", "false")
    add(control, "showadditionalerrorinfo", "true")
    return "".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?><request>',
            render(control),
            '<operation transaction="false">',
            authentication,
            "<content>",
            *functions,
            "</content></operation></request>",
        )
    ).encode()
