"""The full scale of a sound card: measured from a tone, refused where it is none, written into board.toml."""

import math
import random
import tomllib
from array import array
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gateway.__main__ import main
from gateway.config.samples import SIMULATED
from gateway.drivers import alsa
from gateway.management import calibrate_command
from gateway.management.calibration import (
    CalibrationError,
    Tone,
    captured_full_scale_dbm0,
    measure_tone,
    played_full_scale_dbm0,
    tone_samples,
    with_full_scale,
)
from tests.drivers.test_alsa import Kernel, RefusedError

RATE_HZ = 48_000
GOOD = Tone(level_dbfs=-13.0, frequency_hz=1_004.0, purity_db=60.0, spread_db=0.02, clipped=False)


def sine(
    level_dbfs: float, frequency_hz: float = 1_004.0, *, noise: float = 0.0, seconds: float = 1.0
) -> list[int]:
    chance = random.Random(1)
    amplitude = 32_767 * 10 ** (level_dbfs / 20)
    return [
        round(amplitude * math.sin(2 * math.pi * frequency_hz * n / RATE_HZ) + chance.gauss(0, noise) + 7)
        for n in range(round(seconds * RATE_HZ))
    ]


@pytest.mark.parametrize("level_dbfs", [-3.0, -13.14, -40.0])
@pytest.mark.parametrize("frequency_hz", [1_004.0, 997.3])
def test_a_tone_is_measured_to_a_twentieth_of_a_db(level_dbfs: float, frequency_hz: float) -> None:
    tone = measure_tone(sine(level_dbfs, frequency_hz, noise=3.0), RATE_HZ)
    assert tone.level_dbfs == pytest.approx(level_dbfs, abs=0.05)
    assert tone.frequency_hz == pytest.approx(frequency_hz, abs=0.5)
    assert tone.purity_db > 20
    assert tone.spread_db < 0.2
    assert not tone.clipped


def test_noise_speech_and_silence_are_no_tone() -> None:
    assert measure_tone(sine(-90.0, noise=400.0), RATE_HZ).purity_db < 10
    assert measure_tone([0] * RATE_HZ, RATE_HZ).level_dbfs < -90
    two = [a + b for a, b in zip(sine(-20.0, 697.0), sine(-20.0, 1_209.0), strict=True)]
    assert measure_tone(two, RATE_HZ).purity_db < 10
    with pytest.raises(ValueError, match="too few"):
        measure_tone([0] * 100, RATE_HZ)


def test_the_full_scale_is_the_reference_over_what_was_heard() -> None:
    assert captured_full_scale_dbm0(GOOD, 0.0, 1_004) == 13.0
    assert captured_full_scale_dbm0(GOOD, -9.86, 1_004) == 3.14
    assert played_full_scale_dbm0(-6.5, -10.0) == 3.5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"clipped": True}, "lower `capture_percent`"),
        ({"level_dbfs": -61.0}, "only -61.0 dBFS are heard: is the tone on the line"),
        ({"frequency_hz": 425.0}, "425 Hz are heard and not 1004 Hz"),
        ({"purity_db": 12.0}, "only 12 dB over all else"),
        ({"spread_db": 1.4}, "goes up and down by 1.4 dB"),
        ({"level_dbfs": -35.0}, "a full scale of 35.0 dBm0 cannot be"),
    ],
)
def test_what_is_no_reference_is_refused_with_what_to_do(wrong: dict[str, float], says: str) -> None:
    fields = {name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__}
    with pytest.raises(CalibrationError, match=says.replace("`", ".")):
        captured_full_scale_dbm0(Tone(**(fields | wrong)), 0.0, 1_004)  # type: ignore[arg-type]


def test_a_meter_that_cannot_be_right_is_refused() -> None:
    for meter in (31.0, -40.0, float("nan")):
        with pytest.raises(CalibrationError, match="cannot be"):
            played_full_scale_dbm0(meter, -10.0)


# ---------------------------------------------------------------- board.toml
BOARD = """# our board
name = "attic"

[port.fxs1]           # the first
kind = "fxs"
audio = "alsa"
card = "near0"        # by the window
pins = { hook = "sim:0", ring_mode = "sim:1", forward_reverse = "sim:2" }

[port.fxo1]
kind = "fxo"
pins = { ring = "sim:12", loop_current = "sim:13", loop_switch = "sim:14" }
full_scale_dbm0 = 1   # guessed
"""


def test_a_field_is_written_beside_the_card_and_comments_stay() -> None:
    changed = with_full_scale(BOARD, "fxs1", "full_scale_dbm0", -1.5)
    assert changed == BOARD.replace("window\n", "window\nfull_scale_dbm0 = -1.50\n")
    again = with_full_scale(changed, "fxs1", "full_scale_dbm0", 2.0)
    assert again == changed.replace("-1.50", "2.00")


def test_a_field_that_is_there_is_replaced_and_its_comment_stays() -> None:
    changed = with_full_scale(BOARD, "fxo1", "full_scale_dbm0", 3.14)
    assert changed == BOARD.replace("full_scale_dbm0 = 1 ", "full_scale_dbm0 = 3.14 ")


def test_a_port_that_is_written_otherwise_is_left_to_its_writer() -> None:
    inline = 'name = "x"\nport.fxs1 = { kind = "fxs", card = "near0" }\n'
    with pytest.raises(CalibrationError, match=r"no table \[port\.fxs1\] of its own lines"):
        with_full_scale(inline, "fxs1", "full_scale_dbm0", 1.0)
    with pytest.raises(CalibrationError, match="no table"):
        with_full_scale(BOARD, "fxs9", "full_scale_dbm0", 1.0)


COMMENT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


@given(
    st.sampled_from(["fxs1", "fxo1"]),
    st.sampled_from(["full_scale_dbm0", "playback_full_scale_dbm0"]),
    st.floats(-20, 20),
    COMMENT,
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_written_only_the_field_changes(
    port: str, field: str, value: float, comment: str, end: str
) -> None:
    text = BOARD.replace("guessed", comment).replace("by the window", comment).replace("\n", end)
    changed = with_full_scale(text, port, field, value)
    wanted = tomllib.loads(text)
    wanted["port"][port][field] = float(f"{value:.2f}")
    assert tomllib.loads(changed) == wanted
    kept = [line for line in text.splitlines() if not line.startswith(field)]
    assert [line for line in changed.splitlines() if not line.startswith(field)] == kept
    assert text.count("#") == changed.count("#")


# ---------------------------------------------------------------- the command
class Stream:
    """One direction of a card that hears a tone."""

    def __init__(self, card: "SoundingKernel", direction: int, channels: int) -> None:
        self._card, self._direction, self._channels = card, direction, channels
        self._at = 0

    def info(self) -> dict[str, int]:
        return {"rate": RATE_HZ, "channels": self._card.sides}

    def read(self) -> tuple[int, bytes]:
        part = self._card.heard[self._at : self._at + 480]
        self._at += len(part)
        return len(part), array("h", part).tobytes()

    def write(self, frames: bytes) -> int:
        self._card.played.append(frames)
        return len(frames) // 2

    def close(self) -> None:
        self._card.closed += 1


class SoundingKernel(Kernel):
    """The kernel of the mixer tests, whose card 2 hears ``heard`` on one side."""

    PCM_NORMAL = 0
    PCM_FORMAT_S16_LE = 2
    sides = 1

    def __init__(self, heard: list[int]) -> None:
        super().__init__()
        self.heard = heard
        self.played: list[bytes] = []
        self.closed = 0
        self.busy = False

    def PCM(self, *, type: int, channels: int, device: str, **_rest: object) -> Stream:  # noqa: A002, N802
        if self.busy:
            raise RefusedError(f"Device or resource busy [{device}]")
        assert device == "hw:CARD=line1"
        return Stream(self, type, channels)


@pytest.fixture
def board_file(tmp_path: Path) -> Path:
    file = tmp_path / "board.toml"
    text = (SIMULATED / "board.toml").read_text(encoding="utf-8")
    card = '[port.fxs1]\nkind = "fxs"\naudio = "alsa"\ncard = "hw:CARD=line1"  # the left one\n'
    file.write_text(text.replace('[port.fxs1]\nkind = "fxs"\n', card), encoding="utf-8")
    file.chmod(0o640)
    return file


def calibrate(
    kernel: SoundingKernel, monkeypatch: pytest.MonkeyPatch, *words: str, typed: str = ""
) -> tuple[int, str]:
    monkeypatch.setattr(alsa, "library", lambda: kernel)
    result = CliRunner().invoke(calibrate_command.calibrate, list(words), input=typed)
    return result.exit_code, result.output


def test_a_tone_of_a_known_level_calibrates_what_is_captured(
    board_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = SoundingKernel(sine(-13.0, seconds=4.0))
    code, said = calibrate(kernel, monkeypatch, str(board_file), "fxs1", "--hears", "0")
    assert (code, kernel.closed) == (0, 1)
    assert "heard: 1004.0 Hz at -13.00 dBFS" in said
    assert "fxs1: full_scale_dbm0 = 13.00" in said
    text = board_file.read_text(encoding="utf-8")
    assert 'card = "hw:CARD=line1"  # the left one\nfull_scale_dbm0 = 13.00\n' in text
    assert text.count("#") == (SIMULATED / "board.toml").read_text(encoding="utf-8").count("#") + 1
    assert board_file.stat().st_mode & 0o777 == 0o640
    assert kernel.controls["Mic"].captures is True  # the mixer stands as it will in the office


def test_a_meter_calibrates_what_is_played(board_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = SoundingKernel([])
    code, said = calibrate(kernel, monkeypatch, str(board_file), "fxs1", "--plays", typed="-7.25\n")
    assert code == 0, said
    assert "1004 Hz are played. What does the meter on the line show" in said
    assert "playback_full_scale_dbm0 = 2.75\n" in board_file.read_text(encoding="utf-8")
    second = tone_samples(1_004, -10.0, RATE_HZ, 1, 0).tobytes()
    assert kernel.played[0] == second[:960]


def test_nothing_is_written_when_it_is_no_reference_or_a_dry_run(
    board_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = board_file.read_text(encoding="utf-8")
    hum = SoundingKernel(sine(-13.0, 50.0, seconds=4.0))
    code, said = calibrate(hum, monkeypatch, str(board_file), "fxs1", "--hears", "0")
    assert (code, "50 Hz are heard and not 1004 Hz" in said) == (1, True)
    good = SoundingKernel(sine(-13.0, seconds=4.0))
    assert calibrate(good, monkeypatch, str(board_file), "fxs1", "--hears", "0", "--dry-run")[0] == 0
    assert board_file.read_text(encoding="utf-8") == before
    assert list(board_file.parent.iterdir()) == [board_file]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("fxs1",), 2, "say one of --hears DBM0 and --plays"),
        (("fxs1", "--hears", "0", "--plays"), 2, "say one of --hears DBM0 and --plays"),
        (("fxo1", "--hears", "0"), 2, "fxo1 is no port with a sound card; such ports: fxs1"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    board_file: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, says: str
) -> None:
    kernel = SoundingKernel([])
    assert calibrate(kernel, monkeypatch, str(board_file), *words)[0] == code
    assert says in calibrate(kernel, monkeypatch, str(board_file), *words)[1]


def test_a_card_that_the_running_office_has_is_told_so(
    board_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = SoundingKernel([])
    kernel.busy = True
    code, said = calibrate(kernel, monkeypatch, str(board_file), "fxs1", "--hears", "0")
    assert code == 1
    assert "Device or resource busy" in said
    assert "stop the office first" in said


def test_a_card_without_the_wanted_side_and_a_silent_one_are_told(
    board_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = SoundingKernel([])
    code, said = calibrate(kernel, monkeypatch, str(board_file), "fxs1", "--hears", "0")
    assert (code, "gives no sound" in said) == (1, True)
    kernel.sides = 4
    code, said = calibrate(kernel, monkeypatch, str(board_file), "fxs1", "--hears", "0")
    assert (code, "cannot do 48 kHz and 16 bits" in said) == (1, True)


def test_the_command_belongs_to_the_board() -> None:
    assert CliRunner().invoke(main, ["board", "calibrate", "--help"]).exit_code == 0
