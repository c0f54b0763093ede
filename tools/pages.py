"""Pages of docs/generated, drawn from the code: events, actions, timers, causes, machines, configuration.

`python -m tools.pages` writes them; with `--check` it only says which are out of date, and returns 1 if so.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import gateway
from gateway.config.schema import BoardFile, OfficeFile
from gateway.model import actions, events
from gateway.model.causes import Cause, Evidence
from gateway.model.machine import STAY, Machine, Row, StateTimer

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "generated"
WHERE_MACHINES_ARE = ("line", "call", "routing", "sip", "exchange")
HEAD = "<!-- Written by `python3 tasks.py docs` from the code; changes here are lost. -->\n\n"


def main(words: list[str]) -> int:
    """Write the pages, or with --check say which are out of date."""
    stale = [name for name, text in pages().items() if not _is_current(name, text)]
    if words == ["--check"]:
        print(*(f"docs/generated/{name} is out of date: python3 tasks.py docs" for name in stale), sep="\n")
        return int(bool(stale))
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(pages()[name], encoding="utf-8")
        print(f"wrote docs/generated/{name}")
    return 0


def _is_current(name: str, text: str) -> bool:
    path = PAGES / name
    return path.is_file() and path.read_text(encoding="utf-8") == text


def pages() -> dict[str, str]:
    """Every page by its file name."""
    makers: dict[str, Callable[[], str]] = {
        "events.md": lambda: _values("Events", events, events.Event),
        "actions.md": lambda: _values("Actions", actions, actions.Action),
        "causes.md": causes,
        "timers.md": timers,
        "machines.md": machine_pages,
        "configuration.md": configuration,
    }
    return {name: HEAD + make().rstrip() + "\n" for name, make in makers.items()}


# ---------------------------------------------------------------- words and tables
def _sentence(thing: object) -> str:
    """A docstring on one line."""
    return re.sub(r"\s+", " ", inspect.getdoc(thing) or "").replace("``", "`").strip()


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    def row(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    names = list(heads)
    return "\n".join([row(names), row("---" for _ in names), *map(row, rows)]) + "\n"


def _type_name(annotation: object) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if get_origin(annotation) is not None:
        text = str(annotation)
    return re.sub(r"\b(?:gateway|typing|collections)\.[a-z_.]*", "", text)


# ---------------------------------------------------------------- events, actions, causes
def _values(title: str, module: ModuleType, union: Any) -> str:
    """One table of the members of a union of dataclasses."""
    rows = []
    for kind in get_args(union):
        fields = ", ".join(f"{field.name}: {_type_name(field.type)}" for field in dataclasses.fields(kind))
        rows.append((f"`{kind.__name__}`", f"`{fields}`" if fields else "", _sentence(kind)))
    return f"# {title}\n\n{_sentence(module)}\n\n{_table((title[:-1], 'fields', 'what it says'), rows)}"


def causes() -> str:
    """Causes and evidence."""
    numbers = _table(("Q.850", "name"), ((cause.value, f"`{cause.name}`") for cause in Cause))
    evidence = _table(
        ("evidence", "in the journal"), ((f"`{how.name}`", f"`{how.value}`") for how in Evidence)
    )
    return (
        f"# Causes\n\n{_sentence(Cause)}\n\n{numbers}\n## How we knew\n\n{_sentence(Evidence)}\n\n{evidence}"
    )


# ---------------------------------------------------------------- machines
def machines() -> list[type[Machine[Any]]]:
    """Every machine of the exchange, by its kind."""
    for name in WHERE_MACHINES_ARE:
        for found in pkgutil.walk_packages(gateway.__path__, "gateway."):
            if found.name.split(".")[1] == name:
                importlib.import_module(found.name)
    known: dict[str, type[Machine[Any]]] = {}
    waiting = list(Machine.__subclasses__())
    while waiting:
        machine = waiting.pop()
        waiting += machine.__subclasses__()
        if machine.__module__.startswith("gateway."):
            known[machine.kind] = machine
    return [known[kind] for kind in sorted(known)]


def timers() -> str:
    """Every timer with its default."""
    rows = [
        (
            f"`{machine.kind}`",
            f"`{timer.name}`",
            timer.default_ms,
            timer.unit,
            _states(timer),
            timer.description,
        )
        for machine in machines()
        for timer in machine.timers
    ]
    heads = ("machine", "timer", "default", "unit", "runs in", "what it waits for")
    return (
        f"# Timers\n\nEach runs exactly while its machine is in one of its states.\n\n{_table(heads, rows)}"
    )


def _states(timer: StateTimer) -> str:
    return ", ".join(state.name for state in timer.states)


def machine_pages() -> str:
    """A diagram and a table for each machine."""
    parts = [_machine(machine) for machine in machines()]
    return "# State machines\n\n" + "\n".join(parts)


def _machine(machine: type[Machine[Any]]) -> str:
    rows = [
        (
            ", ".join(state.name for state in row.from_states()),
            f"`{row.event_name()}`",
            ", ".join(_target(row, target) for target in row.targets()),
            f"`{row.action_name()}`",
        )
        for row in machine.rows
    ]
    place = machine.__module__.replace(".", "/")
    return (
        f"## {machine.kind}\n\n{_sentence(machine)} ({place}.py)\n\n"
        f"```mermaid\n{diagram(machine)}```\n\n{_table(('in', 'event', 'leads to', 'does'), rows)}"
    )


def _target(row: Row, target: Enum) -> str:
    """A target for the table: a row of one state that stays there names it."""
    if target is not STAY:
        return target.name
    return row.from_states()[0].name if len(row.from_states()) == 1 else "the same"


def diagram(machine: type[Machine[Any]]) -> str:
    """The state diagram as Mermaid text; events between the same two states share an arrow."""
    arrows: dict[tuple[Enum, Enum], list[str]] = {}
    for row in machine.rows:
        for state in row.from_states():
            for target in row.leads_to(state):
                if target is not state:
                    arrows.setdefault((state, target), []).append(row.event_name())
    lines = ["stateDiagram-v2", f"    [*] --> {machine.initial.name}"]
    for (state, target), names in arrows.items():
        lines.append(f"    {state.name} --> {target.name}: {', '.join(dict.fromkeys(names))}")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- configuration
def configuration() -> str:
    """The fields of both files."""
    text = "# Configuration\n\nSamples with every table: boards/simulated/office.toml and board.toml.\n"
    for name, model in (("office.toml", OfficeFile), ("board.toml", BoardFile)):
        text += f"\n## {name}\n\n{_fields(model)}"
        for table in _tables(model):
            text += f"\n### {_sentence(table)}\n\n{_fields(table)}"
    return text


def _tables(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [_model_in(field.annotation) for field in model.model_fields.values()]
    return [table for table in found if table is not None]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def _fields(model: type[BaseModel]) -> str:
    said = _descriptions(model)
    rows = [
        (f"`{name}`", _kind(field), _default(field), _limits(field), _one_line(said.get(name)))
        for name, field in model.model_fields.items()
        if _model_in(field.annotation) is None
    ]
    return _table(("field", "kind", "default", "limits", "what it is"), rows)


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What stands under each field. pydantic would read it at every start; only these pages need it."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(body, ast.ClassDef)
        for field, text in pairwise(body.body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                said = text.value if isinstance(text, ast.Expr) else None
                if isinstance(said, ast.Constant) and isinstance(said.value, str):
                    found[field.target.id] = inspect.cleandoc(said.value)
    return found


def _kind(field: FieldInfo) -> str:
    words = {str: "text", int: "whole number", float: "number"}
    choices = [f'"{value}"' for value in get_args(field.annotation) if isinstance(value, str)]
    if choices:
        return " or ".join(choices)
    if get_origin(field.annotation) is list:
        return "list"
    if get_origin(field.annotation) is dict:
        return "table"
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if kind in words]
    return next((words[kind] for kind in kinds), " or ".join(_optional_choices(field)) or "text")


def _optional_choices(field: FieldInfo) -> list[str]:
    inner = [value for argument in get_args(field.annotation) for value in get_args(argument)]
    return [f'"{value}"' for value in inner if isinstance(value, str)]


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**needed**"
    return "" if field.default in (None, "", {}) else f"`{field.default!r}`".replace("'", '"')


def _limits(field: FieldInfo) -> str:
    found = []
    for part in field.metadata:
        for name, word in (("ge", "at least"), ("le", "at most"), ("pattern", "matches")):
            value = getattr(part, name, None)
            if value is not None:
                found.append(f"{word} {value}" if name != "pattern" else f"`{value}`")
    return ", ".join(found)


def _one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
