"""City exchanges drawn at random, beyond what the tables of countries say: for the campaign on our lines.

Nothing here is the detectors': the nominal tones are an own short list (the Russian regulation LAW_93993,
table 1; ITU-T E.180 supplement 2 for the others), sounds are made by ``native/wires``. What is drawn: tones
up to 35 Hz and cadences up to 15 % off, levels at our port down to -35 dBm0, speech over the busy tone,
noise, hum, hybrids of every shape, delay and loss, the cadence of the bell, and how the caller's identity
is told. No polarity and no loop break: nothing but a tone tells that the far end has left.
"""

from dataclasses import dataclass
from random import Random

from gateway.simulator.board import CityCircuit
from gateway.simulator.city_character import CityCharacter, CityTone, IdentityScheme
from gateway.simulator.wires import MessageFormat, Modulation, WireSettings

MOST_OFF_HZ = 35.0
MOST_OFF_PART = 0.15
TONES_APART_HZ = 3.0
"""So much the tones of one exchange differ beside its common error."""
LEVEL_DBM0 = (-35.0, -6.0)
"""Of a whole tone at our port."""
SPEECH_OVER_SHARE = 0.3
SPEECH_OVER_DB = (-18.0, -3.0)
"""How loud somebody is over busy tone, against the tone."""
NOISE_DBM0 = (-75.0, -50.0)
HUM_DBM0 = (-90.0, -50.0)
ERL_DB = (6.0, 24.0)
LOSS_DB = (0.0, 6.0)
DELAY_MS = (0.0, 15.0)
SHAPES = 5
IDENTITY_DBM0 = (-26.0, -8.0)
MEMORY_MS = 120_000


@dataclass(frozen=True, slots=True)
class _Nominal:
    dial: tuple[float, ...]
    ringback: CityTone
    busy: CityTone
    congestion: CityTone
    ring_ms: tuple[int, ...]
    ring_hz: int
    modulation: Modulation


NOMINAL = {
    "ru": _Nominal(
        (425.0,),
        CityTone((425.0,), (1_000, 4_000)),
        CityTone((425.0,), (350, 350)),
        CityTone((425.0,), (175, 175)),
        (1_000, 4_000),
        25,
        Modulation.V23,
    ),
    "de": _Nominal(
        (425.0,),
        CityTone((425.0,), (1_000, 4_000)),
        CityTone((425.0,), (480, 480)),
        CityTone((425.0,), (240, 240)),
        (1_000, 4_000),
        25,
        Modulation.V23,
    ),
    "fr": _Nominal(
        (440.0,),
        CityTone((440.0,), (1_500, 3_500)),
        CityTone((440.0,), (500, 500)),
        CityTone((440.0,), (250, 250)),
        (1_500, 3_500),
        50,
        Modulation.V23,
    ),
    "us": _Nominal(
        (350.0, 440.0),
        CityTone((440.0, 480.0), (2_000, 4_000)),
        CityTone((480.0, 620.0), (500, 500)),
        CityTone((480.0, 620.0), (250, 250)),
        (2_000, 4_000),
        20,
        Modulation.BELL202,
    ),
}
"""Nominal figures by country (ISO 3166 alpha-2)."""
COUNTRIES = ("ru", "ru", "ru", "ru", "ru", "de", "fr", "us")
"""What is drawn: Russia as often as it concerns our offices."""


@dataclass(frozen=True, slots=True)
class DrawnExchange:
    """An exchange with its lines: ``circuits`` in the board's order. ``country`` is all the office knows."""

    country: str
    circuits: tuple[CityCircuit, ...]


def draw_exchange(random: Random, lines: int = 2, country: str = "") -> DrawnExchange:
    """An exchange of ``country`` (empty: drawn too) whose lines have one character and wires of their own."""
    country = country or random.choice(COUNTRIES)
    nominal = NOMINAL[country]
    off_hz = random.uniform(-MOST_OFF_HZ, MOST_OFF_HZ)
    level_dbm0 = random.uniform(*LEVEL_DBM0)
    loss_db = random.uniform(*LOSS_DB)
    character = _character(random, nominal, off_hz, level_dbm0 + loss_db)
    circuits = (CityCircuit(character, _wire(random, loss_db)) for _ in range(lines))
    return DrawnExchange(country, tuple(circuits))


def _character(random: Random, nominal: _Nominal, off_hz: float, level_dbm0: float) -> CityCharacter:
    def tone(of: CityTone) -> CityTone:
        own_hz = max(-MOST_OFF_HZ, min(MOST_OFF_HZ, off_hz + random.uniform(-TONES_APART_HZ, TONES_APART_HZ)))
        each = level_dbm0 - 3.0 * (len(of.frequencies_hz) - 1)
        cadence = tuple(_off(random, ms) for ms in of.cadence_ms)
        return CityTone(tuple(hz + own_hz for hz in of.frequencies_hz), cadence, each)

    speaks = random.random() < SPEECH_OVER_SHARE
    over_dbm0 = level_dbm0 + random.uniform(*SPEECH_OVER_DB)
    return CityCharacter(
        dial=tone(CityTone(nominal.dial)),
        ringback=tone(nominal.ringback),
        busy=tone(nominal.busy),
        congestion=tone(nominal.congestion),
        ring_ms=tuple(_off(random, ms) for ms in nominal.ring_ms),
        ring_hz=nominal.ring_hz,
        dial_tone_after_ms=random.randint(100, 1_500),
        busy_after_ms=random.randint(50, 1_500),
        identity=random.choice((*(IdentityScheme.FSK,) * 6, IdentityScheme.DTMF_A, IdentityScheme.DTMF_D)),
        identity_after_ms=random.randint(300, 900),
        modulation=nominal.modulation,
        message=random.choice((MessageFormat.MDMF, MessageFormat.MDMF, MessageFormat.SDMF)),
        identity_dbm0=random.uniform(*IDENTITY_DBM0),
        over_tone_dbm0=over_dbm0 if speaks else None,
    )


def _off(random: Random, ms: int) -> int:
    return round(ms * random.uniform(1.0 - MOST_OFF_PART, 1.0 + MOST_OFF_PART))


def _wire(random: Random, loss_db: float) -> WireSettings:
    return WireSettings(
        seed=random.getrandbits(32),
        erl_db=random.uniform(*ERL_DB),
        echo_delay_ms=random.uniform(*DELAY_MS),
        echo_shape=random.randrange(SHAPES),
        loss_db=loss_db,
        noise_dbm0=random.uniform(*NOISE_DBM0),
        hum_dbm0=random.uniform(*HUM_DBM0),
        on_hook_to_port=True,
        memory_ms=MEMORY_MS,
    )
