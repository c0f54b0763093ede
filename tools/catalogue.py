#!/usr/bin/env python3
"""Compile gateway/locale/*/LC_MESSAGES/cityline.po to .mo (GNU gettext's format, its manual section 10.3).

The .mo files are in the repository, so that nothing needs to be built; a test compares them with their
sources. Only what our catalogues use is understood: msgid, msgstr, comments; anything else is an error
with file and line.
"""

import ast
import struct
import sys
from pathlib import Path

CATALOGUES = Path(__file__).parent.parent / "gateway" / "locale"
MAGIC = 0x950412DE
HEADER_BYTES = 28


def read_po(path: Path) -> dict[str, str]:
    """Texts and their translations; that of the empty text is the header. ValueError with file and line."""
    texts: dict[str, str] = {}
    parts: dict[str, str] = {}
    keyword = ""
    for number, line in enumerate([*path.read_text("utf-8").splitlines(), ""], start=1):
        word, _, rest = line.partition(" ")
        if line.startswith("#"):
            continue
        if not line:
            if parts:
                texts[parts["msgid"]] = parts["msgstr"]
            parts, keyword = {}, ""
        elif word in ("msgid", "msgstr") and word not in parts:
            keyword = word
            parts[word] = _string(path, number, rest)
        elif line.startswith('"') and keyword:
            parts[keyword] += _string(path, number, line)
        else:
            raise ValueError(f"{path}:{number}: cannot be understood: {line}")
    return texts


def _string(path: Path, number: int, quoted: str) -> str:
    try:
        value = ast.literal_eval(quoted)
    except (ValueError, SyntaxError):
        value = None
    if not isinstance(value, str):
        raise ValueError(f"{path}:{number}: expected a text in quotes: {quoted}")
    return value


def compile_mo(texts: dict[str, str]) -> bytes:
    """The binary form: sorted texts, a table of lengths and offsets for each side, no hash table."""
    pairs = sorted((key.encode(), value.encode()) for key, value in texts.items() if value)
    ids = b"".join(key + b"\0" for key, _ in pairs)
    values = b"".join(value + b"\0" for _, value in pairs)
    table_bytes = 8 * len(pairs)
    first = HEADER_BYTES + 2 * table_bytes
    header = struct.pack(
        "<7I",
        MAGIC,
        0,
        len(pairs),
        HEADER_BYTES,
        HEADER_BYTES + table_bytes,
        0,
        HEADER_BYTES + 2 * table_bytes,
    )
    return (
        header
        + _table([key for key, _ in pairs], first)
        + _table([value for _, value in pairs], first + len(ids))
        + ids
        + values
    )


def _table(texts: list[bytes], offset: int) -> bytes:
    table = b""
    for text in texts:
        table += struct.pack("<2I", len(text), offset)
        offset += len(text) + 1
    return table


def main() -> None:
    """Compile every catalogue."""
    for source in sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po")):
        source.with_suffix(".mo").write_bytes(compile_mo(read_po(source)))


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
