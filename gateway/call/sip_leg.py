"""A SIP party: one dialog, ours or theirs, with its media.

A telephone that registered twice is called by two dialogs, each a leg of its own; that the first answer wins
is the same rule as in a group of telephones. Bodies are read and written by `media.sdp`; statuses and causes
meet in `sip.causes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from gateway.media.sdp import (
    NARROW,
    OUR_OPUS,
    WIDE,
    WIDE_WITH_OPUS,
    Agreement,
    Description,
    LocalMedia,
    SdpRefused,
    agree,
    parse_description,
    write_answer,
    write_offer,
)
from gateway.model.actions import (
    SipAnswer,
    SipAnswerReinvite,
    SipHangup,
    SipInvite,
    SipRefuse,
    SipRefuseReinvite,
    SipReinvite,
    SipRing,
)
from gateway.model.causes import Cause, Evidence
from gateway.model.events import (
    DigitHeard,
    DigitSource,
    InviteReceived,
    MediaLost,
    ReinviteAnswered,
    ReinviteReceived,
    RemoteAnswered,
    RemoteEnded,
    RemoteRefused,
    RemoteRinging,
    SipStackDown,
)
from gateway.model.machine import STAY, Machine, Row, Step
from gateway.model.numbers import Codec, DialogId, NodeId
from gateway.model.plan import RtpNode
from gateway.model.signals import (
    Alert,
    Alerting,
    Answered,
    Clear,
    Connect,
    DigitPressed,
    Left,
    Progress,
    RemoteHeld,
    RemoteResumed,
)
from gateway.sip.causes import cause_of_status, status_of_cause


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a registered telephone can be reached."""

    contact: str
    source_address: str


class SipState(Enum):
    """Where the dialog is."""

    NEW = auto()
    OFFERED = auto()  # their INVITE; not answered
    RINGING = auto()  # their INVITE; they were told that it rings
    EARLY = auto()  # their INVITE; they hear us already (183)
    CALLING = auto()  # our INVITE
    ALERTING = auto()  # our INVITE; their telephone rings
    TALKING = auto()
    HELD = auto()  # they do not want to hear us
    ENDED = auto()


P = SipState
_THEIRS = (P.OFFERED, P.RINGING, P.EARLY)
_OURS = (P.CALLING, P.ALERTING)
_ANSWERED = (P.TALKING, P.HELD)
_ALIVE = (*_THEIRS, *_OURS, *_ANSWERED)


class SipLeg(Machine[SipState]):
    """One dialog with one SIP telephone."""

    kind = "sip"
    initial = P.NEW
    rows = (
        Row(P.NEW, InviteReceived, (P.OFFERED, P.ENDED), "read_invite"),
        Row(P.NEW, Alert, P.CALLING, "invite"),
        Row((P.OFFERED, P.RINGING), Progress, (P.RINGING, P.EARLY), "show_progress"),
        Row(P.EARLY, Progress, P.EARLY, "told_already"),
        Row(_THEIRS, Connect, P.TALKING, "answer"),
        Row(_THEIRS, Clear, P.ENDED, "refuse"),
        Row(_OURS, RemoteRinging, P.ALERTING, "rings"),
        Row(_OURS, RemoteAnswered, (P.TALKING, P.ENDED), "answered"),
        Row(_OURS, RemoteRefused, P.ENDED, "refused"),
        Row(_ANSWERED, ReinviteReceived, _ANSWERED, "change_session"),
        Row(_ANSWERED, ReinviteAnswered, (*_ANSWERED, P.ENDED), "session_changed"),
        Row(P.TALKING, Connect, STAY, "widen"),
        Row(P.HELD, Connect, STAY, "told_already"),
        Row(_ANSWERED, Progress, STAY, "told_already"),
        Row((*_OURS, *_ANSWERED), Clear, P.ENDED, "hang_up"),
        Row((P.EARLY, *_ANSWERED), DigitHeard, STAY, "pass_digit"),
        Row(P.TALKING, MediaLost, P.ENDED, "media_lost"),
        Row(_ALIVE, RemoteEnded, P.ENDED, "remote_ended"),
        Row(_ALIVE, SipStackDown, P.ENDED, "stack_lost"),
    )

    def __init__(
        self,
        dialog: DialogId,
        extension: str,
        contact: str,
        node: NodeId,
        socket: int,
        media: tuple[str, int],
        *,
        comfort_noise: bool = False,
        opus: bool = False,
    ) -> None:
        super().__init__(str(dialog))
        self.dialog = dialog
        self.extension = extension
        self.contact = contact
        self.node = node
        self.socket = socket
        self._media = media
        self._comfort_noise = comfort_noise
        self._wide = WIDE_WITH_OPUS if opus else WIDE
        self._version = 0
        self._offer: Description | None = None
        self._agreement: Agreement | None = None
        self._offered_wide = False

    # --- what others ask of it ------------------------------------------------------------------------------

    @property
    def state_name(self) -> str:
        """For people."""
        return self.state.name.lower()

    @property
    def audible(self) -> bool:
        """Whether they hear us; before our answer a SIP telephone makes its own ringback, and where to send
        must have been agreed.
        """
        return self.state in (P.EARLY, *_ANSWERED) and self._agreement is not None

    @property
    def takes_digits_apart(self) -> bool:
        """Whether digits go to them as events (RFC 4733)."""
        return self._agreement is not None and self._agreement.telephone_event is not None

    @property
    def wideband(self) -> bool:
        """Whether a wideband codec is agreed on, or they have offered one that we have: then it can still be
        (`widen`).
        """
        offered = self._offer.codecs if self._offer is not None else ()
        return self._as_agreed() or any(codec.wideband and codec in self._wide for codec in offered)

    def rtp_node(self) -> RtpNode | None:
        """Their node of the plan, while there is media."""
        agreed = self._agreement
        if agreed is None or not self.audible:
            return None
        return RtpNode(
            id=self.node,
            socket=self.socket,
            remote=agreed.remote,
            codec=agreed.codec,
            telephone_event=agreed.telephone_event,
            frame_ms=agreed.frame_ms,
            sends=agreed.sends,
            receives=agreed.receives,
            rtcp_mux=agreed.rtcp_mux,
            comfort_noise=agreed.comfort_noise,
            opus_type=agreed.opus_type,
            opus_offered_type=OUR_OPUS if agreed.opus_type is not None else None,
            telephone_event_48k=agreed.telephone_event_48k,
        )

    def _local(self, codecs: tuple[Codec, ...], *, wideband: bool) -> LocalMedia:
        self._version += 1
        address, port = self._media
        return LocalMedia(
            address,
            port,
            session_id=int(self.node),
            version=self._version,
            codecs=codecs,
            wideband=wideband,
            comfort_noise=self._comfort_noise,
        )

    def _as_agreed(self) -> bool:
        """Whether what comes anew is to be wideband: as it was."""
        return self._agreement is not None and self._agreement.codec.wideband

    # --- they call ------------------------------------------------------------------------------------------

    def read_invite(self, event: InviteReceived, step: Step) -> SipState:
        """Take their offer, or refuse it with the status that says why. Without one, ours goes into the
        answer, and theirs comes with the ACK (RFC 3261 section 13.2.1).
        """
        if not event.sdp:
            return P.OFFERED
        try:
            self._offer = parse_description(event.sdp)
            agree(self._offer, self._local(self._wide, wideband=False))
        except SdpRefused as refused:
            step.do(SipRefuse(self.dialog, refused.status))
            return P.ENDED
        return P.OFFERED

    def show_progress(self, order: Progress, step: Step) -> SipState:
        """180, once; with audio 183 and our answer, so that they hear the city's own tones. Who made no
        offer cannot hear anything yet.
        """
        if order.audio and self._offer is not None:
            step.do(SipRing(self.dialog, sdp=self._answer_text(wideband=False)))
            return P.EARLY
        if self.state is P.OFFERED:
            step.do(SipRing(self.dialog))
        return P.RINGING

    def answer(self, order: Connect, step: Step) -> None:
        """200 with our answer: the same one where they have heard us already."""
        wideband = order.wideband if self._agreement is None else self._as_agreed()
        step.do(SipAnswer(self.dialog, self._answer_text(wideband=wideband)))

    def widen(self, order: Connect, step: Step) -> SipState:
        """They were answered for a queue's music, in G.711; who answers now can speak wideband, and so can
        they. What they refuse stays as it is.
        """
        if order.wideband and self.wideband and not self._as_agreed():
            step.do(SipReinvite(self.dialog, write_offer(self._our_offer(True))))
        return self.state

    def _answer_text(self, *, wideband: bool) -> str:
        if self._offer is None:
            return write_offer(self._our_offer(wideband))
        local = self._local(self._wide, wideband=wideband)
        self._agreement = agree(self._offer, local)
        return write_answer(self._offer, self._agreement, local)

    def refuse(self, order: Clear, step: Step) -> None:
        """A final response that says the cause."""
        step.do(SipRefuse(self.dialog, status_of_cause(order.cause)))

    # --- we call --------------------------------------------------------------------------------------------

    def invite(self, order: Alert, step: Step) -> None:
        """Offer them the call; wideband only where the caller would hear it."""
        offer = write_offer(self._our_offer(order.wideband))
        step.do(SipInvite(self.dialog, self.extension, self.contact, order.caller, order.caller_name, offer))

    def _our_offer(self, wideband: bool) -> LocalMedia:
        self._offered_wide = wideband
        return self._as_offered()

    def _as_offered(self) -> LocalMedia:
        """For their answer: the codecs of our last offer."""
        return self._local(self._wide if self._offered_wide else NARROW, wideband=self._offered_wide)

    def rings(self, event: RemoteRinging, step: Step) -> None:
        """Their telephone rings. The caller hears our ringback; early media of theirs is not taken."""
        step.tell(Alerting(self.key))

    def answered(self, event: RemoteAnswered, step: Step) -> SipState:
        """They answered; without media that we can do the call is no use."""
        try:
            self._agreement = agree(parse_description(event.sdp), self._as_offered())
        except SdpRefused:
            step.do(SipHangup(self.dialog, Cause.INCOMPATIBLE))
            step.tell(Left(self.key, Cause.INCOMPATIBLE, Evidence.SIP))
            return P.ENDED
        step.tell(Answered(self.key, Evidence.SIP))
        return P.TALKING

    def refused(self, event: RemoteRefused, step: Step) -> None:
        """Busy, declined, not there."""
        step.tell(Left(self.key, cause_of_status(event.status), Evidence.SIP))

    # --- in a call ------------------------------------------------------------------------------------------

    def change_session(self, event: ReinviteReceived, step: Step) -> SipState:
        """Hold, resume or a new address. Without an offer we make one; what we cannot do is refused, and
        all stays as it was (RFC 3261 section 14.2).
        """
        if not event.sdp:
            step.do(SipAnswerReinvite(self.dialog, write_offer(self._our_offer(self._as_agreed()))))
            return self.state
        local = self._local(self._wide, wideband=self._as_agreed())
        try:
            offer = parse_description(event.sdp)
            self._agreement = agree(offer, local)
        except SdpRefused as refused:
            step.do(SipRefuseReinvite(self.dialog, refused.status))
            return self.state
        step.do(SipAnswerReinvite(self.dialog, write_answer(offer, self._agreement, local)))
        return self._follow(offer, step)

    def session_changed(self, event: ReinviteAnswered, step: Step) -> SipState:
        """Their answer to an offer of ours. One that we cannot do leaves nothing to talk with."""
        try:
            answer = parse_description(event.sdp)
            self._agreement = agree(answer, self._as_offered())
        except SdpRefused:
            step.do(SipHangup(self.dialog, Cause.INCOMPATIBLE))
            step.tell(Left(self.key, Cause.INCOMPATIBLE, Evidence.SIP))
            return P.ENDED
        return self._follow(answer, step)

    def _follow(self, theirs: Description, step: Step) -> SipState:
        """Held or not, as they now say."""
        if theirs.on_hold and self.state is P.TALKING:
            step.tell(RemoteHeld(self.key))
        elif not theirs.on_hold and self.state is P.HELD:
            step.tell(RemoteResumed(self.key))
        return P.HELD if theirs.on_hold else P.TALKING

    def told_already(self, order: object, step: Step) -> SipState:
        """They were answered when they entered the queue, say."""
        return self.state

    def pass_digit(self, event: DigitHeard, step: Step) -> SipState:
        """An event beside the audio is heard by nobody; a tone in the audio by everybody."""
        audible = event.source is DigitSource.IN_BAND
        step.tell(DigitPressed(self.key, event.digit, audible=audible))
        return self.state

    # --- the end --------------------------------------------------------------------------------------------

    def hang_up(self, order: Clear, step: Step) -> None:
        """CANCEL or BYE."""
        step.do(SipHangup(self.dialog, order.cause))

    def remote_ended(self, event: RemoteEnded, step: Step) -> None:
        """They hung up; or the dialog died with the SIP process, which says the cause."""
        try:
            cause = Cause(event.cause_q850)
        except ValueError:
            cause = Cause.NORMAL_UNSPECIFIED
        lost = cause is Cause.TEMPORARY_FAILURE
        step.tell(Left(self.key, cause, Evidence.SIP_STACK_LOST if lost else Evidence.SIP))

    def stack_lost(self, event: SipStackDown, step: Step) -> None:
        """The SIP process is gone and has not said what became of this dialog."""
        step.tell(Left(self.key, Cause.TEMPORARY_FAILURE, Evidence.SIP_STACK_LOST))

    def media_lost(self, event: MediaLost, step: Step) -> None:
        """No packet for longer than anybody is silent: they are gone without a BYE."""
        step.do(SipHangup(self.dialog, Cause.RECOVERY_ON_TIMER))
        step.tell(Left(self.key, Cause.RECOVERY_ON_TIMER, Evidence.MEDIA))

    def recover(self, step: Step) -> None:
        """After a bug: it ends, whatever state it is in; one that has ended stays so."""
        if self.state is not P.ENDED:
            step.do(SipHangup(self.dialog, Cause.TEMPORARY_FAILURE))
            self.halt(P.ENDED, step)
