"""How the three families of modems talk about a call, and what they do wrong: the facts, section 5.

A dialect has the words; `simulator.modem` has the modem. Known faults are not switches here: a modem of the
family behaves so, always, and it is the gateway that has to live with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from gateway.simulator.modem import SimulatedModem

SIM7600_EARLY_MS = 950
"""Audio that is switched on sooner after the connection stays silent both ways."""
RESET_MS = 12_000
CHOPPED_FRAMES = 28


class Dialect(Protocol):
    """What all have in common; each answers True for a command of its own that it has answered."""

    maker: ClassVar[str]
    model: ClassVar[str]
    firmware: ClassVar[str]
    unknown: ClassVar[str] = "ERROR"
    """What it answers to a command that it does not know."""
    modem: "SimulatedModem"

    def command(self, text: str) -> bool:
        """A command that is not everybody's."""
        return False

    def dialling(self) -> None:
        """The call is on its way."""
        return

    def alerting(self) -> None:
        """The far end rings."""
        return

    def connected(self) -> None:
        """Both ends talk."""
        return

    def ended(self, cause: int, duration_s: int) -> None:
        """The call is over."""
        return

    def call_begins(self) -> None:
        """A call, in or out: nothing of the last one holds."""
        return

    def key(self, digit: str) -> None:
        """The far end presses a key."""
        return

    def reset(self) -> None:
        """As after power came."""
        return

    @property
    def audio_on(self) -> bool:
        """Frames flow over the voice port."""
        return False

    @property
    def audio_dead(self) -> bool:
        """They flow and are nothing but zeros, and what is given is thrown away."""
        return False

    @property
    def frames_a_second(self) -> int:
        """How many of the 50 really come."""
        return 50

    @property
    def looped(self) -> bool:
        """What is given comes back."""
        return False


@dataclass(slots=True)
class HuaweiDialect(Dialect):
    """E1550 class. CHLD=1x before ^CONF makes the command port deaf for good."""

    maker: ClassVar[str] = "huawei"
    model: ClassVar[str] = "E1550"
    firmware: ClassVar[str] = "11.608.14.15.311"
    unknown: ClassVar[str] = "COMMAND NOT SUPPORT"
    modem: "SimulatedModem"
    _voice: bool = False
    _confirmed: bool = False

    def command(self, text: str) -> bool:
        """^CURC, ^CVOICE?, ^DDSETEX, ^DTMF, +CHLD=1x."""
        modem = self.modem
        if text == "AT^CVOICE?":
            modem.says("^CVOICE:0,8000,16,20", "OK")
        elif text.startswith("AT^CURC="):
            modem.says("OK")
        elif text == "AT^DDSETEX=2":
            self._voice = modem.call is not None
            modem.says("OK" if self._voice else "ERROR")
        elif text.startswith("AT^DTMF="):
            modem.sends_key(text.partition(",")[2])
        elif text.startswith("AT+CHLD=1") and modem.call is not None and not self._confirmed:
            modem.deaf = True
        else:
            return False
        return True

    def call_begins(self) -> None:
        """Voice must be asked for with each call."""
        self._voice = self._confirmed = False

    def dialling(self) -> None:
        """^ORIG."""
        self.modem.says("^ORIG:1,0")

    def alerting(self) -> None:
        """^CONF: from here on the call can be cleared by any command."""
        self._confirmed = True
        self.modem.says("^CONF:1")

    def connected(self) -> None:
        """^CONN."""
        self._confirmed = True
        self.modem.says("^CONN:1,0")

    def ended(self, cause: int, duration_s: int) -> None:
        """^CEND with the network's cause, and a word for older programs."""
        self.modem.says(f"^CEND:1,{duration_s},104,{cause}", "NO CARRIER")

    @property
    def audio_on(self) -> bool:
        """After ^DDSETEX, as long as there is a call."""
        return self._voice and self.modem.call is not None


@dataclass(slots=True)
class SimcomDialect(Dialect):
    """SIM7600. Audio must be switched on a second after the connection, is refused the first time, and is
    chopped up when it is switched on again; only a reset cures that.
    """

    maker: ClassVar[str] = "SIMCOM INCORPORATED"
    model: ClassVar[str] = "SIMCOM_SIM7600E-H"
    firmware: ClassVar[str] = "LE20B04SIM7600M22"
    modem: "SimulatedModem"
    _lists: bool = False
    _tells_keys: bool = False
    _registered: bool = False
    _registrations: int = 0
    _asked: bool = False
    _early: bool = False

    def command(self, text: str) -> bool:
        """CPCMREG, CPCMFRM, CLCC=1, DDET, VTS, CRESET."""
        modem = self.modem
        match text:
            case "AT+CPCMFRM=0" | "AT+CPCMFRM=1":
                modem.says("OK")
            case "AT+CLCC=1":
                self._lists = True
                modem.says("OK")
            case "AT+DDET=1":
                self._tells_keys = True
                modem.says("OK")
            case "AT+CPCMREG=1":
                self._register()
            case "AT+CPCMREG=0":
                self._registered = False
                modem.says("OK")
            case "AT+CRESET":
                modem.says("OK")
                modem.resets(RESET_MS)
            case _ if text.startswith("AT+VTS="):
                modem.sends_key(text.partition("=")[2].strip('"'))
            case _:
                return False
        return True

    def _register(self) -> None:
        if not self._asked:
            self._asked = True
            self.modem.says("ERROR")
            return
        self._registered = True
        self._registrations += 1
        self._early = self.modem.talking_ms < SIM7600_EARLY_MS
        self.modem.says("OK")

    def reset(self) -> None:
        """As from the factory."""
        self._registered, self._registrations, self._asked, self._early = False, 0, False, False

    def dialling(self) -> None:
        """A list of the one call."""
        self._list(2)

    def alerting(self) -> None:
        """The same."""
        self._list(3)

    def connected(self) -> None:
        """VOICE CALL: BEGIN."""
        self._list(0)
        self.modem.says("VOICE CALL: BEGIN")

    def ended(self, cause: int, duration_s: int) -> None:
        """VOICE CALL: END with the seconds, or a missed call, or why there was none."""
        self._list(6)
        if duration_s or self.modem.was_talking:
            self.modem.says(f"VOICE CALL: END: {duration_s:06d}")
        self.modem.says("BUSY" if cause == 17 else "NO CARRIER")

    def _list(self, stage: int) -> None:
        if self._lists:
            self.modem.lists_call(stage)

    def key(self, digit: str) -> None:
        """+RXDTMF."""
        if self._tells_keys:
            self.modem.says(f"+RXDTMF: {digit}")

    @property
    def audio_on(self) -> bool:
        """Once registered, in any call."""
        return self._registered and self.modem.call is not None

    @property
    def audio_dead(self) -> bool:
        """Registered before the connection was a second old."""
        return self._early

    @property
    def frames_a_second(self) -> int:
        """Registered a second time: chopped up."""
        return CHOPPED_FRAMES if self._registrations > 1 else 50


@dataclass(slots=True)
class QuectelDialect(Dialect):
    """EC25: ^DSCI tells of calls, AT+QAUDLOOP sends back what comes."""

    maker: ClassVar[str] = "Quectel"
    model: ClassVar[str] = "EC25"
    firmware: ClassVar[str] = "EC25EFAR06A06M4G"
    modem: "SimulatedModem"
    _tells_calls: bool = False
    _tells_keys: bool = False
    _voice: bool = False
    _loop: bool = False

    def command(self, text: str) -> bool:
        """QGPSCFG, QINDCFG, DSCI, QTONEDET, QPCMV, QAUDLOOP, VTS, CFUN=1,1."""
        modem = self.modem
        if text == "AT^DSCI=1":
            self._tells_calls = True
        elif text == "AT+QTONEDET=1":
            self._tells_keys = True
        elif text.startswith("AT+QPCMV="):
            self._voice = text.startswith("AT+QPCMV=1")
        elif text.startswith("AT+QAUDLOOP="):
            self._loop = text.endswith("1")
        elif text.startswith("AT+VTS="):
            modem.sends_key(text.partition("=")[2].strip('"'))
            return True
        elif text == "AT+CFUN=1,1":
            modem.resets(RESET_MS)
        elif not text.startswith(("AT+QGPSCFG=", "AT+QINDCFG=")):
            return False
        modem.says("OK")
        return True

    def _tell(self, state: int) -> None:
        call = self.modem.call
        if self._tells_calls and call is not None:
            direction = 0 if call.outgoing else 1
            self.modem.says(f"^DSCI: 1,{direction},{state},0,{call.number},129")

    def dialling(self) -> None:
        """State 2."""
        self._tell(2)

    def alerting(self) -> None:
        """State 7."""
        self._tell(7)

    def connected(self) -> None:
        """State 3."""
        self._tell(3)

    def ended(self, cause: int, duration_s: int) -> None:
        """State 6, after a word that may say why."""
        self.modem.says("BUSY" if cause == 17 else "NO CARRIER")
        self._tell(6)

    def key(self, digit: str) -> None:
        """+QTONEDET with the key's code."""
        if self._tells_keys:
            self.modem.says(f"+QTONEDET: {ord(digit)}")

    @property
    def audio_on(self) -> bool:
        """In calls, and while looped."""
        return self._voice and (self.modem.call is not None or self._loop)

    @property
    def looped(self) -> bool:
        """AT+QAUDLOOP=1."""
        return self._loop


DIALECTS: dict[str, Callable[["SimulatedModem"], Dialect]] = {
    "huawei": HuaweiDialect,
    "sim7600": SimcomDialect,
    "ec25": QuectelDialect,
}
