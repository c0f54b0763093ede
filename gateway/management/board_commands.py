"""`cityline board`: a board file checked by itself and against this machine, and a first draft of one."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from gateway.errors import ConfigError
from gateway.management.language import _

EXIT_BAD_INPUT = 2

FilePath = click.Path(dir_okay=False, path_type=Path)


@click.group(help=_("Board files: check one, or draft one from what is plugged in."))
def board() -> None:
    """The group of the commands on board files."""


@board.command(help=_("Check a board file: by itself, and whether this machine has its pins and cards."))
@click.argument("file", type=FilePath)
@click.option("--file-only", is_flag=True, help=_("Do not look at this machine: the board is another one."))
def check(file: Path, file_only: bool) -> None:
    """Tell every problem, or that there is none."""
    from gateway.config.board import load_board
    from gateway.config.load import Places
    from gateway.drivers.machine import survey
    from gateway.management.board import misfits

    try:
        settings, document = load_board(file)
    except ConfigError as error:
        _refuse(str(error))
    real = [port for port in settings.ports if not port.simulated]
    if real and not file_only:
        machine = survey()
        problems = misfits(settings, Places(document.name, document.index), machine)
        if problems:
            _refuse("\n".join((*problems, *machine.unseen)))
    text = _("{file}: nothing wrong with board {name}: {ports} ports, {real} of them real.")
    click.echo(text.format(file=file, name=settings.name, ports=len(settings.ports), real=len(real)))
    if real and file_only:
        click.echo(_("Pins and cards of this machine were not looked at."))


@board.command(help=_("Write a first draft of a board file from what is plugged into this machine."))
@click.option(
    "--out",
    type=FilePath,
    default=None,
    help=_("Write it there instead of to the terminal; no file is overwritten."),
)
@click.option("--name", default="board", show_default=True, help=_("What the board is called in messages."))
def probe(out: Path | None, name: str) -> None:
    """Draft a board file."""
    from gateway.drivers.machine import survey
    from gateway.management.board import draft

    text = draft(survey(), name)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _refuse(_("{file} is there already; name another file.").format(file=out))
    except OSError as error:
        _refuse(f"{out}: {error.strerror}")
    click.echo(_("{file} is written. Fill in the pins, then: cityline board check {file}").format(file=out))


def _refuse(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(EXIT_BAD_INPUT)
