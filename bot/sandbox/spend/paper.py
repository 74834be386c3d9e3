"""Receipts as real files: a PNG, a JPEG and a PDF, each small, valid, and different for each receipt."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 96, 160


def receipt_file(filename: str, text: str) -> tuple[bytes, str]:
    """The bytes of a receipt and its content type, by the ending of `filename`; `text` stands inside the file."""
    kind = filename.rpartition(".")[2].lower()
    if kind == "pdf":
        return _pdf(text), "application/pdf"
    return (_png(text), "image/png") if kind == "png" else (_jpeg(text), "image/jpeg")


def is_picture(content: bytes) -> bool:
    """Whether these bytes begin like a PNG or a JPEG, the only kinds that an upload takes."""
    return content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))


def _png(text: str) -> bytes:
    """A white slip with a grey line wherever a bit of the text's checksum is set."""
    bits = zlib.crc32(text.encode())
    lines = [
        b"\0" + bytes([0xBB if y % 5 == 2 and bits >> (y // 5) & 1 and 8 < x < 88 else 0xFF for x in range(WIDTH)])
        for y in range(HEIGHT)
    ]
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"tEXt", b"Comment\0" + text.encode("latin-1", "replace")),
        (b"IDAT", zlib.compress(b"".join(lines))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _jpeg(text: str) -> bytes:
    """A grey slip: baseline, one component, tables of one code each, so every 8 x 8 block is the two bits 00."""

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    blocks = (WIDTH // 8) * (HEIGHT // 8)
    one_code = bytes([1] + [0] * 15 + [0])
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            segment(0xFE, text.encode("utf-8")[:500]),
            segment(0xDB, bytes([0] + [1] * 64)),
            segment(0xC0, struct.pack(">BHHBBBB", 8, HEIGHT, WIDTH, 1, 1, 0x11, 0)),
            segment(0xC4, b"\x00" + one_code),
            segment(0xC4, b"\x10" + one_code),
            segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            bytes(blocks * 2 // 8),
            b"\xff\xd9",
        ],
    )


def _pdf(text: str) -> bytes:
    """One page that says the text."""
    safe = text.encode("ascii", "replace").decode().replace("\\", "/").replace("(", "[").replace(")", "]")
    stream = f"BT /F1 9 Tf 12 120 Td ({safe}) Tj ET"
    fonts = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 220 140] /Contents 4 0 R /Resources {fonts} >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return (body + trailer + f"startxref\n{len(body)}\n%%EOF\n").encode("ascii")
