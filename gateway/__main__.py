"""`cityline`: the command line. Joins the gateway in real time (`app`) and the bench, which do not know one
another.
"""

import asyncio
import contextlib
import json
import logging
import shlex
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateway import __version__
from gateway.config.samples import SIMULATED
from gateway.drivers.state_directory import StateDirectory, default_state, socket_address
from gateway.errors import CitylineError, ConfigError
from gateway.management import (
    board_commands,
    calibrate_command,
    client,
    language,
    line_commands,
    line_learning,
    modem_commands,
    secrets_commands,
    tables,
)
from gateway.management.announcement import announcement, exposure_text, secrets_text, unshown_secrets_text
from gateway.management.control import LAST_LINES_LIMIT
from gateway.management.language import _
from gateway.management.telephone_commands import telephone_commands
from gateway.model.settings import ExtensionKind

if TYPE_CHECKING:
    from gateway.app import Gateway, RunSettings
    from gateway.bench.prompt import Prompt
    from gateway.model.plan import Plan
    from gateway.model.view import ExchangeView
    from gateway.runtime.alarms import Alarm

language.choose(language.asked(sys.argv))

EXIT_DIFFERENT = EXIT_FAILED = 1
EXIT_BAD_INPUT = 2

StatePath = click.Path(file_okay=False, path_type=Path)
FilePath = click.Path(dir_okay=False, path_type=Path)

state_option = click.option(
    "--state",
    type=StatePath,
    default=default_state,
    show_default=str(default_state()),
    help=_("Directory of the journal, the trace, the secrets and the control socket."),
)
json_option = click.option("--json", "as_json", is_flag=True, help=_("Answer as JSON."))
config_option = click.option(
    "--config", type=FilePath, default=SIMULATED / "office.toml", help=_("The office (office.toml).")
)
board_option = click.option(
    "--board", type=FilePath, default=SIMULATED / "board.toml", help=_("The board (board.toml).")
)


def fail(error: object, code: int = EXIT_FAILED) -> NoReturn:
    """Tell why and end; never a traceback."""
    click.echo(f"cityline: {error}", err=True)
    sys.exit(code)


@click.group(help=_("Cityline: an office telephone exchange on a small board."))
@click.version_option(__version__, prog_name="cityline")
@click.option("--language", type=click.Choice(language.LANGUAGES), help=_("Language of these texts."))
def main(language: str | None) -> None:
    """The group of all commands; the language was chosen when this module was loaded."""


# --- run ----------------------------------------------------------------------------------------------------


@main.command(help=_("Run an office until Ctrl-C, or play a story of the bench."))
@click.option(
    "--story",
    default="",
    metavar="NAME|all",
    help=_("Play a story in virtual time and exit with its verdict."),
)
@click.option(
    "--out", type=StatePath, default=None, help=_("With --story: WAV files of what each party heard.")
)
@click.option(
    "--listen", default="127.0.0.1", metavar="ADDR[:PORT]", help=_("Where SIP listens (default 127.0.0.1).")
)
@click.option(
    "--sip-user",
    default="nobody",
    show_default=True,
    metavar="NAME",
    help=_("Whom the SIP process becomes when root starts the office."),
)
@config_option
@board_option
@state_option
@click.option("--no-prompt", is_flag=True, help=_("Do not offer the bench prompt on a terminal."))
@click.option("--verbose", is_flag=True, help=_("Say more in the log."))
def run(
    story: str,
    out: Path | None,
    listen: str,
    sip_user: str,
    config: Path,
    board: Path,
    state: Path,
    no_prompt: bool,
    verbose: bool,
) -> None:
    """Run the gateway, or a story."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    if story:
        _play(story, out)
    from gateway.app import RunSettings

    address, port = parse_listen(listen)
    settings = RunSettings(config, board, state, address, port, sip_user)
    prompt = not no_prompt and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        asyncio.run(_run(settings, prompt=prompt))
    except ConfigError as error:
        fail(error, EXIT_BAD_INPUT)
    except CitylineError as error:
        fail(error)
    except KeyboardInterrupt:
        fail(_("interrupted before it was up"), 130)


def parse_listen(text: str) -> tuple[str, int | None]:
    """``127.0.0.1``, ``0.0.0.0:5070``, ``[::1]:5070``; click.BadParameter for anything else."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":") if bracket and rest[:1] in ("", ":") else "wrong"
    elif text.count(":") == 1:
        host, _colon, port = text.partition(":")
    else:
        host, port = text, ""
    try:
        ip_address(host)
        number = int(port) if port else None
    except ValueError:
        number = 0
    if number is not None and not 0 < number < 65_536:
        remedy = _("{text!r} is no address; give one of this machine, such as 127.0.0.1 or 0.0.0.0:5070")
        raise click.BadParameter(remedy.format(text=text), param_hint="--listen")
    return host, number


async def _run(settings: "RunSettings", *, prompt: bool) -> None:
    from gateway import app

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        stopped.set()
        if number is signal.SIGINT:
            loop.remove_signal_handler(number)  # a second Ctrl-C ends at once

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    await app.run(settings, stopped, on_started=_announce, prompt=_bench_prompt if prompt else None)
    click.echo(_("Stopped: every call is ended, every line is released."))


def _announce(gateway: "Gateway") -> None:
    office, board = gateway.configuration.office, gateway.configuration.board
    click.echo(
        _("Cityline {version} runs the office of {file}. Ctrl-C stops it.").format(
            version=__version__, file=gateway.settings.office
        )
    )
    click.echo(announcement(office, board, gateway.listen, gateway.state.path))
    for problem in gateway.configuration.warnings:
        click.echo(f"! {problem}")
    if open_to := exposure_text(gateway.listen):
        click.echo(f"! {open_to}")
    if fresh := gateway.secrets.fresh:
        shown = sys.stdout.isatty()
        click.echo(secrets_text(fresh) if shown else unshown_secrets_text(fresh, _reset(gateway.settings)))
    gateway.on_alarm = _show_alarm
    gateway.on_cure = _show_cure
    gateway.obey = _people_of(gateway)
    for alarm in gateway.alarms:
        _show_alarm(alarm)
    sys.stdout.flush()


def _reset(settings: "RunSettings") -> str:
    """`cityline secrets reset` for this very office."""
    options = (
        ("--config", settings.office, SIMULATED / "office.toml"),
        ("--board", settings.board, SIMULATED / "board.toml"),
        ("--state", settings.state, default_state()),
    )
    differing = [word for name, value, usual in options if value != usual for word in (name, str(value))]
    return shlex.join(["cityline", "secrets", "reset", *differing])


def _show_alarm(alarm: "Alarm") -> None:
    click.echo(f"! {alarm.about}: {tables.clean(alarm.text)}", err=True)


def _show_cure(alarm: "Alarm") -> None:
    click.echo(f"  {alarm.about}: {tables.clean(alarm.text)}", err=True)


class _World:
    """The gateway's twins as the bench prompt sees them; its SIP telephones are real ones."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self.telephones = gateway.board.telephones
        self.sip_telephones: dict[str, Any] = {}
        self.sip_extensions = tuple(
            extension.number
            for extension in gateway.configuration.office.extensions
            if extension.kind is ExtensionKind.SIP
        )
        self.city = gateway.board.city

    def plan(self) -> "Plan":
        """The plan in force."""
        return self._gateway.plans.plan

    def view(self) -> "ExchangeView":
        """The exchange as it stands."""
        return self._gateway.exchange.view()

    def names(self) -> dict[str, str]:
        """Ports by the name of who is on them."""
        return {str(row.port): row.name for row in self.view().lines if row.name}


def _people_of(gateway: "Gateway") -> Callable[[str], Any]:
    """Obeys lines of the bench prompt that come over the control socket; the first loads the bench."""
    prompt: Prompt | None = None

    def obey(line: str) -> Any:
        nonlocal prompt
        from gateway.bench.prompt import Prompt

        prompt = prompt or Prompt(_World(gateway))
        answer = prompt.execute(line)
        if answer.quits:
            gateway.stopped.set()
        return {"text": answer.text, "wait_s": answer.wait_s}

    return obey


async def _bench_prompt(gateway: "Gateway") -> None:
    from gateway.bench.prompt import offer

    await offer(_World(gateway), gateway.stopped)


def _play(story: str, out: Path | None) -> NoReturn:
    from gateway import bench

    try:
        sys.exit(bench.play(story, out))
    except ConfigError as error:
        fail(error, EXIT_BAD_INPUT)
    except (CitylineError, OSError) as error:
        fail(error)


main.add_command(board_commands.board)
board_commands.board.add_command(calibrate_command.calibrate)
main.add_command(line_commands.line)


# --- see and ask --------------------------------------------------------------------------------------------


def _ask(state: Path, question: str, **details: object) -> Any:
    with _connected(state) as address:
        return client.ask(address, question, **details)


@contextlib.contextmanager
def _connected(state: Path) -> Iterator[str]:
    """The control socket's address; says how to start a gateway when none answers."""
    directory = StateDirectory(state)
    text = _("No gateway runs with the state in {state}. Start one with `cityline run`, or say --state.")
    not_running = text.format(state=directory.path)
    if not directory.socket.exists():
        fail(not_running)
    try:
        with socket_address(directory.socket) as address:
            yield address
    except client.NotRunning as error:
        fail(f"{not_running} ({error})")
    except client.Refused as error:
        fail(error)


def _show(answer: Any, as_json: bool, text: Callable[[Any], str]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False, indent=1) if as_json else text(answer))


modem_commands.add_commands(main, _connected, state_option, json_option)


@main.command(help=_("The running gateway in a few lines."))
@state_option
@json_option
def status(state: Path, as_json: bool) -> None:
    """Show the gateway."""
    _show(_ask(state, "status"), as_json, tables.status_text)


main.add_command(telephone_commands(_ask, state_option))


@main.command(help=_("Every line and what it is doing."))
@state_option
@json_option
def lines(state: Path, as_json: bool) -> None:
    """Show the lines."""
    _show(_ask(state, "lines"), as_json, tables.lines_text)


line_learning.add_to(line_commands.line, _ask, fail, state_option, json_option)


@main.command(help=_("The calls that live, or with --recorded those in the journal."))
@state_option
@json_option
@click.option(
    "--recorded", is_flag=True, help=_("Calls of the journal, newest first; also when no gateway runs.")
)
@click.option("--last", type=click.IntRange(1, 1_000_000), default=50, help=_("How many of them."))
def calls(state: Path, as_json: bool, recorded: bool, last: int) -> None:
    """Show calls."""
    if not recorded:
        _show(_ask(state, "calls"), as_json, tables.calls_text)
        return
    from gateway.drivers.storage import StorageError, read_calls

    try:
        records = read_calls(StateDirectory(state).journal, limit=last)
    except StorageError as error:
        fail(error)
    if as_json:
        click.echo(
            json.dumps([tables.recorded_plain(record) for record in records], ensure_ascii=False, indent=1)
        )
    else:
        click.echo(tables.recorded_text(records))


@main.command(help=_("What the machines of the exchange say; with --follow as it happens."))
@state_option
@json_option
@click.option("--follow", is_flag=True, help=_("Go on until Ctrl-C."))
@click.option("--all", "everything", is_flag=True, help=_("Events and actions too."))
@click.option(
    "--last", type=click.IntRange(0, LAST_LINES_LIMIT), default=20, help=_("How many lines of the past.")
)
def trace(state: Path, as_json: bool, follow: bool, everything: bool, last: int) -> None:
    """Show the trace."""

    def show(lines: Iterable[str], count: int | None = None) -> None:
        texts = (line if as_json else tables.trace_text(line, everything=everything) for line in lines)
        wanted = (text for text in texts if text)
        for text in wanted if count is None else deque(wanted, maxlen=count):
            click.echo(text)

    directory = StateDirectory(state)
    if not follow and not directory.socket.exists() and (past := _end_of_last_trace(directory)):
        show(past, last)
        return
    try:
        with _connected(state) as address:
            show(client.read_trace(address, LAST_LINES_LIMIT if last else 0, follow=False), last)
            if follow:
                show(client.read_trace(address, 0, follow=True))
    except KeyboardInterrupt:
        sys.exit(0)


def _end_of_last_trace(directory: StateDirectory) -> list[str]:
    """What the last gateway wrote in the end, when none runs; says so."""
    from gateway.runtime.trace import last_lines, segments

    files = segments(directory.trace)
    if not files:
        return []
    click.echo(_("No gateway runs; this is the end of {file}.").format(file=files[-1]), err=True)
    return last_lines(files[-1], LAST_LINES_LIMIT)


@main.command(
    context_settings={"ignore_unknown_options": True},
    help=_("Move the people of a simulated board: `cityline bench 101 lifts`, or lines of the input."),
)
@state_option
@click.argument("words", nargs=-1)
def bench(state: Path, words: tuple[str, ...]) -> None:
    """Obey lines of the bench prompt."""
    with _connected(state) as address:
        for line in [" ".join(words)] if words else sys.stdin:
            answer = client.ask(address, "bench", line=line)
            if answer["text"]:
                click.echo(answer["text"])
            time.sleep(answer["wait_s"])


@main.command(
    help=_("Replay a trace or a bundle of the flight recorder: does the code that is here do the same?")
)
@click.argument("file", type=FilePath)
@json_option
@click.option(
    "--keep",
    is_flag=True,
    help=_("Make a bundle a test in tests/recordings; it expects what this code does now."),
)
def replay(file: Path, as_json: bool, keep: bool) -> None:
    """Replay a trace or a bundle."""
    from gateway.runtime.bundle import is_bundle

    if is_bundle(file):
        from gateway.bench import replay_bundle

        sys.exit(replay_bundle(file, as_json=as_json, keep=keep))
    if keep:
        fail(_("only a bundle can be kept as a test, and {file} is none").format(file=file), EXIT_BAD_INPUT)
    _replay_trace(file, as_json)


def _replay_trace(file: Path, as_json: bool) -> NoReturn:
    from gateway.exchange import Exchange
    from gateway.runtime import replay as again
    from gateway.runtime.trace import TraceError, TraceHeader, TraceRun

    def make(header: TraceHeader) -> Exchange:
        return Exchange(
            header.office, header.board, media_address=header.media_address, first_id=header.first_id
        )

    try:
        report = again.replay(TraceRun(file), make)
    except TraceError as error:
        fail(error, EXIT_BAD_INPUT)
    if as_json:
        click.echo(json.dumps(again.report_plain(report), ensure_ascii=False, indent=1))
    else:
        click.echo(again.report_text(report))
    sys.exit(EXIT_DIFFERENT if report.difference else 0)


secrets_commands.add_to(main, fail, (config_option, board_option, state_option))


if __name__ == "__main__":
    main()
