"""`cityline line`: what a technician does with one line. Its flight recorder: `cityline line record`."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from gateway.drivers.state_directory import StateDirectory, default_state, socket_address
from gateway.management import client
from gateway.management.language import _
from gateway.records.recordings import Recording, line_of, recordings

EXIT_FAILED = 1
ORDERS = ("list", "start", "stop", "export")
FilePath = click.Path(dir_okay=False, path_type=Path)


@click.group(help=_("One line: its flight recorder, what it has learned, and a look at it now."))
def line() -> None:
    """The group of the commands on one line."""


@line.command(
    help=_(
        "The flight recorder of a line: list its recordings, start and stop one by hand, export one as a "
        "bundle. LINE is its port (fxo1), its name (city1), an extension (101) or the number of a city line."
    )
)
@click.argument("name", metavar="LINE")
@click.argument("order", type=click.Choice(ORDERS), default="list")
@click.argument("which", default="")
@click.option(
    "--audio",
    type=click.Choice(["none", "signalling", "all"]),
    default="signalling",
    show_default=True,
    help=_("With start: the sound that is kept. With all, tell those who talk on the line."),
)
@click.option("--out", type=FilePath, default=None, help=_("With export: the file to write."))
@click.option("--json", "as_json", is_flag=True, help=_("Answer as JSON."))
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_state,
    show_default=str(default_state()),
    help=_("Directory of the journal, the trace, the secrets and the control socket."),
)
def record(
    name: str, order: str, which: str, audio: str, out: Path | None, as_json: bool, state: Path
) -> None:
    """Ask the recorder of the running gateway; list and export work without one too."""
    directory = StateDirectory(state)
    if order == "export":
        _export(directory, name, which, out)
        return
    if order == "list":
        answer = _listed(directory, name)
    else:
        answer = _ask(directory, f"{order} {name} {audio}" if order == "start" else f"{order} {name}")
    click.echo(json.dumps(answer, ensure_ascii=False, indent=1) if as_json else recordings_text(answer))


def _fail(text: object) -> NoReturn:
    click.echo(f"cityline: {text}", err=True)
    sys.exit(EXIT_FAILED)


def _ask(directory: StateDirectory, words: str) -> Any:
    try:
        return _asked(directory, words)
    except client.NotRunning as error:
        text = _("No gateway runs with the state in {state}. Start one with `cityline run`, or say --state.")
        _fail(f"{text.format(state=directory.path)} ({error})")


def _asked(directory: StateDirectory, words: str) -> Any:
    if not directory.socket.exists():
        raise client.NotRunning(_("there is no control socket"))
    try:
        with socket_address(directory.socket) as address:
            return client.ask(address, "record", line=words)
    except client.Refused as error:
        _fail(error)


def _listed(directory: StateDirectory, name: str) -> dict[str, Any]:
    """What the gateway says, or the disk when none runs (one that was killed leaves its socket)."""
    try:
        answer: dict[str, Any] = _asked(directory, f"list {name}")
    except client.NotRunning:
        return _without_gateway(directory, name)
    return answer


def _without_gateway(directory: StateDirectory, name: str) -> dict[str, Any]:
    port = _port_on_disk(directory, name)
    kept = [
        {"name": one.name, "began_ns": one.began_ns, "why": one.why, "size_bytes": one.size_bytes}
        for one in recordings(directory.recordings, port)
    ]
    return {"port": port, "by_hand": None, "recordings": kept}


def _port_on_disk(directory: StateDirectory, name: str) -> str:
    """A port whose recordings are there; a line's name is looked up in the newest of each port."""
    ports = sorted({one.port for one in recordings(directory.recordings)})
    if name in ports:
        return name
    if f"fxo{name}" in ports:
        return f"fxo{name}"
    for port in ports:
        if line_of(recordings(directory.recordings, port)[0].path) == name:
            return port
    known = ", ".join(ports) or _("none")
    _fail(_("no recordings of a line {name!r}; there are some of: {known}").format(name=name, known=known))


def _export(directory: StateDirectory, name: str, which: str, out: Path | None) -> None:
    port = _listed(directory, name)["port"]
    kept = recordings(directory.recordings, port)
    chosen: Recording | None = next((one for one in kept if which in ("", one.name)), None)
    if chosen is None:
        known = ", ".join(one.name for one in kept) or _("none")
        _fail(
            _("{port} has no recording {which!r}; it has: {known}").format(
                port=port, which=which, known=known
            )
        )
    target = out or Path(f"{port}-{chosen.path.name}")
    if target.exists():
        _fail(_("{file} is there already; choose another name with --out").format(file=target))
    try:
        target.write_bytes(chosen.path.read_bytes())
        target.chmod(0o600)
    except OSError as error:
        _fail(f"{target}: {error.strerror}")
    click.echo(_("{file}: replay it with `cityline replay {file}`").format(file=target))


def recordings_text(answer: dict[str, Any]) -> str:
    """A line's recordings for people, newest first."""
    lines = []
    if answer["by_hand"] is not None:
        lines.append(
            _("{port} is being recorded by hand, sound: {audio}").format(
                port=answer["port"], audio=answer["by_hand"]
            )
        )
    for one in answer["recordings"]:
        began = datetime.fromtimestamp(one["began_ns"] / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
        lines.append(f"{one['name']:40} {began} UTC  {one['why']:12} {one['size_bytes'] / 1000:8.0f} kB")
    return "\n".join(lines) or _("{port} has no recordings yet").format(port=answer["port"])
