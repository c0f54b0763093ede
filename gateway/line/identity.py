"""How a telephone on our wire is told who calls: the schemes, which country's sets know which, the message.

Sources: ETSI EN 300 659-1 (V.23: after the first ring, or before it led in by a dual tone (DT-AS), a reversal
of polarity, or a short ring) and -3 (the message); Bellcore GR-30 (Bell 202). The DTMF forms and which
country has what are from the facts on national lines (spandsp, weeBell, Asterisk); the rest of the world has
ETSI's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

from gateway.model.plan import IdentityAlert, IdentityForm, IdentityMessage, Modulation
from gateway.model.settings import ON_HOOK_AUDIO, POLARITY_REVERSAL

Spelling = Callable[[str], str]
"""A name as one telephone can show it."""

COUNTRY, NONE = "country", "none"
"""What an extension may say besides the name of a scheme."""

DTMF_DIGITS_MAX = 16
NUMBER_MAX = 20

LEAD_IN_ON_HOOK_MS = 200
"""DT-AS and the pause behind it."""
LEAD_IN_IN_CALL_MS = 400
"""CAS, the telephone's answer, the pause behind it."""
BITS_BEFORE, BITS_AN_OCTET, BITS_A_MS = 490, 10, 1.2
"""Seizure and marks; FSK of 1200 bits a second."""
OCTETS_AROUND = 25
"""Type, length, checksum; each parameter's type and length; the date."""
DIGIT_MS = 140


class Lead(Enum):
    """What comes before the message."""

    RING = auto()  # the first ring: the message stands in the pause behind it
    NOTHING = auto()  # before the first ring
    ALERT = auto()  # DT-AS
    REVERSAL_ALERT = auto()  # polarity, then DT-AS
    REVERSAL = auto()  # polarity
    RING_PULSE = auto()  # a short ring of its own


_REVERSALS = (Lead.REVERSAL, Lead.REVERSAL_ALERT)


@dataclass(frozen=True, slots=True)
class IdentityScheme:
    """One way of telling who calls."""

    form: IdentityForm
    lead: Lead = Lead.RING
    modulation: Modulation = Modulation.V23

    @property
    def before_ringing(self) -> bool:
        """Whether it must be known who calls before the bell rings."""
        return self.lead is not Lead.RING

    @property
    def reverses(self) -> bool:
        """Whether polarity is reversed for it."""
        return self.lead in _REVERSALS

    @property
    def needs(self) -> tuple[str, ...]:
        """What the port's module must be able to do."""
        return (ON_HOOK_AUDIO, POLARITY_REVERSAL) if self.reverses else (ON_HOOK_AUDIO,)

    @property
    def alert(self) -> IdentityAlert:
        """What leads in the message itself."""
        led = self.lead in (Lead.ALERT, Lead.REVERSAL_ALERT)
        return IdentityAlert.ON_HOOK if led else IdentityAlert.NONE

    @property
    def digits(self) -> bool:
        """DTMF: digits alone, no name."""
        return self.form in _DIGIT_FORMS


_DIGIT_FORMS = (
    IdentityForm.DTMF_A_C,
    IdentityForm.DTMF_D_C,
    IdentityForm.DTMF_A_HASH,
    IdentityForm.DTMF_HASH,
)

SCHEMES = {
    "bell202": IdentityScheme(IdentityForm.MDMF, modulation=Modulation.BELL202),
    "v23": IdentityScheme(IdentityForm.MDMF),
    "v23-alert": IdentityScheme(IdentityForm.MDMF, Lead.ALERT),
    "v23-reversal": IdentityScheme(IdentityForm.MDMF, Lead.REVERSAL_ALERT),
    "v23-ring-pulse": IdentityScheme(IdentityForm.MDMF, Lead.RING_PULSE),
    "dtmf": IdentityScheme(IdentityForm.DTMF_A_C, Lead.NOTHING),
    "dtmf-d": IdentityScheme(IdentityForm.DTMF_D_C, Lead.NOTHING),
    "dtmf-a-hash": IdentityScheme(IdentityForm.DTMF_A_HASH, Lead.NOTHING),
    "dtmf-hash": IdentityScheme(IdentityForm.DTMF_HASH, Lead.NOTHING),
    "dtmf-reversal": IdentityScheme(IdentityForm.DTMF_A_C, Lead.REVERSAL),
    "dtmf-after-ring": IdentityScheme(IdentityForm.DTMF_A_C),
}
"""By the name that office.toml gives them."""

_COUNTRIES = {
    **dict.fromkeys(("us", "ca", "au", "cn", "tw", "hk"), "bell202"),
    **dict.fromkeys(("be", "br", "dk", "fi", "is", "nl", "sa", "se", "uy"), "dtmf"),
    "gb": "v23-reversal",
    "in": "dtmf-reversal",
    "kw": "dtmf-d",
    "jp": NONE,  # NTT's way has the telephone answer and hang up again: not done
}


def scheme_of(setting: str, country: str, capabilities: tuple[str, ...]) -> IdentityScheme | None:
    """The scheme of an extension; None when it is told nothing, or its port's module cannot."""
    name = _COUNTRIES.get(country, "v23") if setting == COUNTRY else setting
    scheme = SCHEMES.get(name)
    if scheme is None or not set(scheme.needs) <= set(capabilities):
        return None
    return scheme


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as is known: empty and not ``withheld`` when nobody can say."""

    number: str
    name: str
    withheld: bool


def message_of(scheme: IdentityScheme, caller: Caller, spelling: Spelling, letters: str) -> IdentityMessage:
    """What the telephone is told of this caller."""
    allowed, most = ("0123456789", DTMF_DIGITS_MAX) if scheme.digits else ("0123456789*#+", NUMBER_MAX)
    number = "".join(sign for sign in caller.number if sign in allowed)[-most:]
    return IdentityMessage(
        scheme.form,
        scheme.modulation,
        scheme.alert,
        number="" if caller.withheld else number,
        private=caller.withheld,
        name="" if scheme.digits or caller.withheld else spelling(caller.name),
        letters=letters,
    )


def lamp_message(scheme: IdentityScheme | None, *, on: bool) -> IdentityMessage:
    """The state of a telephone's message lamp. V.23 sets want a dual tone before a message without a ring."""
    modulation = scheme.modulation if scheme is not None else Modulation.V23
    alert = IdentityAlert.NONE if modulation is Modulation.BELL202 else IdentityAlert.ON_HOOK
    return IdentityMessage(IdentityForm.LAMP_MDMF, modulation, alert, lamp_on=on)


def in_call(message: IdentityMessage) -> IdentityMessage:
    """The same for a telephone that is in a call (type II)."""
    return replace(message, alert=IdentityAlert.IN_CALL)


def duration_ms(message: IdentityMessage) -> int:
    """How long it takes to send, at most."""
    if message.form in _DIGIT_FORMS:
        return DIGIT_MS * (len(message.number) + 4)
    leads = {IdentityAlert.ON_HOOK: LEAD_IN_ON_HOOK_MS, IdentityAlert.IN_CALL: LEAD_IN_IN_CALL_MS}
    octets = OCTETS_AROUND + len(message.number) + len(message.name.encode(message.letters, "replace"))
    return leads.get(message.alert, 0) + round((BITS_BEFORE + BITS_AN_OCTET * octets) / BITS_A_MS)
