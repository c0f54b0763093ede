"""A person with a SIP telephone, in virtual time. Real SIP never runs there: see interoperation tests."""

from enum import StrEnum
from typing import Protocol

from gateway.model.numbers import DialogId
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.sip_media import SipMedia, read_sdp
from gateway.simulator.telephone import OnAct
from gateway.simulator.wires import SPEECH_DBM0


class SipState(StrEnum):
    """What the telephone shows."""

    IDLE = "idle"
    CALLING = "calling"
    ALERTING = "alerting"  # the other side rings
    RINGING = "ringing"  # we do
    TALKING = "talking"
    HOLDING = "holding"


class SipSignals(Protocol):
    """What a telephone can do on the network: the twin of the SIP stack implements it."""

    def register(self, telephone: "SipTelephone", expires_s: int) -> None:
        """REGISTER; 0 s takes the binding back."""
        ...

    def invite(self, telephone: "SipTelephone", called: str, sdp: str) -> DialogId:
        """INVITE the gateway."""
        ...

    def answer(self, dialog: DialogId, sdp: str) -> None:
        """200 OK to its INVITE."""
        ...

    def refuse(self, dialog: DialogId, status: int) -> None:
        """A final refusal of its INVITE."""
        ...

    def reinvite(self, dialog: DialogId, sdp: str) -> None:
        """INVITE inside the dialog."""
        ...

    def end(self, dialog: DialogId) -> None:
        """BYE or CANCEL."""
        ...


class SipTelephone:
    """Extension ``number``'s telephone. It has one line: a second call finds it busy."""

    def __init__(
        self, number: str, media: SipMedia, signals: SipSignals, *, voice: int, on_act: OnAct | None = None
    ) -> None:
        self.number = number
        self.voice = voice
        self.media = media
        self.state = SipState.IDLE
        self.shows = ""
        self.refused: int | None = None
        self.ended_with: int | None = None
        self._signals = signals
        self._on_act = on_act
        self._dialog: DialogId | None = None
        self._offer = ""

    # --- what a person does ---------------------------------------------------------------------------------

    def registers(self, expires_s: int = 3_600) -> None:
        """Switch the telephone on."""
        self._signals.register(self, expires_s)

    def unregisters(self) -> None:
        """Switch it off."""
        self._signals.register(self, 0)

    def calls(self, number: str) -> None:
        """Dial and send."""
        self._note(f"calls {number}")
        if self.state is not SipState.IDLE:
            raise ValueError(f"{self.number} is {self.state}: hang up first")
        self.refused = self.ended_with = None
        self._offer = self.media.describe()
        self._dialog = self._signals.invite(self, number, self._offer)
        self.state = SipState.CALLING

    def answers(self) -> None:
        """Lift: 200 OK with our description."""
        self._note("answers")
        dialog = self._expect(SipState.RINGING)
        self.state = SipState.TALKING
        self._signals.answer(dialog, self.media.answer(self._offer))

    def refuses(self, status: int = 486) -> None:
        """Push the button that refuses."""
        self._note("refuses")
        dialog = self._expect(SipState.RINGING)
        self._over()
        self._signals.refuse(dialog, status)

    def hangs_up(self) -> None:
        """End whatever goes on: BYE, CANCEL or a refusal."""
        self._note("hangs up")
        dialog, ringing = self._dialog, self.state is SipState.RINGING
        if dialog is None:
            return
        self._over()
        if ringing:
            self._signals.refuse(dialog, 603)
        else:
            self._signals.end(dialog)

    def holds(self) -> None:
        """Re-INVITE with sendonly."""
        self._note("holds")
        dialog = self._expect(SipState.TALKING)
        self.state = SipState.HOLDING
        self._signals.reinvite(dialog, self.media.describe("sendonly"))

    def resumes(self) -> None:
        """Re-INVITE with sendrecv."""
        self._note("resumes")
        dialog = self._expect(SipState.HOLDING)
        self.state = SipState.TALKING
        self._signals.reinvite(dialog, self.media.describe())

    def dials(self, digits: str, *, sound: bool = False, events: bool = True) -> None:
        """Push buttons in a conversation: events (RFC 4733), sound, or both."""
        self._note(f"dials {digits}")
        self.media.dial(digits, sound=sound, events=events)

    def says(self, duration_ms: int = 0, level_dbm0: float = SPEECH_DBM0) -> None:
        """Talk, for ever when no duration is given."""
        self._note("says something")
        self.media.device.say_speech(self.voice, level_dbm0, duration_ms)

    def hushes(self) -> None:
        """Stop talking."""
        self.media.device.hush()

    # --- what a person notices ------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the ladder calls this party."""
        return self.number

    @property
    def rings(self) -> bool:
        """The telephone rings just now."""
        return self.state is SipState.RINGING

    @property
    def ear(self) -> Ear:
        """The earpiece."""
        return self.media.ear

    def hears(self) -> Heard:
        """What is in the earpiece (the telephone's own ringback before the answer is not in it)."""
        return self.ear.hears()

    # --- what the network tells the telephone ---------------------------------------------------------------

    def offered(self, dialog: DialogId, shows: str, sdp: str) -> bool:
        """An INVITE; False when the telephone is busy."""
        if self.state is not SipState.IDLE:
            return False
        self._dialog, self.shows, self._offer = dialog, shows, sdp
        self.refused = self.ended_with = None
        self.state = SipState.RINGING
        return True

    def alerted(self, sdp: str | None) -> None:
        """180 to our INVITE, or 183 with a description: then we hear the other side already, and it us."""
        if self.state is SipState.CALLING:
            self.state = SipState.ALERTING
        if sdp is not None:
            self.media.start(read_sdp(sdp))

    def answered(self, sdp: str) -> None:
        """200 to our INVITE."""
        self.state = SipState.TALKING
        self.media.start(read_sdp(sdp))

    def was_refused(self, status: int) -> None:
        """A final refusal of our INVITE."""
        self.refused = status
        self._over()

    def offered_again(self, sdp: str) -> str:
        """The gateway's re-INVITE; returns our answer."""
        return self.media.answer(sdp)

    def answered_again(self, sdp: str) -> None:
        """200 to our re-INVITE."""
        direction = "sendonly" if self.state is SipState.HOLDING else "sendrecv"
        self.media.start(read_sdp(sdp), direction)

    def refused_again(self, status: int) -> None:
        """Our re-INVITE was refused: the session goes on as it was before it."""
        self.refused = status
        self.state = SipState.TALKING

    def ended(self, cause_q850: int) -> None:
        """BYE or CANCEL from the gateway."""
        self.ended_with = cause_q850
        self._over()

    def _note(self, what: str) -> None:
        if self._on_act is not None:
            self._on_act(self.number, what)

    def _over(self) -> None:
        self.state = SipState.IDLE
        self._dialog = None
        self.media.device.hush()
        self.media.stop()

    def _expect(self, state: SipState) -> DialogId:
        if self.state is not state or self._dialog is None:
            raise ValueError(f"{self.number} is {self.state}, not {state}")
        return self._dialog
