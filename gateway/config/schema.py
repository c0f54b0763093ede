"""The files that people write, as pydantic sees them: every field with its type, limits and default.

Entries only; what fields mean to each other is in `checks`, and the frozen settings that the rest of the
house reads are in `model.settings`. Strict: `"5"` is not 5, and an unknown field is refused.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.model.settings import (
    CityLineSettings,
    ExtensionSettings,
    HuntGroupSettings,
    OfficeSettings,
    PortSettings,
    QueueSettings,
    SipSettings,
)

HOUR_MS = 3_600_000
Text = Annotated[str, Field(min_length=1, max_length=80)]
Milliseconds = Annotated[int, Field(ge=0, le=24 * HOUR_MS)]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


def _default(settings: type, name: str) -> int:
    """A field's default as the settings have it, so that there is one place for it."""
    value = settings.__dataclass_fields__[name].default  # type: ignore[attr-defined]
    assert isinstance(value, int)
    return value


class Entry(BaseModel):
    """What every table has in common."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ExtensionEntry(Entry):
    """``[extension.101]``: a number and the station behind it."""

    name: Text
    station: Text
    secret: Annotated[str, Field(min_length=12, max_length=128)] | None = None
    paired_line: Text | None = None
    flash_min_ms: Annotated[int, Field(ge=20, le=1_000)] = _default(ExtensionSettings, "flash_min_ms")
    flash_max_ms: Annotated[int, Field(ge=50, le=2_000)] = _default(ExtensionSettings, "flash_max_ms")


class LineEntry(Entry):
    """``[line.city1]``: a city line and where its calls go."""

    port: Text
    to: Text
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{0,20}$")] = ""
    dial_tone_wait_ms: Annotated[int, Field(ge=500, le=60_000)] = _default(
        CityLineSettings, "dial_tone_wait_ms"
    )
    answer_after_dialling_ms: Annotated[int, Field(ge=2_000, le=60_000)] = _default(
        CityLineSettings, "answer_after_dialling_ms"
    )


class GroupEntry(Entry):
    """``[group.600]``: rings all its members."""

    name: Text
    members: Annotated[list[Text], Field(min_length=1)]
    ring_ms: Annotated[int, Field(ge=3_000, le=600_000)] = _default(HuntGroupSettings, "ring_ms")
    overflow: str = ""


class QueueEntry(Entry):
    """``[queue.610]``: holds callers until a member is free."""

    name: Text
    members: Annotated[list[Text], Field(min_length=1)]
    music: Text = "hold"
    limit: Annotated[int, Field(ge=1, le=200)] = _default(QueueSettings, "limit")
    max_wait_ms: Annotated[int, Field(ge=10_000, le=2 * HOUR_MS)] = _default(QueueSettings, "max_wait_ms")
    ring_ms: Annotated[int, Field(ge=3_000, le=600_000)] = _default(QueueSettings, "ring_ms")
    overflow: str = ""


class TrunksEntry(Entry):
    """``[trunks.city]``: lines to choose from."""

    lines: Annotated[list[Text], Field(min_length=1)]


class OutgoingEntry(Entry):
    """``[[outgoing]]``: which numbers go out, and over what."""

    prefix: Digits
    trunks: Text
    strip: Annotated[int, Field(ge=0, le=20)] = 0
    min_digits: Annotated[int, Field(ge=1, le=20)] = 1
    max_digits: Annotated[int, Field(ge=1, le=20)] = 20


class ClipEntry(Entry):
    """``[clip.NAME]``: a recording, relative to the file that names it."""

    file: Text


class SipEntry(Entry):
    """``[sip]``: where SIP telephones register."""

    realm: Annotated[str, Field(pattern=r'^[^"\\\x00-\x1f]{1,64}$')] = "cityline"
    port: Annotated[int, Field(ge=1, le=65_535)] = _default(SipSettings, "port")
    transports: Annotated[list[Literal["udp", "tcp"]], Field(min_length=1)] = ["udp", "tcp"]


class TimesEntry(Entry):
    """``[times]``: how long we wait."""

    first_digit_ms: Annotated[int, Field(ge=1_000, le=120_000)] = _default(OfficeSettings, "first_digit_ms")
    interdigit_ms: Annotated[int, Field(ge=1_000, le=30_000)] = _default(OfficeSettings, "interdigit_ms")
    no_answer_ms: Annotated[int, Field(ge=5_000, le=600_000)] = _default(OfficeSettings, "no_answer_ms")


class OfficeFile(Entry):
    """office.toml as a whole."""

    country: Text
    hold_music: Text = "hold"
    times: TimesEntry = TimesEntry()
    sip: SipEntry = SipEntry()
    extension: dict[str, ExtensionEntry] = {}
    line: dict[str, LineEntry] = {}
    group: dict[str, GroupEntry] = {}
    queue: dict[str, QueueEntry] = {}
    trunks: dict[str, TrunksEntry] = {}
    outgoing: list[OutgoingEntry] = []
    clip: dict[str, ClipEntry] = {}


class PortEntry(Entry):
    """``[port.fxs1]``: one socket of the board."""

    kind: Literal["fxs", "fxo"]
    audio: Literal["wire", "alsa"] = "wire"
    card: Text | None = None
    side: Literal["left", "right"] | None = None
    pins: dict[str, str] = {}
    ring_hz: Annotated[int, Field(ge=15, le=68)] = _default(PortSettings, "ring_hz")
    full_scale_dbm0: Annotated[float, Field(ge=-20.0, le=20.0, allow_inf_nan=False)] = 3.14


class RtpEntry(Entry):
    """``[rtp]``: the UDP sockets for speech."""

    first_port: Annotated[int, Field(ge=1_024, le=65_534)] = 16_384
    sockets: Annotated[int, Field(ge=1, le=256)] = 32


class BoardFile(Entry):
    """board.toml as a whole."""

    name: Text
    rtp: RtpEntry = RtpEntry()
    port: Annotated[dict[str, PortEntry], Field(min_length=1)]
