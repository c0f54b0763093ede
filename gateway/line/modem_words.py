"""What a modem says unasked, as values: the same words for every family.

`read_unasked` knows all three dialects at once; a modem that speaks another one's harms nobody.
"""

import re
from dataclasses import dataclass

from gateway.line.at_replies import (
    ListedCall,
    Registration,
    SimState,
    Ussd,
    fields,
    read_call,
    read_registration,
    read_signal_dbm,
    read_sim,
    read_slot,
    read_ussd,
    whole,
)
from gateway.model.causes import Cause


@dataclass(frozen=True, slots=True)
class CallBrought:
    """Somebody calls: said again with each ring."""


@dataclass(frozen=True, slots=True)
class CallsListed:
    """All calls of the modem, whoever asked."""

    calls: tuple[ListedCall, ...]


@dataclass(frozen=True, slots=True)
class CallSeen:
    """One call of perhaps several has a new state."""

    call: ListedCall


@dataclass(frozen=True, slots=True)
class FarEndAlerts:
    """The network has found the far end, which rings."""


@dataclass(frozen=True, slots=True)
class FarEndConnected:
    """The far end has answered."""


@dataclass(frozen=True, slots=True)
class CallOver:
    """The call is over, and why as far as the modem says it."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class DigitCame:
    """The far end has pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class SignalTold:
    """Strength of the received signal."""

    dbm: int | None


@dataclass(frozen=True, slots=True)
class RegistrationTold:
    """Whether the network has us."""

    registration: Registration


@dataclass(frozen=True, slots=True)
class SimTold:
    """State of the SIM."""

    state: SimState


@dataclass(frozen=True, slots=True)
class MessageAt:
    """A short message was put into this slot."""

    slot: int


@dataclass(frozen=True, slots=True)
class UssdTold:
    """The network's answer to a service code."""

    answer: Ussd


@dataclass(frozen=True, slots=True)
class Noise:
    """Said by many modems and of no use here."""


Word = (
    CallBrought
    | CallSeen
    | FarEndAlerts
    | FarEndConnected
    | CallOver
    | DigitCame
    | SignalTold
    | RegistrationTold
    | SimTold
    | MessageAt
    | UssdTold
    | Noise
)

_ENDS = {
    "NO CARRIER": Cause.NORMAL_CLEARING,
    "BUSY": Cause.USER_BUSY,
    "NO ANSWER": Cause.NO_ANSWER,
    "NO DIALTONE": Cause.NETWORK_OUT_OF_ORDER,
    "NO DIAL TONE": Cause.NETWORK_OUT_OF_ORDER,
}
_NOISE = re.compile(
    r"\^(?:MODE|BOOT|SRVST|SIMST|STIN|ORIG|CSNR|CONF|HCSQ)|\+(?:CGREG|CEREG|CLIP|CCWA|CDSI)"
    r"|\+QIND: \"(?:SMS|PB)|RDY\Z|SMS (?:DONE|READY)\Z"
    r"|PB DONE\Z|CALL READY\Z|\+CTZV|\*PSUTTZ|\+QUSIM|\+CFUN: 1\Z|MISSED_CALL"
)
_KEYS = "0123456789*#ABCD"


def read_unasked(line: str) -> Word | None:
    """What a line says that came unasked; None for a line that nobody knows."""
    if line == "RING" or line.startswith("+CRING:"):
        return CallBrought()
    if line in _ENDS:
        return CallOver(_ENDS[line])
    for head, read in _READERS.items():
        if line.startswith(head):
            return read(line)
    return Noise() if _NOISE.match(line.upper()) else None


def _call(line: str) -> Word | None:
    call = read_call(line)
    return CallSeen(call) if call is not None else Noise()  # a SIM7600 lists ended ones too, as state 6


def _registration(line: str) -> Word | None:
    told = read_registration(line)
    return RegistrationTold(told) if told is not None else None


def _sim(line: str) -> Word | None:
    state = read_sim(line)
    return SimTold(state) if state is not None else None


def _slot(line: str) -> Word | None:
    slot = read_slot(line)
    return MessageAt(slot) if slot is not None else None


def _ussd(line: str) -> Word | None:
    answer = read_ussd(line)
    return UssdTold(answer) if answer is not None else None


def _signal(line: str) -> Word:
    return SignalTold(read_signal_dbm(line))


def _huawei_signal(line: str) -> Word:
    strength = whole(fields(line)[0], 31)
    return SignalTold(None if strength is None else -113 + 2 * strength)


def _quectel_signal(line: str) -> Word:
    """``+QIND: "csq",17,99``."""
    return SignalTold(read_signal_dbm("+CSQ: " + line.partition(",")[2]))


def _huawei_end(line: str) -> Word:
    """``^CEND:idx,duration,status,cause``: the cause is that of 3GPP TS 24.008, 10.5.4.11, as Q.850's."""
    parts = fields(line)
    value = whole(parts[3], 127) if len(parts) > 3 else None
    return CallOver(cause_of(value))


def cause_of(value: int | None) -> Cause:
    """A network's cause value as one of ours; what is not one of them is a normal end that says no more."""
    try:
        return Cause(value) if value is not None else Cause.NORMAL_CLEARING
    except ValueError:
        return Cause.NORMAL_UNSPECIFIED


def _quectel_call(line: str) -> Word:
    """``^DSCI: id,direction,state,type,...``."""
    parts = fields(line)
    match whole(parts[2], 9) if len(parts) > 2 else None:
        case 3:
            return FarEndConnected()
        case 6:
            return CallOver(Cause.NORMAL_CLEARING)
        case 7:
            return FarEndAlerts()
        case _:
            return Noise()


def _digit(line: str) -> Word | None:
    digit = fields(line)[0].upper()
    return DigitCame(digit) if len(digit) == 1 and digit in _KEYS else None


def _quectel_digit(line: str) -> Word | None:
    """``+QTONEDET: 49``: the key's code in ASCII."""
    code = whole(fields(line)[0], 127)
    return DigitCame(chr(code)) if code is not None and chr(code) in _KEYS else None


def _simcom_end(line: str) -> Word:
    return CallOver(Cause.NORMAL_CLEARING)


_READERS = {
    "+CLCC:": _call,
    "+CREG:": _registration,
    "+CPIN:": _sim,
    "+CMTI:": _slot,
    "+CUSD:": _ussd,
    "+CSQ:": _signal,
    "^RSSI:": _huawei_signal,
    '+QIND: "csq"': _quectel_signal,
    "^CONN:": lambda line: FarEndConnected(),
    "^CEND:": _huawei_end,
    "VOICE CALL: BEGIN": lambda line: FarEndConnected(),
    "VOICE CALL: END": _simcom_end,
    "^DSCI:": _quectel_call,
    "+RXDTMF:": _digit,
    "+QTONEDET:": _quectel_digit,
}
