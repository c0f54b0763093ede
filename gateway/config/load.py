"""An office and its board from their files: checked as a whole, then frozen."""

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from gateway.config.board import load_board
from gateway.config.checks import SIP, Office, check_office, check_sockets
from gateway.config.document import Document, read_document
from gateway.config.lines import LineIndex
from gateway.config.pins import read_pins
from gateway.config.schema import ExtensionEntry, GroupEntry, OfficeFile
from gateway.config.wording import subject
from gateway.errors import ConfigError, Problem
from gateway.line.hook import flash_window
from gateway.media.prompts import SOUNDS, read_recording
from gateway.media.spoken import WORDS
from gateway.media.tones import countries
from gateway.model.numbers import PortId
from gateway.model.settings import (
    BoardSettings,
    CityLineSettings,
    DialMode,
    ExtensionKind,
    ExtensionSettings,
    HuntGroupSettings,
    LampKind,
    OfficeSettings,
    OutgoingRuleSettings,
    PulseDigits,
    QueueSettings,
    RecordedAudio,
    RecorderSettings,
    SipSettings,
    TrunkChoice,
    TrunkGroupSettings,
)

FALLBACK_CLIP = "hold"


@dataclass(frozen=True, slots=True)
class Places:
    """Where things stand in a file: for whoever finds out only later that they are wrong."""

    file: str = ""
    index: LineIndex = field(default_factory=LineIndex, repr=False)

    def of(self, *path: str) -> str:
        """``board.toml:12: port "fxs1"``; the file alone where the line is not known."""
        return str(Problem(self.file, self.index.line(path), subject(path), "")).removesuffix(": ")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that the files say.

    `clips` are recordings by name, 16-bit little-endian mono at 8 kHz, for `SignalCore.load_clip`. `secrets`
    are those that office.toml gives, by extension; the others are made at the first start. `warnings` are
    problems that do not keep the office from working: our own music replaces a bad recording. `board_places`
    are the lines of board.toml.
    """

    office: OfficeSettings
    board: BoardSettings
    clips: Mapping[str, bytes] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    warnings: tuple[Problem, ...] = ()
    pins: Mapping[PortId, str] = field(default_factory=dict, repr=False)
    """PINs of SIMs by port: from files that board.toml names, and nowhere else."""
    board_places: Places = field(default_factory=Places, repr=False)

    def without_opus(self) -> "Configuration":
        """The same on a machine that has no libopus."""
        return replace(self, office=replace(self.office, sip=replace(self.office.sip, opus=False)))

    def place_of_pin(self, pin: str) -> str:
        """Where board.toml names this pin (``gpiochip0:17``), or the first pin of this chip."""
        for port in self.board.ports:
            for role, text in port.pins:
                if pin in (text, text.rpartition(":")[0]):
                    return self.board_places.of("port", port.port, "pins", role)
        relay = self.board.relay
        for role, text in (("pin", relay.pin), ("in_use", relay.in_use)) if relay is not None else ():
            if pin in (text, text.rpartition(":")[0]):
                return self.board_places.of("relay", role)
        return self.board_places.of()


def load_configuration(
    office_path: FilePath, board_path: FilePath, *, sip_port: int | None = None
) -> Configuration:
    """Read both files; `ConfigError` with every problem in them, in the order of their lines.

    ``sip_port`` is used instead of the office's (--listen).
    """
    board, board_document = load_board(board_path)
    pins = read_pins(board_document, board_path.parent)
    document = read_document(office_path)
    file = document.check(OfficeFile if "country" in document.values else _countryless(document))
    clips, warnings = _load_clips(document, file, office_path.parent)
    if file is not None:
        names = (frozenset(clips) - WORDS) | frozenset(document.table("clip"))
        check_office(Office(document, file, board, names, countries()))
        check_sockets(document, file, board_document, board, sip_port)
    problems = [*board_document.problems, *sorted(document.problems, key=lambda problem: problem.line)]
    if problems or file is None:
        raise ConfigError(*problems)
    warnings += _exposed(document, file, office_path)
    version = hashlib.sha256(f"{document.digest} {board_document.digest}".encode()).hexdigest()
    places = Places(board_document.name, board_document.index)
    return Configuration(
        _settings(file, version), board, clips, _secrets(file), tuple(warnings), pins, board_places=places
    )


def _countryless(document: Document) -> type[OfficeFile]:
    """A file without its one required field is checked as if it had it, so that the rest is checked too."""
    document.complain((), 'the field "country" is missing', 'add a line at the top: country = "ru"')
    document.values = {"country": countries()[0], **document.values}
    return OfficeFile


def _load_clips(
    document: Document, file: OfficeFile | None, folder: FilePath
) -> tuple[dict[str, bytes], list[Problem]]:
    clips = {path.stem: read_recording(path) for path in sorted(SOUNDS.glob("*.wav"))}
    warnings = []
    for name, clip in (file.clip if file is not None else {}).items():
        try:
            clips[name] = read_recording(folder / clip.file)
        except ConfigError as error:
            clips[name] = clips[FALLBACK_CLIP]
            for problem in error.problems:
                what = f'"file" is "{clip.file}": {problem.what}; our own music plays instead'
                warnings.append(document.problem(("clip", name, "file"), what, problem.remedy))
    return clips, warnings


def _settings(file: OfficeFile, version: str) -> OfficeSettings:
    return OfficeSettings(
        country=file.country,
        extensions=tuple(_extension(number, entry, file.country) for number, entry in file.extension.items()),
        city_lines=_city_lines(file),
        hunt_groups=tuple(_group(number, entry) for number, entry in file.group.items()),
        queues=_queues(file),
        trunk_groups=tuple(
            TrunkGroupSettings(name, tuple(entry.lines), TrunkChoice(entry.choose))
            for name, entry in file.trunks.items()
        ),
        outgoing=tuple(
            OutgoingRuleSettings(rule.prefix, rule.trunks, rule.strip, rule.min_digits, rule.max_digits)
            for rule in file.outgoing
        ),
        sip=SipSettings(
            file.sip.realm,
            file.sip.port,
            tuple(dict.fromkeys(file.sip.transports)),
            comfort_noise=file.sip.comfort_noise,
            opus=file.sip.opus,
        ),
        internal_cadence_ms=tuple(file.rings.internal),
        external_cadence_ms=tuple(file.rings.external),
        recorder=RecorderSettings(
            file.recorder.calls,
            RecordedAudio(file.recorder.audio),
            file.recorder.before_s,
            file.recorder.after_s,
            file.recorder.keep_days,
            file.recorder.disk_mb,
        ),
        hold_music=file.hold_music,
        forwarded_at_once=file.forwarded_at_once,
        interdigit_ms=file.times.interdigit_ms,
        first_digit_ms=file.times.first_digit_ms,
        no_answer_ms=file.times.no_answer_ms,
        version=version,
    )


def _extension(number: str, entry: ExtensionEntry, country: str) -> ExtensionSettings:
    shortest_ms, longest_ms = flash_window(country)
    analog = entry.station != SIP
    return ExtensionSettings(
        number=number,
        name=entry.name,
        kind=ExtensionKind.ANALOG if analog else ExtensionKind.SIP,
        port=PortId(entry.station) if analog else None,
        paired_line=entry.paired_line,
        flash_min_ms=entry.flash_min_ms or shortest_ms,
        flash_max_ms=entry.flash_max_ms or longest_ms,
        identity=entry.identity,
        call_waiting=entry.call_waiting,
        lamp=LampKind(entry.lamp),
        hotline=entry.hotline or "",
        hotline_after_ms=entry.hotline_after_ms,
        reoriginate_after_ms=entry.reoriginate_after_ms,
        called_held_ms=entry.called_held_ms,
        answer_reversal=entry.answer_reversal,
        clear_break_ms=entry.clear_break_ms,
        letters="ascii" if entry.letters == "latin" else entry.letters,
    )


def _group(number: str, entry: GroupEntry) -> HuntGroupSettings:
    members, cadence_ms = tuple(entry.members), tuple(entry.cadence_ms)
    return HuntGroupSettings(number, entry.name, members, entry.ring_ms, entry.overflow, cadence_ms)


def _city_lines(file: OfficeFile) -> tuple[CityLineSettings, ...]:
    return tuple(
        CityLineSettings(
            name=name,
            port=PortId(line.port),
            destination=line.to,
            number=line.number,
            dial_tone_wait_ms=line.dial_tone_wait_ms,
            answer_after_dialling_ms=line.answer_after_dialling_ms,
            number_request=line.number_request,
            messages_to=line.messages_to,
            longest_call_ms=line.longest_call_ms,
            long_silence_ms=line.long_silence_ms,
            disconnect_code=line.disconnect_code,
            dialling=DialMode(line.dialling),
            access=line.access,
            pulse_break_ms=line.pulse_break_ms,
            pulse_make_ms=line.pulse_make_ms,
            pulse_digits=PulseDigits(line.pulse_digits) if line.pulse_digits else None,
            flash_ms=line.flash_ms,
        )
        for name, line in file.line.items()
    )


def _queues(file: OfficeFile) -> tuple[QueueSettings, ...]:
    return tuple(
        QueueSettings(
            number=number,
            name=queue.name,
            members=tuple(queue.members),
            music=queue.music,
            limit=queue.limit,
            max_wait_ms=queue.max_wait_ms,
            ring_ms=queue.ring_ms,
            overflow=queue.overflow,
        )
        for number, queue in file.queue.items()
    )


def _exposed(document: Document, file: OfficeFile, path: FilePath) -> list[Problem]:
    """Secrets in a file that others on this machine can read are none."""
    given = list(_secrets(file))
    if not given or not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return []
    what = "holds secrets, and others on this machine can read it"
    place = ("extension", given[0], "secret")
    return [document.problem(place, what, f"make it yours alone: chmod 600 {path}")]


def _secrets(file: OfficeFile) -> dict[str, str]:
    return {number: entry.secret for number, entry in file.extension.items() if entry.secret is not None}
