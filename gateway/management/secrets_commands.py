"""`cityline secrets`: those of SIP telephones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol

import click

from gateway.drivers.state_directory import StateDirectory, StateError
from gateway.errors import ConfigError
from gateway.management.announcement import secrets_text
from gateway.management.language import _

EXIT_BAD_INPUT = 2

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Fail(Protocol):
    """Tells why and ends the program."""

    def __call__(self, error: object, code: int = 1) -> NoReturn:
        """With that exit code."""
        ...


def add_to(main: click.Group, fail: Fail, files: tuple[Decorator, Decorator, Decorator]) -> None:
    """Put the group into that of all commands; ``files``: the options of office, board and state."""
    config_option, board_option, state_option = files

    @main.group(help=_("Secrets of SIP telephones."))
    def secrets() -> None:
        """Secrets of SIP telephones."""

    @secrets.command(help=_("Make a new secret for the SIP telephone of an extension, and show it once."))
    @click.argument("extension")
    @config_option
    @board_option
    @state_option
    def reset(extension: str, config: Path, board: Path, state: Path) -> None:
        """Make a new secret."""
        directory = StateDirectory(state)
        try:
            secret = _make_secret(extension, config, board, directory, fail)
        except ConfigError as error:
            fail(error, EXIT_BAD_INPUT)
        except StateError as error:
            fail(error)
        click.echo(secrets_text({extension: secret}))
        if directory.socket.exists():
            click.echo(_("The gateway that runs now takes it when it is started again."))


def _make_secret(extension: str, config: Path, board: Path, directory: StateDirectory, fail: Fail) -> str:
    from gateway.config.load import load_configuration
    from gateway.drivers.device_secrets import reset_secret
    from gateway.model.settings import ExtensionKind

    configuration = load_configuration(config, board)
    office = configuration.office
    known = [each.number for each in office.extensions if each.kind is ExtensionKind.SIP]
    if extension not in known:
        text = _("{extension} is no SIP extension of {file}; there are {known}")
        fail(text.format(extension=extension, file=config, known=", ".join(known) or "-"), EXIT_BAD_INPUT)
    if extension in configuration.secrets:
        text = _("{file} itself gives the secret of {extension}: change it there")
        fail(text.format(extension=extension, file=config), EXIT_BAD_INPUT)
    directory.prepare()
    return reset_secret(directory.secrets, office.sip.realm, extension)
