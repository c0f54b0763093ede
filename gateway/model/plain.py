"""The vocabulary as plain JSON values and back, by type: what the trace and the control socket are written
in.

A frozen dataclass becomes an object whose first key ``is`` names its class; tuples become arrays; enums
their values, flags their numbers. Reading back is driven by the annotations, so that what does not fit is
refused with the path to it and nothing foreign is ever instantiated.
"""

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from enum import Enum, Flag
from functools import cache
from typing import Any, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

TAG = "is"

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_Form = TypeVar("_Form")
_Reader = Callable[[object, str], Any]


class PlainError(ValueError):
    """A plain value does not have the form that was asked for; the text begins with the path to the place."""


def to_plain(value: object, *, tagged: bool = True) -> Plain:
    """Turn a value of the vocabulary into JSON's types; without ``tagged`` classes are not named (for
    people).
    """
    match value:
        case Flag():
            return int(value.value)
        case Enum():
            return cast("Plain", value.value)
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return [to_plain(item, tagged=tagged) for item in value]
        case Mapping():
            return {str(key): to_plain(item, tagged=tagged) for key, item in value.items()}
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"{type(value).__name__} has no plain form")
    plain: dict[str, Plain] = {TAG: type(value).__name__} if tagged else {}
    for field in _field_names(type(value)):
        plain[field] = to_plain(getattr(value, field), tagged=tagged)
    return plain


def from_plain(plain: object, form: Any) -> Any:
    """Read ``plain`` as ``form``: a dataclass, a union of them, a tuple, an enum, a simple type. Raises
    `PlainError`.
    """
    return _reader(form)(plain, "")


def with_defaults(plain: Plain, form: Any) -> Plain:
    """``plain`` with the fields that ``form`` has by now and an earlier version did not write, at their
    defaults; what does not fit stays as it is, for `from_plain` to refuse.
    """
    if isinstance(plain, list) and get_origin(form) is tuple:
        arguments = get_args(form)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return [with_defaults(value, arguments[0]) for value in plain]
    if not isinstance(plain, dict) or not isinstance(form, type) or not dataclasses.is_dataclass(form):
        return plain
    hints = get_type_hints(form)
    filled = {key: with_defaults(value, hints.get(key)) for key, value in plain.items()}
    for field in dataclasses.fields(form):
        if field.name in filled:
            continue
        if field.default is not dataclasses.MISSING:
            filled[field.name] = to_plain(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            filled[field.name] = to_plain(field.default_factory())
    return filled


@cache
def _field_names(form: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(form))


@cache
def _reader(form: Any) -> _Reader:
    if isinstance(form, NewType):
        return _reader(form.__supertype__)
    if form in _SIMPLE:
        return _SIMPLE[form]
    origin = get_origin(form)
    if origin in (types.UnionType, Union):
        return _union_reader(get_args(form))
    if origin is tuple:
        return _tuple_reader(get_args(form))
    if isinstance(form, type) and issubclass(form, Enum):
        return _enum_reader(form)
    if dataclasses.is_dataclass(form):
        return _dataclass_reader(cast("type", form))
    raise TypeError(f"{form} has no plain form")


def _fail(path: str, expected: str, plain: object) -> PlainError:
    shown = repr(plain)
    return PlainError(f"{path or 'value'}: expected {expected}, found {shown[:60] + '…' * (len(shown) > 60)}")


def _read_none(plain: object, path: str) -> None:
    if plain is not None:
        raise _fail(path, "null", plain)


def _read_bool(plain: object, path: str) -> bool:
    if not isinstance(plain, bool):
        raise _fail(path, "true or false", plain)
    return plain


def _read_int(plain: object, path: str) -> int:
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise _fail(path, "a whole number", plain)
    return plain


def _read_float(plain: object, path: str) -> float:
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise _fail(path, "a number", plain)
    try:
        number = float(plain)
    except OverflowError:
        raise _fail(path, "a number that fits", plain) from None
    if not math.isfinite(number):
        raise _fail(path, "a finite number", plain)
    return number


def _read_str(plain: object, path: str) -> str:
    if not isinstance(plain, str):
        raise _fail(path, "a text", plain)
    return plain


_SIMPLE: dict[Any, _Reader] = {
    None: _read_none,
    types.NoneType: _read_none,
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    str: _read_str,
}


def _enum_reader(form: type[Enum]) -> _Reader:
    base: _Reader = _read_int if issubclass(form, int | Flag) else _read_str

    def read(plain: object, path: str) -> Enum:
        value = base(plain, path)
        try:
            return form(value)
        except ValueError:
            raise _fail(path, f"one of {[member.value for member in form]}", plain) from None

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> _Reader:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _reader(arguments[0])

        def read_any(plain: object, path: str) -> tuple[Any, ...]:
            if not isinstance(plain, list):
                raise _fail(path, "an array", plain)
            return tuple(item(value, f"{path}[{place}]") for place, value in enumerate(plain))

        return read_any
    items = tuple(_reader(argument) for argument in arguments)

    def read_fixed(plain: object, path: str) -> tuple[Any, ...]:
        if not isinstance(plain, list) or len(plain) != len(items):
            raise _fail(path, f"an array of {len(items)}", plain)
        return tuple(
            read(value, f"{path}[{place}]")
            for place, (read, value) in enumerate(zip(items, plain, strict=True))
        )

    return read_fixed


def _union_reader(members: tuple[Any, ...]) -> _Reader:
    tagged: list[Any] = [form for form in members if dataclasses.is_dataclass(form)]
    classes = {form.__name__: _reader(form) for form in tagged}
    others = [_reader(form) for form in members if form not in tagged]

    def read(plain: object, path: str) -> Any:
        if isinstance(plain, dict) and classes:
            name = plain.get(TAG)
            if not isinstance(name, str) or name not in classes:
                raise _fail(f"{path}.{TAG}".lstrip("."), f"one of {sorted(classes)}", name)
            return classes[name](plain, path)
        for other in others:
            try:
                return other(plain, path)
            except PlainError:
                continue  # the next member may take it; none of them does: below
        raise _fail(path, " or ".join(str(getattr(member, "__name__", member)) for member in members), plain)

    return read


def _dataclass_reader(form: type) -> _Reader:
    hints = get_type_hints(form)
    names = _field_names(form)
    readers = {name: _reader(hints[name]) for name in names}
    known = {TAG, *names}

    def read(plain: object, path: str) -> Any:
        if not isinstance(plain, dict):
            raise _fail(path, form.__name__, plain)
        if plain.get(TAG, form.__name__) != form.__name__:
            raise _fail(f"{path}.{TAG}".lstrip("."), form.__name__, plain[TAG])
        for key in plain:
            if key not in known:
                raise PlainError(f"{path or form.__name__}: {form.__name__} has no {key!r}")
        values = {}
        for name in names:
            if name not in plain:
                raise PlainError(f"{path or form.__name__}: {form.__name__} needs {name!r}")
            values[name] = readers[name](plain[name], f"{path}.{name}".lstrip("."))
        return form(**values)

    return read
