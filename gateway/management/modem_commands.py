"""`cityline modems`, `cityline modem sms|ussd`, `cityline messages`."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from gateway.drivers.messages import StoredMessage, mark_read, read_messages, unreadable
from gateway.drivers.state_directory import StateDirectory, StateError
from gateway.management import client
from gateway.management.language import _
from gateway.management.tables import clean, local_time, table
from gateway.model.plain import to_plain

PATIENCE_S = 90.0
"""A message in ten parts takes a modem about a minute."""
LOOK_S = 0.5
EXIT_FAILED = 1

Connected = Callable[[Path], AbstractContextManager[str]]
Option = Callable[[Any], Any]


def add_commands(main: click.Group, connected: Connected, state_option: Option, json_option: Option) -> None:
    """Add the commands; ``connected`` gives the control socket's address of a state directory."""

    @main.command(help=_("Every modem: its network, its signal, how its audio was proved."))
    @state_option
    @json_option
    def modems(state: Path, as_json: bool) -> None:
        with connected(state) as address:
            answer = client.ask(address, "modems")
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1) if as_json else modems_text(answer))

    @main.group(help=_("Send a short message or a service code over a modem."))
    def modem() -> None:
        pass

    @modem.command(help=_("Send a short message: `cityline modem sms gsm1 +79161234567 TEXT`."))
    @click.argument("port")
    @click.argument("number")
    @click.argument("text")
    @state_option
    def sms(port: str, number: str, text: str, state: Path) -> None:
        _order(connected, state, {"port": port, "sms": number, "text": text})

    @modem.command(help=_("Ask the network by a code, such as the balance: `modem ussd gsm1 '*100#'`."))
    @click.argument("port")
    @click.argument("code")
    @state_option
    def ussd(port: str, code: str, state: Path) -> None:
        _order(connected, state, {"port": port, "ussd": code})

    @main.command(help=_("Short messages that nobody has read; they count as read then."))
    @state_option
    @json_option
    @click.option("--all", "everything", is_flag=True, help=_("Those that were read too."))
    @click.option("--keep-unread", is_flag=True, help=_("They stay unread."))
    @click.option("--for", "extension", default="", metavar="NUMBER", help=_("Only those of an extension."))
    def messages(state: Path, as_json: bool, everything: bool, keep_unread: bool, extension: str) -> None:
        _show_messages(state, as_json, everything=everything, mark=not keep_unread, extension=extension)


def _order(connected: Connected, state: Path, order: Mapping[str, str]) -> None:
    """Ask, and wait for what becomes of it."""
    deadline = time.monotonic() + PATIENCE_S
    with connected(state) as address:
        request = client.ask(address, "modem", line=json.dumps(order, ensure_ascii=False))["request"]
        while True:
            answer = client.ask(address, "modem answer", line=str(request))
            if answer["done"] or time.monotonic() > deadline:
                break
            time.sleep(LOOK_S)
    if not answer["done"]:
        click.echo(_("No answer yet; it may still come: see `cityline trace`."), err=True)
        sys.exit(EXIT_FAILED)
    click.echo(clean(answer["text"]), err=not answer["ok"])
    if not answer["ok"]:
        sys.exit(EXIT_FAILED)


def modems_text(answer: Mapping[str, Any]) -> str:
    """Modems as a table; those that are no port's below it."""
    rows = [
        (
            row["port"],
            row["name"] or "-",
            row["state"],
            row["operator"] or "-",
            "-" if row["signal_dbm"] is None else f"{row['signal_dbm']} dBm",
            row["model"] or "-",
            row["imei"] or "-",
            row["tty"] or "-",
            row["audio"] or "-",
            row["balance"] or "-",
            row["failure"] or "-",
        )
        for row in answer["rows"]
    ]
    headings = (
        *(_("PORT"), _("LINE"), _("STATE"), _("OPERATOR"), _("SIGNAL"), _("MODEL"), _("IMEI"), _("TTY")),
        *(_("AUDIO PROVED BY"), _("BALANCE"), _("TROUBLE")),
    )
    lines = [table(headings, rows) if rows else _("This board has no modems.")]
    for one in answer["strangers"]:
        text = _("{tty} is a modem that is no port's: {model}, IMEI {imei}")
        lines.append(clean(text.format(tty=one["tty"], model=one["model"], imei=one["imei"])))
    return "\n".join(lines)


def _show_messages(state: Path, as_json: bool, *, everything: bool, mark: bool, extension: str) -> None:
    directory = StateDirectory(state).messages
    found = [
        message
        for message in read_messages(directory)
        if (everything or not message.read) and extension in ("", message.extension)
    ]
    if as_json:
        click.echo(json.dumps([to_plain(each, tagged=False) for each in found], ensure_ascii=False, indent=1))
    else:
        click.echo(messages_text(found))
    for name in unreadable(directory):
        click.echo(_("{file} in {directory} is no message").format(file=name, directory=directory), err=True)
    try:
        for message in found if mark else ():
            if not message.read:
                mark_read(directory, message)
    except StateError as error:
        click.echo(f"cityline: {error}", err=True)
        sys.exit(EXIT_FAILED)


def messages_text(found: list[StoredMessage]) -> str:
    """Messages one below the other, the oldest first."""
    if not found:
        return _("No messages.")
    return "\n".join(
        f"{local_time(each.wall_ns)}  {each.port}  {clean(each.sender) or '?'}"
        + (f" -> {each.extension}" if each.extension else "")
        + f"\n    {clean(each.text)}"
        for each in found
    )
