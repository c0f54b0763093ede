"""The twin of the SIP stack in virtual time: dialogs between the gateway and telephones of the bench.

No SIP text is made; every message takes `LATENCY_MS` each way and keeps its order. What the protocol of the
seam says holds here as in the driver: a dialog that either side has ended is silent from then on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from gateway.errors import Bug
from gateway.interfaces import Clock, EventSink, SipAccount, SipListen
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.actions import Action
from gateway.model.causes import Cause
from gateway.model.events import Event
from gateway.model.numbers import NS_PER_MS, DialogId
from gateway.simulator.sip_media import SipMedia
from gateway.simulator.sip_peer import SipTelephone
from gateway.simulator.telephone import OnAct

LATENCY_MS = 2
HOST = "198.51.100.{}"  # TEST-NET-2, RFC 5737
MEDIA_PORT = 40_000

Give = Callable[[int, bytes, tuple[str, int]], bool]
Take = Callable[[int], list[tuple[bytes, tuple[str, int]]]]


@dataclass(slots=True)
class _Dialog:
    telephone: SipTelephone
    over: bool = False
    """Either side has ended it, as far as the telephone knows."""
    silent: bool = False
    """The gateway has ended it and hears no more of it."""


SipAction = (
    act.SipInvite
    | act.SipRing
    | act.SipAnswer
    | act.SipRefuse
    | act.SipRefuseReinvite
    | act.SipReinvite
    | act.SipAnswerReinvite
    | act.SipHangup
)


class SimulatedSipStack:
    """Implements `gateway.interfaces.SipStack` and, for telephones, `sip_peer.SipSignals`.

    ``give`` and ``take`` are the memory transport of the signal core; its socket *i* is port
    ``first_port + 2 i``.
    """

    def __init__(self, clock: Clock, give: Give, take: Take, first_port: int) -> None:
        self.lost_packets = 0
        self._clock = clock
        self._give = give
        self._take = take
        self._first_port = first_port
        self._sink: EventSink | None = None
        self._telephones: dict[str, SipTelephone] = {}
        self._dialogs: dict[DialogId, _Dialog] = {}
        self._registered: set[str] = set()
        self._incoming = 1
        self._epoch = 1

    # --- the protocol ---------------------------------------------------------------------------------------

    async def start(self, sink: EventSink, listen: SipListen, accounts: Sequence[SipAccount]) -> None:
        """Tell ``sink`` that SIP is up."""
        self.begin(sink)

    def begin(self, sink: EventSink) -> None:
        """The same for a bench that has no event loop."""
        self._sink = sink
        sink(ev.SipStackUp(self._epoch))

    def perform(self, action: Action) -> None:
        """Carry out a Sip* action, after the network's latency."""
        match action:
            case act.SipInvite():
                telephone = self._telephones.get(action.extension)
                if telephone is not None:
                    self._dialogs[action.dialog] = _Dialog(telephone)
                self._later(lambda: self._invite(action))
            case (
                act.SipRing()
                | act.SipAnswer()
                | act.SipRefuse()
                | act.SipRefuseReinvite()
                | act.SipReinvite()
                | act.SipAnswerReinvite()
                | act.SipHangup()
            ):
                known = self._dialogs.get(action.dialog)
                if known is None and not isinstance(action, act.SipHangup):
                    raise Bug(f"there is no dialog {action.dialog} for {type(action).__name__}")
                if known is not None and isinstance(action, act.SipHangup | act.SipRefuse):
                    known.silent = True
                self._later(lambda: self._tell(action))
            case _:
                raise Bug(f"{type(action).__name__} is not for SIP")

    async def stop(self) -> None:
        """Nothing is delivered any more."""
        self._sink = None

    # --- the bench's side -----------------------------------------------------------------------------------

    def add_telephone(self, number: str, *, voice: int, on_act: OnAct | None = None) -> SipTelephone:
        """A telephone for extension ``number``, switched off."""
        address = (HOST.format(len(self._telephones) + 1), MEDIA_PORT)
        media = SipMedia(self._clock, address, self._send, seed=voice)
        telephone = SipTelephone(number, media, self, voice=voice, on_act=on_act)
        self._telephones[number] = telephone
        return telephone

    def crash(self, back_after_ms: int = 2_000) -> None:
        """The SIP process dies: its dialogs with it, as the driver tells it, and is back after a while.

        Telephones notice nothing; what they send meanwhile is lost.
        """
        sink = self._sink
        if sink is None:
            return
        self._sink = None
        for number, dialog in self._dialogs.items():
            if not (dialog.over or dialog.silent):
                dialog.silent = True
                sink(ev.RemoteEnded(number, Cause.TEMPORARY_FAILURE))
        sink(ev.SipStackDown("killed"))
        self._after(back_after_ms, lambda: self._come_back(sink))

    def _come_back(self, sink: EventSink) -> None:
        """Up again: the orphaned dialogs get their BYE."""
        self._epoch += 1
        self._sink = sink
        sink(ev.SipStackUp(self._epoch))
        for dialog in self._dialogs.values():
            if dialog.silent and not dialog.over:
                dialog.over = True
                dialog.telephone.ended(Cause.TEMPORARY_FAILURE)

    def carry(self) -> None:
        """Bring what the core has sent to the telephones: once a tick."""
        for telephone in self._telephones.values():
            remote = telephone.media.remote
            if remote is not None:
                self._deliver(self._socket(remote.port))

    def _deliver(self, socket: int) -> None:
        for packet, destination in self._take(socket):
            media = next((t.media for t in self._telephones.values() if t.media.address == destination), None)
            if media is None:
                self.lost_packets += 1
            else:
                media.take(packet)

    def _send(self, packet: bytes, source: tuple[str, int], destination: tuple[str, int]) -> bool:
        return self._give(self._socket(destination[1]), packet, source)

    def _socket(self, port: int) -> int:
        return (port - self._first_port) // 2

    # --- what telephones do ---------------------------------------------------------------------------------

    def register(self, telephone: SipTelephone, expires_s: int) -> None:
        """Bind (or, with 0, unbind) the telephone."""
        contact = _contact(telephone)
        if expires_s > 0:
            self._registered.add(telephone.number)
            address = telephone.media.address[0]
            self._emit(ev.Registered(telephone.number, contact, f"{address}:5060", expires_s))
        else:
            self._registered.discard(telephone.number)
            self._emit(ev.Unregistered(telephone.number, contact))

    def invite(self, telephone: SipTelephone, called: str, sdp: str) -> DialogId:
        """An INVITE to the gateway; it knows who sends it."""
        dialog = DialogId(self._incoming)
        self._incoming += 2
        self._dialogs[dialog] = _Dialog(telephone)
        self._emit(ev.InviteReceived(dialog, telephone.number, "", called, sdp))
        return dialog

    def answer(self, dialog: DialogId, sdp: str) -> None:
        """200 to the gateway's INVITE."""
        self._emit(ev.RemoteAnswered(dialog, sdp), dialog)

    def refuse(self, dialog: DialogId, status: int) -> None:
        """A final refusal of the gateway's INVITE."""
        self._emit(ev.RemoteRefused(dialog, status, "refused"), dialog, ends=True)

    def reinvite(self, dialog: DialogId, sdp: str) -> None:
        """The telephone changes the session."""
        self._emit(ev.ReinviteReceived(dialog, sdp), dialog)

    def end(self, dialog: DialogId) -> None:
        """BYE or CANCEL."""
        self._emit(ev.RemoteEnded(dialog, 16), dialog, ends=True)

    # --- what the gateway does ------------------------------------------------------------------------------

    def _invite(self, action: act.SipInvite) -> None:
        telephone = self._telephones.get(action.extension)
        if telephone is None or telephone.number not in self._registered:
            self._emit(ev.RemoteRefused(action.dialog, 404, "not here"), action.dialog, ends=True)
            return
        if telephone.offered(action.dialog, action.caller, action.sdp):
            self._emit(ev.RemoteRinging(action.dialog, 180, None), action.dialog)
        else:
            self._emit(ev.RemoteRefused(action.dialog, 486, "Busy Here"), action.dialog, ends=True)

    def _tell(self, action: SipAction) -> None:
        dialog = self._dialogs.get(action.dialog)
        if dialog is None or dialog.over:
            return
        match action:
            case act.SipRing(sdp=sdp):
                dialog.telephone.alerted(sdp)
            case act.SipAnswer(sdp=sdp):
                dialog.telephone.answered(sdp)
            case act.SipRefuse(status=status):
                dialog.over = True
                dialog.telephone.was_refused(status)
            case act.SipReinvite(sdp=sdp):
                answer = dialog.telephone.offered_again(sdp)
                self._emit(ev.ReinviteAnswered(action.dialog, answer), action.dialog)
            case act.SipRefuseReinvite(status=status):
                dialog.telephone.refused_again(status)
            case act.SipAnswerReinvite(sdp=sdp):
                dialog.telephone.answered_again(sdp)
            case act.SipHangup(cause_q850=cause):
                dialog.over = True
                dialog.telephone.ended(cause)
            case act.SipInvite():
                raise Bug("an INVITE has its own way")
            case _:
                assert_never(action)

    def _emit(self, event: Event, dialog: DialogId | None = None, *, ends: bool = False) -> None:
        known = self._dialogs.get(dialog) if dialog is not None else None
        if known is not None:
            if known.over:
                return
            known.over = ends

        def deliver() -> None:
            if self._sink is not None and not (known is not None and known.silent):
                self._sink(event)

        self._later(deliver)

    def _later(self, callback: Callable[[], None]) -> None:
        self._after(LATENCY_MS, callback)

    def _after(self, delay_ms: int, callback: Callable[[], None]) -> None:
        self._clock.call_at(self._clock.monotonic_ns() + delay_ms * NS_PER_MS, callback)


def _contact(telephone: SipTelephone) -> str:
    return f"sip:{telephone.number}@{telephone.media.address[0]}:5060"
