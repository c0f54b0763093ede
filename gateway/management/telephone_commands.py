"""`cityline telephone`: what is set at one telephone of the running office."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.management.language import _

Ask = Callable[..., Any]


def telephone_commands(ask: Ask, state_option: Callable[[Any], Any]) -> click.Group:
    """The group; ``ask`` asks the running gateway, ``state_option`` says where it is."""

    @click.group(help=_("Telephones of the running office."))
    def telephone() -> None:
        """The group of the commands on telephones."""

    @telephone.command(help=_("Say that a message waits for an extension (on), or none does any more (off)."))
    @click.argument("number")
    @click.argument("setting", metavar="on|off", type=click.Choice(["on", "off"]))
    @state_option
    def lamp(number: str, setting: str, state: Path) -> None:
        """Set a message lamp."""
        click.echo(_lit(ask(state, "lamp", line=f"{number} {setting}")))

    @telephone.command(help=_("For which extensions a message waits."))
    @state_option
    def lamps(state: Path) -> None:
        """Show the message lamps."""
        click.echo(_lit(ask(state, "lamps")))

    return telephone


def _lit(numbers: list[str]) -> str:
    if not numbers:
        return _("No message waits for anybody.")
    return _("A message waits for: {numbers}.").format(numbers=", ".join(numbers))
