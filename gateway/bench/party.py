"""Who takes part in a story, and how late one hears the other.

A delay is measured between the measuring points of docs/architecture.md, "Mouth to ear": the two ends of a
two-wire line, and the packets at the socket. What a SIP telephone adds itself, its own jitter buffer and its
own packing, is not in it.
"""

from gateway.simulator.central_office import CityLine
from gateway.simulator.meters import Match
from gateway.simulator.modems import Mobile
from gateway.simulator.sip_peer import SipTelephone
from gateway.simulator.telephone import Telephone

Party = Telephone | SipTelephone | CityLine | Mobile

ANALOG_MS = 45.0
SIP_MS = 35.0
JITTER_BUFFER_MS = 20.0
"""What our jitter buffer may add here: the bench's network has no jitter that would make it grow."""


def listens(party: Party) -> bool:
    """Whether the party could hear anything at all: a handset on its hook proves nothing."""
    match party:
        case Telephone(off_hook=off_hook):
            return off_hook
        case SipTelephone(media=media):
            return media.remote is not None
        case CityLine(state=state) | Mobile(state=state):
            return state == "talking"


def loss_db(party: Party) -> float:
    """What the party's own line takes away, one way."""
    if isinstance(party, SipTelephone):
        return 0.0
    return party.line_loss_db


def most_delay_ms(speaker: Party, listener: Party) -> float:
    """The budget of docs/architecture.md, "Mouth to ear", for this way."""
    if isinstance(speaker, SipTelephone):
        return SIP_MS + JITTER_BUFFER_MS
    return SIP_MS if isinstance(listener, SipTelephone) else ANALOG_MS


def delay_ms(found: Match, speaker: Party, listener: Party) -> float:
    """How long sound is under way in our gateway, from what the listener's ear found of the speaker."""
    delay = found.lag_ms + _ahead_ms(listener) - _ahead_ms(speaker)
    if isinstance(listener, SipTelephone):
        delay -= listener.media.waited_ms
    return delay


def _ahead_ms(party: Party) -> float:
    """How far the ear's clock, which `found.lag_ms` goes by, is ahead of everybody's time."""
    return party.media.ahead_ms if isinstance(party, SipTelephone) else 0.0
