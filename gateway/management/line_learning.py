"""`cityline line show` and `calibrate`: what a line's calls have taught, and a look at it now."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol

import click

from gateway.management import tables
from gateway.management.language import _

POLL_S = 0.25
MEASURED_WITHIN_S = 15.0


class Ask(Protocol):
    """Asks the gateway whose state directory this is; ends the program when there is none."""

    def __call__(self, state: Path, question: str, **details: object) -> Any:
        """The answer, as JSON values."""
        ...


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def add_to(
    line: click.Group,
    ask: Ask,
    fail: Callable[[object], NoReturn],
    state_option: Decorator,
    json_option: Decorator,
) -> None:
    """Put the two commands into the group of those on one line."""

    def row_of(state: Path, name: str) -> dict[str, Any]:
        rows = ask(state, "lines")["rows"]
        row: dict[str, Any] | None = next((row for row in rows if name in (row["port"], row["name"])), None)
        if row is None:
            ports = ", ".join(row["port"] for row in rows)
            fail(_("There is no line {name}; there are: {ports}.").format(name=name, ports=ports))
        return row

    @line.command(name="show", help=_("What a city line has learned from its calls; by port or name."))
    @state_option
    @json_option
    @click.argument("name", metavar="LINE")
    def show(state: Path, as_json: bool, name: str) -> None:
        """Show one line."""
        row = row_of(state, name)
        click.echo(json.dumps(row, ensure_ascii=False, indent=1) if as_json else tables.line_text(row))

    @line.command(
        name="calibrate",
        help=_("Seize an idle city line, measure its dial tone, give it back; nobody is called."),
    )
    @state_option
    @click.argument("name", metavar="LINE")
    def calibrate(state: Path, name: str) -> None:
        """Measure one line."""
        port = row_of(state, name)["port"]
        ask(state, "calibrate", line=port)
        row = _when_idle(lambda: row_of(state, port))
        click.echo(tables.line_text(row))
        if row["state"] != "idle":
            fail(_("{port} is {state}: a call came meanwhile.").format(port=port, state=row["state"]))
        known = {fact["what"] for fact in row["learned"]}
        if "dial tone" not in known:
            fail(
                _("No dial tone on {port}: check its cable, and that the line is paid for.").format(port=port)
            )
        missing = ", ".join(what for what in row["unlearned"])
        if missing:
            click.echo(_("Only ordinary calls can teach: {missing}.").format(missing=missing))


def _when_idle(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The line's row when it has been given back, or when it takes too long."""
    until_s = time.monotonic() + MEASURED_WITHIN_S
    row = look()
    while row["state"] != "idle" and time.monotonic() < until_s:
        time.sleep(POLL_S)
        row = look()
    return row
