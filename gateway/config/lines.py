"""Which line of a TOML file holds what: tomllib reads the values, this finds the places.

A path is a tuple of keys and indices as the values are reached: ``("extension", "101", "port")``,
``("outgoing", 0, "prefix")``, ``("group", "600", "members", 2)``. The scanner knows just enough of TOML 1.0
to tell keys from values; it never raises, also not on text that is no TOML at all.
"""

import tomllib
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
TRIPLES = ('"""', "'''")


@dataclass(slots=True)
class LineIndex:
    """Lines (1-based) by path, and what was written twice: (path, first line, second line)."""

    lines: dict[Path, int] = field(default_factory=dict)
    twice: list[tuple[Path, int, int]] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Line of `path`, or of the nearest thing around it; 0 when not even that is known."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def index_lines(text: str) -> LineIndex:
    """Find every table, key and array element of a TOML text."""
    scanner = _Scanner(text)
    while not scanner.at_end():
        scanner.statement()
    return scanner.index


class _Scanner:
    """Walks over the text once; `_at` is the position, `_table` the path of the table we are in."""

    def __init__(self, text: str) -> None:
        self.index = LineIndex()
        self._text = text
        self._at = 0
        self._line = 1
        self._table: Path = ()
        self._counts: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}

    def at_end(self) -> bool:
        return self._at >= len(self._text)

    def statement(self) -> None:
        """One table head, key with its value, comment or blank."""
        self._skip_space()
        if self.at_end():
            return
        if self._text.startswith("[[", self._at):
            self._array_of_tables()
        elif self._peek() == "[":
            self._table_head()
        elif self._peek() in BARE or self._peek() in "\"'":
            self._assignment()
        self._skip_line()

    # ---- the three statements
    def _table_head(self) -> None:
        self._advance(1)
        line = self._line
        path = self._resolve(self._key())
        if path in self._tables:
            self.index.twice.append((path, self._tables[path], line))
            # What stands below is the second one's own and repeats nothing.
            path = (*path, len(self.index.twice))
        self._tables.setdefault(path, line)
        self._remember(path, line)
        self._table = path

    def _array_of_tables(self) -> None:
        self._advance(2)
        line = self._line
        keys = self._key()
        if not keys:
            return
        path = (*self._resolve(keys[:-1]), keys[-1])
        number = self._counts.get(path, 0)
        self._counts[path] = number + 1
        self._remember(path, line)
        self._table = (*path, number)
        self._remember(self._table, line)

    def _assignment(self) -> None:
        line = self._line
        path = (*self._table, *self._key())
        if path in self.index.lines and path not in self._tables:
            self.index.twice.append((path, self.index.lines[path], line))
        self._remember(path, line)
        self._skip_space()
        if not self.at_end() and self._peek() == "=":
            self._advance(1)
            self._value(path)

    def _resolve(self, keys: Path) -> Path:
        """Put the number of the latest element after each name of an array of tables."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _remember(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.index.lines.setdefault(path[:length], line)

    # ---- keys and values
    def _key(self) -> Path:
        """A dotted key; ends before ``=``, ``]`` or whatever else is no key."""
        parts: list[str | int] = []
        while not self.at_end():
            self._skip_space(newlines=False)
            start = self._at
            if not self.at_end() and self._peek() in "\"'":
                self._string()
                parts.append(_unquoted(self._text[start : self._at]))
            else:
                while not self.at_end() and self._peek() in BARE:
                    self._advance(1)
                parts.append(self._text[start : self._at])
            self._skip_space(newlines=False)
            if self.at_end() or self._peek() != ".":
                break
            self._advance(1)
        return tuple(parts)

    def _value(self, path: Path) -> None:
        """Pass over a value to the end of its line (or lines); note where each element of an array is."""
        brackets: list[str] = []
        element = 0
        fresh = False
        while not self.at_end():
            symbol = self._peek()
            if symbol == "\n" and not brackets:
                return
            if fresh and symbol not in " \t\r\n,]#":
                self._remember((*path, element), self._line)
                fresh = False
            if symbol == "#":
                self._skip_comment()
            elif symbol in "\"'":
                self._string()
            else:
                if symbol in "[{":
                    fresh = not brackets and symbol == "["
                    brackets.append(symbol)
                elif symbol in "]}" and brackets:
                    brackets.pop()
                elif symbol == "," and brackets == ["["]:
                    element, fresh = element + 1, True
                self._advance(1)

    def _string(self) -> None:
        """Pass over a string of any of the four kinds; an unended one ends with its line (or the text)."""
        quote = self._peek()
        triple = self._text[self._at : self._at + 3] in TRIPLES
        end = quote * 3 if triple else quote
        self._advance(len(end))
        while not self.at_end() and not self._text.startswith(end, self._at):
            if self._peek() == "\n" and not triple:
                return
            self._advance(2 if self._peek() == "\\" and quote == '"' else 1)
        self._advance(len(end))
        while triple and not self.at_end() and self._peek() == quote:
            self._advance(1)

    # ---- moving
    def _peek(self) -> str:
        return self._text[self._at]

    def _advance(self, count: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at = min(self._at + count, len(self._text))

    def _skip_space(self, *, newlines: bool = True) -> None:
        space = " \t\r\n" if newlines else " \t"
        while not self.at_end():
            if self._peek() in space:
                self._advance(1)
            elif newlines and self._peek() == "#":
                self._skip_comment()
            else:
                return

    def _skip_comment(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _skip_line(self) -> None:
        self._skip_comment()
        self._advance(1)


def _unquoted(token: str) -> str:
    try:
        return str(tomllib.loads(f"k = {token}")["k"])
    except (ValueError, RecursionError):
        return token.strip("\"'")
