"""The exchange as it stands, as plain values and back: where a flight recorder's bundle begins.

The exchange is pure, so that a picture of its objects is all there is to it. An image holds every object once
and refers to it by number; classes are named, and only those of the pure packages are ever instantiated,
without running any of their code. An image is read by the version that made it: whatever does not fit is an
`ImageError`, never a half-restored exchange.
"""

import importlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from types import FunctionType, MethodType
from typing import Any

from gateway.errors import CitylineError
from gateway.model.plain import Plain

PURE = (
    "gateway.exchange",
    "gateway.call.",
    "gateway.line.",
    "gateway.media.core_values",
    "gateway.media.names",
    "gateway.media.plan",
    "gateway.media.tones",
    "gateway.model.",
    "gateway.routing.",
    "gateway.sip.",
)
"""Modules whose classes an image may name."""

MOST_OBJECTS = 200_000
"""Of an image that is read; an office of a hundred telephones has under ten thousand."""

_TEXT = "builtins:str"
"""The one class from elsewhere: what makes a text of a text."""
_CONTAINERS: dict[str, type[Any]] = {"list": list, "dict": dict, "set": set, "deque": deque}


class ImageError(CitylineError):
    """An image cannot be taken or restored; the text says which part."""


# --- taking ------------------------------------------------------------------------------------------------


def take_image(root: object) -> dict[str, Plain]:
    """The object ``root`` and all that it reaches. `ImageError` for what has no place in the exchange."""
    taking = _Taking()
    first = taking.value(root)
    while taking.waiting:
        taking.fill(*taking.waiting.popleft())
    return {"root": first, "objects": list(taking.objects)}


class _Taking:
    def __init__(self) -> None:
        self.objects: list[Plain] = []
        self.waiting: deque[tuple[int, Any]] = deque()
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []  # an id is only a name while its object lives

    def value(self, value: Any) -> Plain:
        """A simple value as it is, everything else as an array whose first word says what it is."""
        if value is None or type(value) in (bool, int, float, str):
            return value  # type: ignore[no-any-return]
        if isinstance(value, Flag):
            return ["flag", _name_of(type(value)), value.value]
        if isinstance(value, Enum):
            return ["enum", _name_of(type(value)), value.name]
        if type(value) is tuple:
            return ["tuple", *map(self.value, value)]
        if isinstance(value, tuple):
            return ["named", _name_of(type(value)), *map(self.value, value)]
        if isinstance(value, frozenset):
            return ["frozenset", *map(self.value, sorted(value))]
        if isinstance(value, type):
            return ["class", _name_of(value)]
        if isinstance(value, MethodType):
            return ["method", self.value(value.__self__), value.__func__.__name__]
        if isinstance(value, FunctionType):
            return ["function", _name_of(value)]
        return ["object", self._number(value)]

    def _number(self, value: Any) -> int:
        known = self._numbers.get(id(value))
        if known is None:
            known = self._numbers[id(value)] = len(self.objects)
            self._kept.append(value)
            self.objects.append(None)
            self.waiting.append((known, value))
        return known

    def fill(self, number: int, value: Any) -> None:
        """Write down what an object holds."""
        name = type(value).__name__
        if isinstance(value, dict):
            has: Plain = [[self.value(key), self.value(kept)] for key, kept in value.items()]
        elif isinstance(value, list | set | deque):
            has = [self.value(item) for item in (sorted(value) if isinstance(value, set) else value)]
        else:
            name = _name_of(type(value))
            has = {attribute: self.value(kept) for attribute, kept in _attributes(value)}
        if name in _CONTAINERS and type(value) is not _CONTAINERS[name]:
            raise ImageError(f"a {type(value)} has no image")
        self.objects[number] = {"is": name, "has": has}


def _name_of(named: Any) -> str:
    if named is str:
        return _TEXT
    module, qualified = str(named.__module__), str(named.__qualname__)
    if not module.startswith(PURE) or "<" in qualified:
        raise ImageError(f"{module}.{qualified} has no place in an image of the exchange")
    return f"{module}:{qualified}"


def _attributes(value: object) -> Iterator[tuple[str, Any]]:
    yield from getattr(value, "__dict__", {}).items()
    for name in _slots_of(type(value)):
        if hasattr(value, name):
            yield name, getattr(value, name)


def _slots_of(kind: type[Any]) -> list[str]:
    names: list[str] = []
    for each in reversed(kind.__mro__):
        slots = each.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


# --- restoring ---------------------------------------------------------------------------------------------


def restore_image(image: object) -> Any:
    """The object that `take_image` was given, made anew. `ImageError` for what is no image of this
    version.
    """
    try:
        return _Restoring(image).root
    except ImageError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ImageError(f"the exchange's state cannot be read: {type(error).__name__}: {error}") from None


class _Restoring:
    def __init__(self, image: Any) -> None:
        plain = image["objects"]
        if not isinstance(plain, list) or len(plain) > MOST_OBJECTS:
            raise ImageError("the exchange's state is not a list of objects")
        self._made: list[Any] = [_make(one["is"]) for one in plain]
        # What is hashed by its contents must be whole before it becomes a key.
        last = []
        for made, one in zip(self._made, plain, strict=True):
            if isinstance(made, dict | set):
                last.append((made, one["has"]))
            else:
                self._fill(made, one["has"])
        for made, has in last:
            self._fill(made, has)
        self.root = self.value(image["root"])

    def _fill(self, made: Any, has: Any) -> None:
        if isinstance(made, dict):
            made.update((self.value(key), self.value(kept)) for key, kept in has)
        elif isinstance(made, set):
            made.update(map(self.value, has))
        elif isinstance(made, list | deque):
            made.extend(map(self.value, has))
        else:
            _check_fields(type(made), has)
            for name, kept in has.items():
                object.__setattr__(made, name, self.value(kept))

    def value(self, plain: Any) -> Any:
        """A value of its written form."""
        if not isinstance(plain, list):
            if isinstance(plain, dict):
                raise ImageError("the exchange's state holds an object in the place of a value")
            return plain
        return _READERS[plain[0]](self, plain)

    def number(self, plain: list[Any]) -> Any:
        """An object of the table."""
        number = plain[1]
        if not isinstance(number, int) or number < 0:
            raise ImageError(f"the exchange's state refers to object {number!r}")
        return self._made[number]

    def tuple(self, plain: list[Any]) -> Any:
        """A tuple."""
        return tuple(map(self.value, plain[1:]))

    def named(self, plain: list[Any]) -> Any:
        """A named tuple, of the class that it names."""
        kind = _class_of(plain[1])
        if not issubclass(kind, tuple):
            raise ImageError(f"{plain[1]} is no tuple")
        return tuple.__new__(kind, map(self.value, plain[2:]))

    def frozenset(self, plain: list[Any]) -> Any:
        """A frozen set."""
        return frozenset(map(self.value, plain[1:]))

    def enum(self, plain: list[Any]) -> Any:
        """A member of an enum, or a flag."""
        kind = _class_of(plain[1])
        if not issubclass(kind, Enum):
            raise ImageError(f"{plain[1]} is no enum")
        return kind(plain[2]) if plain[0] == "flag" else kind[plain[2]]

    def method(self, plain: list[Any]) -> Any:
        """A method that is bound to an object of the table."""
        owner, name = self.value(plain[1]), plain[2]
        function = type(owner).__dict__.get(name)
        if not isinstance(function, FunctionType) or not function.__module__.startswith(PURE):
            raise ImageError(f"{plain[2]!r} is no method of {type(owner).__name__}")
        return MethodType(function, owner)


_Reader = Callable[[_Restoring, list[Any]], Any]
_READERS: dict[str, _Reader] = {
    "object": _Restoring.number,
    "tuple": _Restoring.tuple,
    "named": _Restoring.named,
    "frozenset": _Restoring.frozenset,
    "enum": _Restoring.enum,
    "flag": _Restoring.enum,
    "class": lambda _, plain: _class_of(plain[1]),
    "function": lambda _, plain: _found(plain[1], FunctionType),
    "method": _Restoring.method,
}


def _make(name: str) -> Any:
    if name in _CONTAINERS:
        return _CONTAINERS[name]()
    kind = _class_of(name)
    if issubclass(kind, Enum | type | BaseException):
        raise ImageError(f"{name} cannot be an object of the exchange")
    return object.__new__(kind)


def _class_of(name: str) -> type[Any]:
    if name == _TEXT:
        return str
    kind: type[Any] = _found(name, type)
    return kind


def _found(name: str, kind: type[Any]) -> Any:
    module, _, qualified = name.partition(":")
    if not module.startswith(PURE):
        raise ImageError(f"{module} is no part of the exchange")
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        raise ImageError(f"there is no {module} in this version") from None
    for part in qualified.split("."):
        found = vars(found).get(part)
        if found is None:
            raise ImageError(f"there is no {name} in this version")
    if not isinstance(found, kind) or found.__module__ != module:
        raise ImageError(f"{name} is not what an image may name")
    return found


def _check_fields(kind: type[Any], has: dict[str, Any]) -> None:
    if is_dataclass(kind):
        known = {field.name for field in fields(kind)}
        if known != set(has):
            odd = ", ".join(sorted(known ^ set(has)))
            raise ImageError(f"{kind.__name__} has other fields in this version: {odd}")
