"""What pydantic found, in words for the administrator: what is wrong, and the nearest right thing."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gateway.config.lines import Path

KINDS: Mapping[type, str] = {str: "text", bool: "true/false", int: "a whole number", float: "a number"}
KINDS_MORE: Mapping[type, str] = {list: "a list", dict: "a table", NoneType: "nothing"}

WANTED = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": 'must be a list such as ["101", "102"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
}

PATTERNS = {
    "prefix": "must be 1 to 20 digits",
    "number": "must be digits, with + before them or without",
    "realm": 'must be 1 to 64 characters without " and \\',
}


def nearest(wrong: str, right: Iterable[str]) -> str:
    """``did you mean "name"?``, or nothing when no word is near."""
    near = difflib.get_close_matches(wrong, list(right), n=1, cutoff=0.6)
    return f'did you mean "{shown(near[0])}"?' if near else ""


TABLES = frozenset({"times", "sip", "rings", "rtp", "recorder", "relay"})
"""Tables of which a file has one."""


def subject(path: Path) -> str:
    """What a path is about, as people say it: ``extension "101"``, ``outgoing rule 2``, ``[sip]``."""
    match path:
        case ("outgoing", int(number), *_):
            return f"outgoing rule {number + 1}"
        case (str(section), str(key), *_) if section not in TABLES:
            return f'{shown(section)} "{shown(key)}"'
        case (str(section), _, *_):
            return f"[{section}]"
        case _:
            return ""


def without_echoes(broken: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The errors less the "missing" ones that a misspelt field beside them explains."""
    strange: dict[Path, list[str]] = {}
    for details in broken:
        if details["type"] == "extra_forbidden":
            strange.setdefault(details["loc"][:-1], []).append(str(details["loc"][-1]))
    return [
        details
        for details in broken
        if details["type"] != "missing"
        or not nearest(str(details["loc"][-1]), strange.get(details["loc"][:-1], ()))
    ]


def explain(details: ErrorDetails, path: Path, model: type[BaseModel] | None) -> tuple[str, str]:
    """What is wrong, and the remedy (or nothing), for one error of pydantic's.

    `path` is where the error is; `model` is the table around it, where it has known fields.
    """
    name = str(path[-1]) if path else ""
    limits = details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            return _unknown(name, model)
        case "missing":
            return f'the field "{name}" is missing', f"add a line: {name} = ..."
        case "literal_error":
            return _not_one_of(named(path), details["input"], str(limits.get("expected", "")))
        case "greater_than_equal":
            return f"{named(path)} is {details['input']}, but must be at least {limits['ge']}", ""
        case "less_than_equal":
            return f"{named(path)} is {details['input']}, but must be at most {limits['le']}", ""
        case "string_too_short" | "string_too_long":
            return _length(path, details["input"], limits)
        case "too_short":
            return f"{named(path)} is empty", f"it needs at least {limits['min_length']}"
        case "string_pattern_mismatch":
            wanted = PATTERNS.get(name, "has a wrong form")
            return f'{named(path)} {wanted}, not "{shown(details["input"])}"', ""
        case "finite_number":
            return f"{named(path)} must be a finite number", ""
        case kind if kind in WANTED:
            return _wrong_kind(path, WANTED[kind], details["input"])
        case _:
            return f"{named(path)}: {details['msg']}", ""


def shown(value: object) -> str:
    """A value of the file on one line, cut short where it is long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= 40 else text[:37] + "..."


def field_names(model: type[BaseModel]) -> list[str]:
    """The fields of a table, in the order of the schema."""
    return list(model.model_fields)


def models_at(path: Path, model: type[BaseModel]) -> type[BaseModel] | None:
    """The model of the table at `path` below `model`; None where no table with known fields is."""
    found: type[BaseModel] | None = model
    for step in path:
        if found is None or isinstance(step, int):
            continue
        if step not in found.model_fields:
            # The key of a dict: its values' model was found one step before.
            continue
        found = _entry_of(found.model_fields[step].annotation)
    return found


def _entry_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_entry_of(argument) for argument in get_args(annotation)]
    return next((model for model in inner if model is not None), None)


def named(path: Path) -> str:
    """``"ring_ms"``, or ``"members", entry 2`` for an element of a list."""
    match path:
        case (*_, str(name), int(number)):
            return f'"{shown(name)}", entry {number + 1},'
        case (*_, str(name)):
            return f'"{shown(name)}"'
        case _:
            return "this"


def _unknown(name: str, model: type[BaseModel] | None) -> tuple[str, str]:
    names = field_names(model) if model is not None else []
    hint = nearest(name, names)
    return f'unknown field "{shown(name)}"' + (f": {hint}" if hint else ""), f"fields: {', '.join(names)}"


def _not_one_of(named: str, value: object, expected: str) -> tuple[str, str]:
    choices = expected.replace("'", '"')
    words = [word for word in expected.replace("'", " ").replace(",", " ").split() if word != "or"]
    hint = nearest(value, words) if isinstance(value, str) else ""
    return f'{named} must be {choices}, not "{shown(value)}"', hint


def _length(path: Path, value: object, limits: Mapping[str, Any]) -> tuple[str, str]:
    count = len(str(value))
    if path[-1] == "secret":
        # Never repeat a secret in a message.
        return f'"secret" has {count} characters, but must have 12 to 128', "or leave it out: one is made"
    if count == 0:
        return f"{named(path)} is empty", ""
    if "min_length" in limits:
        return f"{named(path)} has {count} characters, but must have at least {limits['min_length']}", ""
    return f"{named(path)} has {count} characters, but must have at most {limits['max_length']}", ""


def _wrong_kind(path: Path, wanted: str, value: object) -> tuple[str, str]:
    kind = {**KINDS, **KINDS_MORE}.get(type(value), type(value).__name__)
    if isinstance(value, list | dict):
        return f"{named(path)} {wanted}, not {kind}", ""
    what = f"{named(path)} {wanted}, not {shown(value)} ({kind})"
    if wanted == WANTED["string_type"] and isinstance(value, int | float) and not isinstance(value, bool):
        return what, f'write "{shown(value)}"'
    if wanted == WANTED["int_type"] and isinstance(value, str) and value.isdecimal():
        return what, f"write {shown(value)}"
    return what, ""
