"""How well the SIP parties of the living calls are heard, and hear us: beside their rows in `cityline
calls`.
"""

from dataclasses import fields

from gateway.media.core_values import CoreStatistics, RtpStatistics
from gateway.model.plain import Plain, to_plain
from gateway.model.view import CallRow, ExchangeView, LegRow


def calls_as_heard(view: ExchangeView, core: CoreStatistics) -> Plain:
    """The calls as plain rows; a leg with RTP has ``media``: its `RtpStatistics`, rounded to 0.1."""
    media = {int(rtp.node): _media(rtp) for rtp in core.rtp}
    return [_call(row, media) for row in view.calls]


def _call(row: CallRow, media: dict[int, Plain]) -> Plain:
    plain = to_plain(row, tagged=False)
    assert isinstance(plain, dict)
    return {**plain, "legs": [_leg(leg, media) for leg in row.legs]}


def _leg(leg: LegRow, media: dict[int, Plain]) -> Plain:
    plain = to_plain(leg, tagged=False)
    assert isinstance(plain, dict)
    heard = media.get(int(leg.node))
    return plain if heard is None else {**plain, "media": heard}


def _media(rtp: RtpStatistics) -> Plain:
    values = {field.name: getattr(rtp, field.name) for field in fields(rtp) if field.name != "latched"}
    rounded: dict[str, Plain] = {
        name: round(value, 1) if isinstance(value, float) else value for name, value in values.items()
    }
    return {**rounded, "latched": list(rtp.latched) if rtp.latched is not None else None}
