"""One file that people write: read, parsed, its lines indexed, its problems collected."""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.config.lines import LineIndex, Path, index_lines
from gateway.config.wording import explain, models_at, named, subject, without_echoes
from gateway.errors import ConfigError, Problem

LARGEST_BYTES = 1_000_000
"""An office of a thousand extensions is a tenth of this; what is larger is no configuration."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Document:
    """A TOML file with what was found in it. `problems` grows while it is checked."""

    name: str
    values: dict[str, Any]
    index: LineIndex
    digest: str
    problems: list[Problem] = field(default_factory=list)
    _refused: set[Path] = field(default_factory=set)

    def complain(self, path: Path, what: str, remedy: str = "") -> None:
        """Note a problem at the line of `path`."""
        self.problems.append(self.problem(path, what, remedy))

    def problem(self, path: Path, what: str, remedy: str = "") -> Problem:
        """A problem at the line of `path`."""
        return Problem(self.name, self.index.line(path), subject(path), what, remedy)

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of the file as it was read, also when something in it is wrong; empty without one."""
        found = self.values.get(name)
        return found if isinstance(found, dict) else {}

    def check(self, model: type[Model]) -> Model | None:
        """The file as `model`; entries with problems are left out, so that the rest is checked as well.

        None when what is left is still no `model` (a required field of the whole file is missing).
        """
        values = self.values
        self._refuse_controls()
        try:
            return model.model_validate(values)
        except ValidationError as error:
            broken = error.errors(include_url=False)
        for details in without_echoes(broken):
            path = details["loc"]
            if path in self._refused:
                continue
            what, remedy = explain(details, path, models_at(path[:-1], model))
            self.complain(path, what, remedy)
        try:
            return model.model_validate(_without(values, {details["loc"][:2] for details in broken}))
        except ValidationError:
            return None

    def _refuse_controls(self) -> None:
        """No text may control a terminal, a log or a SIP header that it is put into one day."""
        for path, text in _texts((), self.values):
            found = next((letter for letter in text if _controls(letter)), None)
            if found is not None:
                self._refused.add(path)
                what = f"{named(path)} has a control character in it (U+{ord(found):04X})"
                self.complain(path, what, "write it without")


def _texts(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """Every text below ``path``, names of tables and fields too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if any(map(_controls, key)):
                yield (*path, key), key
            else:
                yield from _texts((*path, key), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts((*path, number), inner)


def _controls(letter: str) -> bool:
    """Control characters (C0, C1, DEL), line and paragraph separators, and those that turn text round."""
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp") or letter in TURNING


TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def _without(values: Mapping[str, Any], paths: set[Path]) -> dict[str, Any]:
    """A copy of the file's values less the entries (section and key, or a field at the top) at `paths`."""
    left = {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
    for path in paths:
        section = left.get(str(path[0]))
        if len(path) == 2 and isinstance(section, dict):
            section.pop(str(path[1]), None)
        elif len(path) == 2 and isinstance(section, list) and isinstance(path[1], int):
            sound = [entry for number, entry in enumerate(section) if (path[0], number) not in paths]
            left[str(path[0])] = sound
        else:
            left.pop(str(path[0]), None)
    return left


# ---------------------------------------------------------------- reading
def read_document(path: FilePath) -> Document:
    """Read and parse a file; `ConfigError` with its place when it is not there or not TOML."""
    name = str(path)
    raw = _read(path, name)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        remedy = "save it as UTF-8 (in the editor: encoding UTF-8)"
        raise ConfigError(Problem(name, line, "", "this is not UTF-8 text", remedy)) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    index = index_lines(text)
    return Document(name, _parse(text, name, index), index, hashlib.sha256(raw).hexdigest())


def _read(path: FilePath, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(Problem(name, 0, "", "the file is not there", "check the name")) from None
    except IsADirectoryError:
        raise ConfigError(Problem(name, 0, "", "this is a directory", "name the file in it")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(Problem(name, 0, "", f"the file cannot be read: {reason}")) from None
    if len(raw) > LARGEST_BYTES:
        what = f"the file has more than {LARGEST_BYTES} bytes"
        raise ConfigError(Problem(name, 0, "", what, "is it the right one?"))
    return raw


def _parse(text: str, name: str, index: LineIndex) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(Problem(name, 0, "", "brackets are nested too deeply")) from None
    except ValueError as error:
        twice = _twice(name, index)
        raise ConfigError(*(twice or [_syntax(text, name, str(error))])) from None


def _twice(name: str, index: LineIndex) -> list[Problem]:
    problems = []
    for path, first, second in index.twice:
        if len(path) == 2:
            what = f"is defined twice; the first is in line {first}"
            problems.append(Problem(name, second, subject(path), what, "remove one or rename it"))
        else:
            what = f'"{path[-1]}" is written twice; the first is in line {first}'
            problems.append(Problem(name, second, subject(path), what, "remove one"))
    return problems


PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

# What tomllib says, and what usually was meant.
HINTS = (
    ("Invalid value", 'text stands in "quotes"; lists in [ ]; true and false in small letters'),
    ("Expected '='", "a field is written: name = value"),
    ("Expected ']'", "a table's head is written: [extension.101]; names with blanks in quotes"),
    ("Unclosed array", "a ] is missing"),
    ("Unterminated string", "the closing quote is missing"),
    ("Illegal character", "the closing quote is missing on this line"),
    ("Expected newline", "one field a line; is a quote or a comma missing?"),
    ("Invalid statement", "a line begins with a name, a [ or a #"),
    ("Unescaped '\\'", "write \\\\ for a backslash"),
)


def _syntax(text: str, name: str, said: str) -> Problem:
    found = PLACE.search(said)
    line = int(found.group(1)) if found and found.group(1) else text.count("\n") + 1
    reason = PLACE.sub("", said)
    hint = next((remedy for start, remedy in HINTS if reason.startswith(start)), "")
    return Problem(name, line, "", f"this is not TOML: {reason[:1].lower()}{reason[1:120]}", hint)
