"""Names with characters that XML 1.0 forbids, which people paste in and the gateway answers with.

Source: the list of cases ("one forbidden character in a name of Intacct's answer"); which characters, section "Characters
out" of the sheet on the XML API. How the real gateway writes them is not published, so both ways come: those below U+0010
as they are, the others as a numeric reference.
"""

from __future__ import annotations

_FORBIDDEN = [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20)]
_CARRIER = 0xF780
"""Where they lie in a document until it is bytes: in the private use area, since lxml refuses them."""

_THERE = {number: chr(_CARRIER + number) for number in _FORBIDDEN}
_BACK = {
    chr(_CARRIER + number).encode(): bytes([number]) if number < 0x10 else b"&#x%x;" % number for number in _FORBIDDEN
}


def carried(text: str) -> str:
    return text.translate(_THERE)


def with_forbidden(document: bytes) -> bytes:
    if chr(_CARRIER).encode()[:2] in document:
        for carrier, written in _BACK.items():
            document = document.replace(carrier, written)
    return document
