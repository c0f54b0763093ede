"""`cityline board calibrate`: what a full-scale sine of a port's sound card is on the line, in dBm0, measured
against a reference and written into the board file.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateway.errors import CitylineError, ConfigError
from gateway.management.board_commands import EXIT_BAD_INPUT, FilePath
from gateway.management.language import _

if TYPE_CHECKING:
    from gateway.model.settings import PortSettings

EXIT_FAILED = 1
SENT_DBFS = -10.0
LISTENS_S = 3.0
SETTLES_S = 0.5


@click.command(
    help=_(
        "Measure what a full-scale sine of a port's sound card is on the line, and write it into the board"
        " file. Either a tone of a known level comes from the line (--hears), or we play one and you read a"
        " meter (--plays). The office must not be running."
    )
)
@click.argument("file", type=FilePath)
@click.argument("port")
@click.option("--hears", type=float, default=None, metavar="DBM0", help=_("Level of the tone on the line."))
@click.option("--plays", is_flag=True, help=_("Play a tone and ask what the meter shows."))
@click.option(
    "--frequency",
    type=click.IntRange(200, 3_400),
    default=1_004,
    show_default=True,
    help=_("Of the tone, in Hz."),
)
@click.option("--dry-run", is_flag=True, help=_("Measure, but write nothing."))
def calibrate(file: Path, port: str, hears: float | None, plays: bool, frequency: int, dry_run: bool) -> None:
    """Measure one direction of one port."""
    if (hears is None) is not plays:
        _fail(_("say one of --hears DBM0 and --plays"), EXIT_BAD_INPUT)
    try:
        settings = _port(file, port)
        with _off_hook(settings):
            if hears is not None:
                field, value = "full_scale_dbm0", _heard(settings, hears, frequency)
            else:
                field, value = "playback_full_scale_dbm0", _played(settings, frequency)
        click.echo(f"{port}: {field} = {value:.2f}")
        if not dry_run:
            _write(file, port, field, value)
            click.echo(_("{file} is written.").format(file=file))
    except ConfigError as error:
        _fail(error, EXIT_BAD_INPUT)
    except CitylineError as error:
        _fail(error, EXIT_FAILED)
    except OSError as error:
        _fail(f"{file}: {error.strerror}", EXIT_FAILED)


def _port(file: Path, name: str) -> "PortSettings":
    from gateway.config.board import load_board
    from gateway.model.settings import AudioKind

    settings, _document = load_board(file)
    ports = {str(port.port): port for port in settings.ports if port.audio is AudioKind.ALSA}
    if name not in ports:
        there = ", ".join(ports) or _("none")
        _fail(
            _("{file}: {port} is no port with a sound card; such ports: {there}").format(
                file=file, port=name, there=there
            ),
            EXIT_BAD_INPUT,
        )
    return ports[name]


@contextlib.contextmanager
def _off_hook(port: "PortSettings") -> Iterator[None]:
    """A city line carries sound only while its loop is closed; a telephone's handset is lifted by hand."""
    from gateway.model.settings import PortKind

    if port.kind is not PortKind.FXO or port.simulated:
        yield
        return
    from gateway.drivers.line_modules import GpioLineModules  # gpiod is only where pins are

    modules = GpioLineModules([port])
    try:
        modules.set_loop(port.port, True)
        yield
    finally:
        modules.stop()


def _card(port: "PortSettings") -> tuple[str, Any]:
    """The ALSA name of the port's card, its mixer set as the office would, and the library."""
    from gateway.drivers import alsa
    from gateway.drivers.card_mixer import MixerSettings, settle_mixer

    library = alsa.library()
    card = alsa.require_card(port.card, alsa.list_cards(library))
    if card is not None:
        for lacking in settle_mixer(card, library, MixerSettings.of(port)).lacking:
            click.echo(f"! {card.text}: {lacking}", err=True)
    return alsa.alsa_name(port.card, card), library


def _heard(port: "PortSettings", reference_dbm0: float, frequency_hz: int) -> float:
    from gateway.drivers.card_audio import RATE_HZ, record
    from gateway.management.calibration import captured_full_scale_dbm0, measure_tone

    device, library = _card(port)
    sound = record(device, port.card_side, SETTLES_S + LISTENS_S, library)
    tone = measure_tone(sound[round(SETTLES_S * RATE_HZ) :], RATE_HZ)
    click.echo(
        _(
            "heard: {hz:.1f} Hz at {level:.2f} dBFS, {purity:.0f} dB over all else, steady to {spread:.2f} dB"
        ).format(hz=tone.frequency_hz, level=tone.level_dbfs, purity=tone.purity_db, spread=tone.spread_db)
    )
    return captured_full_scale_dbm0(tone, reference_dbm0, frequency_hz)


def _played(port: "PortSettings", frequency_hz: int) -> float:
    from gateway.drivers.card_audio import RATE_HZ, playing
    from gateway.management.calibration import played_full_scale_dbm0, tone_samples

    device, library = _card(port)

    def make(sides: int) -> Any:
        return tone_samples(frequency_hz, SENT_DBFS, RATE_HZ, sides, port.card_side)

    with playing(device, port.card_side, make, library):
        asked = _("{hz} Hz are played. What does the meter on the line show, in dBm0?").format(
            hz=frequency_hz
        )
        meter_dbm0 = click.prompt(asked, type=float)
    return played_full_scale_dbm0(meter_dbm0, SENT_DBFS)


def _write(file: Path, port: str, field: str, value: float) -> None:
    """The whole file or none of it, with the rights that it had."""
    from gateway.config.board import load_board
    from gateway.management.calibration import with_full_scale

    draft = file.with_name(file.name + ".new")
    text = file.read_bytes().decode("utf-8")
    draft.write_bytes(with_full_scale(text, port, field, value).encode("utf-8"))
    try:
        load_board(draft)
        shutil.copymode(file, draft)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _fail(error: object, code: int) -> NoReturn:
    click.echo(f"cityline: {error}", err=True)
    sys.exit(code)
