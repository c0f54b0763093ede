"""What import-linter cannot say: the pure packages, the one crossing into C, each C module's one importer."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, ROOT, imports, module_name, parse, python_files, where

PURE = (
    "gateway.model",
    "gateway.line",
    "gateway.routing",
    "gateway.call",
    "gateway.sip",
    "gateway.exchange",
    "gateway.media.plan",
    "gateway.media.tones",
    "gateway.media.sdp",
)
# A clock, a socket, a thread, chance: whatever makes the same event give another answer.
IMPURE = {"asyncio", "socket", "threading", "time", "os", "logging", "random"}
NEAR_IMPURE = {"secrets", "uuid", "subprocess", "multiprocessing", "select", "selectors", "ctypes", "pathlib"}

MEDIA_CORE = "gateway.media.core"
MAY_IMPORT_MEDIA_CORE = ("gateway.app", "gateway.bench", "gateway.runtime")

ONE_IMPORTER = {
    "_signal_core": "gateway.media.core",
    "_two_wire": "gateway.simulator.wires",
    "_sip_shim": "gateway.drivers.sip_process",
    "_ringer": "gateway.drivers.ringer",
}

# It checks what people write; the rest of the house reads frozen values.
PYDANTIC_STAYS_IN = "gateway.config"


def belongs(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


FILES = python_files("gateway")


@pytest.mark.parametrize("path", [p for p in FILES if belongs(module_name(p), PURE)], ids=module_name)
def test_a_pure_module_imports_no_clock_socket_thread_or_chance(path: Path) -> None:
    bad = [
        f"{where(path, line)} imports {name}"
        for line, name in imports(path)
        if name.split(".")[0] in IMPURE | NEAR_IMPURE
    ]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("path", [p for p in FILES if belongs(module_name(p), PURE)], ids=module_name)
def test_a_pure_module_reads_no_clock_by_another_door(path: Path) -> None:
    # `line.open()` is somebody's method; a bare open() is the file system.
    found = []
    for node in ast.walk(parse(path)):
        match node:
            case ast.Call(func=ast.Attribute(attr="now" | "today" | "utcnow" as door, value=ast.Name())):
                if ast.unparse(node.func).startswith(("datetime.", "date.")):
                    found.append(f"{where(path, node.lineno)}: {door}")
            case ast.Call(func=ast.Name(id="open" | "print" | "input" | "exec" | "eval" as door)):
                found.append(f"{where(path, node.lineno)}: {door}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", [p for p in FILES if belongs(module_name(p), PURE)], ids=module_name)
def test_a_pure_module_is_not_async(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "async def" not in text
    assert "await " not in text


def test_only_app_bench_and_runtime_import_the_signal_core() -> None:
    bad = [
        where(path, line)
        for path in FILES
        for line, name in imports(path)
        if belongs(name, (MEDIA_CORE,))
        and not belongs(module_name(path), (*MAY_IMPORT_MEDIA_CORE, MEDIA_CORE))
    ]
    assert not bad, f"media.core imported by {bad}"


@pytest.mark.parametrize(("compiled", "importer"), ONE_IMPORTER.items())
def test_each_c_module_has_one_importer(compiled: str, importer: str) -> None:
    bad = [
        f"{where(path, line)} imports {name}"
        for path in FILES
        for line, name in imports(path)
        if compiled in name.split(".") and not belongs(module_name(path), (importer,))
    ]
    assert not bad, "\n".join(bad)


def test_pydantic_stays_inside_the_configuration() -> None:
    bad = [
        where(path, line)
        for path in FILES
        for line, name in imports(path)
        if name.split(".")[0] == "pydantic" and not belongs(module_name(path), (PYDANTIC_STAYS_IN,))
    ]
    assert not bad, f"pydantic imported by {bad}"


def test_the_composition_root_is_imported_by_the_command_line_only() -> None:
    bad = [
        where(path, line)
        for path in FILES
        for line, name in imports(path)
        if belongs(name, ("gateway.app",))
        and not belongs(module_name(path), ("gateway.app", "gateway.__main__"))
    ]
    assert not bad, f"gateway.app imported by {bad}"


def test_set_up_needs_the_standard_library_alone() -> None:
    own = {"tools"}
    files = ("packages.py", "progress.py", "setup_steps.py", "gates.py")
    bad = [
        f"{where(path, line)} imports {name}"
        for path in [ROOT / "tools" / name for name in files]
        for line, name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names | own
    ]
    assert not bad, "\n".join(bad)


def test_every_package_has_its_init() -> None:
    folders = {path.parent for path in FILES}
    bare = [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()]
    assert PACKAGE in folders
    assert not bare, f"no __init__.py in {sorted(bare)}"
