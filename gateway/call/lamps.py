"""Message lamps: a message waits for an extension, and its telephone says so.

Stuttering dial tone says it to an ear at the next lift. A telephone with a lamp that is worked by FSK is told
when it lies on its hook and nothing else is on its wire; a ring or a lift in the middle of it goes first, and
it is told again afterwards. Whether a message waits is durable: whoever says so (the control interface now,
voicemail later) has it confirmed when it is on the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.line.bell import ShowLamp
from gateway.model.actions import KeepLamp
from gateway.model.settings import LampKind

if TYPE_CHECKING:
    from gateway.call.switchboard import Switchboard
    from gateway.model.events import LampSet
    from gateway.model.machine import Step

_STUTTERS = (LampKind.STUTTER, LampKind.FSK)


def set_lamp(board: Switchboard, event: LampSet, step: Step) -> None:
    """A message waits for an extension, or none does any more."""
    if board.extension(event.extension) is None:
        step.narrate(f"exchange{{}} {event} -> ignored, {event.extension} is no extension")
        return
    (board.lamps.add if event.on else board.lamps.discard)(event.extension)
    step.do(KeepLamp(event.extension, event.on))
    telephone = board.telephones.get(event.extension)
    if telephone is not None:
        telephone.line.stutters = event.on and telephone.extension.lamp in _STUTTERS


def follow(board: Switchboard, step: Step) -> None:
    """Tell the telephones whose lamp is not as it should be, as soon as they are at rest."""
    for number, telephone in board.telephones.items():
        bell, wanted = telephone.line.bell, number in board.lamps
        worked = telephone.extension.lamp is LampKind.FSK
        if worked and telephone.line.free and bell.lamp is not wanted and bell.permits(ShowLamp):
            bell.take(ShowLamp(wanted), step)
