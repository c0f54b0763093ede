"""The ringing of telephone modules and the loop switches of city lines on their C threads: the one importer
of ``_ringer``.

Orders go in, pins are worked over there; nothing here waits. What a module may not be asked for (more power
than its duty limit) is made bearable before it is ordered: `within_duty`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.drivers._ringer import ffi, lib
from gateway.errors import Bug, HardwareError

DUTY_PERMILLE = 334
"""Ringing power may be on for a third of the time (Ag1171 V1.6)."""


@dataclass(frozen=True, slots=True)
class RingerPort:
    """One module's pins: a file descriptor of a GPIO line request and the line's place in it."""

    ring_mode: tuple[int, int]
    forward_reverse: tuple[int, int]
    hook: tuple[int, int]


@dataclass(frozen=True, slots=True)
class RingerStatistics:
    """What a port's ringing did: bursts, ring trips, pins that failed; half periods and the worst of them."""

    rings: bool
    power: bool
    bursts: int
    trips: int
    failures: int
    half_periods: int
    worst_half_us: int
    lateness: tuple[int, ...]
    """Half periods that began less than 2^i * 62.5 us late; in the last place all later ones."""


def within_duty(cadence_ms: Sequence[int], duty_permille: int = DUTY_PERMILLE) -> tuple[int, ...]:
    """The cadence (on, off, on, off ...), its last pause long enough for the module's power limit."""
    on_ms, all_ms = sum(cadence_ms[::2]), sum(cadence_ms)
    needed_ms = -(-on_ms * 1_000 // duty_permille)
    return (*cadence_ms[:-1], cadence_ms[-1] + max(0, needed_ms - all_ms))


class Ringer:
    """Modules that ring, by their place in ``ports``. ``HardwareError`` when the kernel refuses a pin."""

    def __init__(self, ports: Sequence[RingerPort], *, ringing_at_once: int = 0) -> None:
        entries = ffi.new("struct rg_port_settings[]", len(ports))
        for entry, port in zip(entries, ports, strict=True):
            entry.ring_mode_fd, entry.ring_mode_bit = port.ring_mode
            entry.forward_reverse_fd, entry.forward_reverse_bit = port.forward_reverse
            entry.hook_fd, entry.hook_bit = port.hook
        settings = ffi.new("struct rg_settings *")
        settings.port_count = len(ports)
        settings.ports = entries
        settings.ringing_at_once = ringing_at_once
        out = ffi.new("struct rg_ringer **")
        error = lib.rg_create(out, settings)
        if error:
            raise HardwareError(f"the pins of the telephone modules cannot be worked: {os.strerror(error)}")
        self._ringer = ffi.gc(out[0], lib.rg_destroy)

    def ring(self, place: int, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0) -> None:
        """Ring by this cadence from now on, or so many rounds; `Bug` when it is none."""
        cadence_ms = within_duty(cadence_ms)
        plan = ffi.new("struct rg_plan *")
        if len(cadence_ms) > len(plan.part_ms):
            raise Bug(f"a cadence of {len(cadence_ms)} parts")
        plan.frequency_hz, plan.part_count = frequency_hz, len(cadence_ms)
        plan.rounds = rounds
        plan.part_ms[0 : len(cadence_ms)] = list(cadence_ms)
        self._check(lib.rg_ring(self._ringer, place, plan), f"ring {cadence_ms} ms at {frequency_hz} Hz")

    def stop(self, place: int) -> None:
        """No more ringing; the power is gone some 12 ms later."""
        self._check(lib.rg_stop(self._ringer, place), "stop")

    def reverse(self, place: int, on: bool) -> None:
        """The wires are reversed, or forward again."""
        self._check(lib.rg_reverse(self._ringer, place, on), "reverse")

    @property
    def finished_fd(self) -> int:
        """Readable when a port has rung the rounds that were ordered."""
        return int(lib.rg_finished_fd(self._ringer))

    def finished(self) -> list[int]:
        """Which ports those are, each once."""
        port, places = ffi.new("uint32_t *"), []
        while lib.rg_take_finished(self._ringer, port):
            places.append(int(port[0]))
        return places

    def _check(self, error: int, what: str) -> None:
        if error:
            raise Bug(f"the ringer cannot {what}: {os.strerror(error)}")

    def statistics(self, place: int) -> RingerStatistics:
        """Figures since the start."""
        out = ffi.new("struct rg_port_statistics *")
        self._check(lib.rg_statistics(self._ringer, place, out), "tell")
        return RingerStatistics(
            out.rings,
            out.power,
            out.bursts,
            out.trips,
            out.failures,
            out.half_periods,
            out.worst_half_us,
            tuple(out.lateness),
        )

    @property
    def real_time(self) -> bool:
        """Whether the kernel granted the thread its priority."""
        return bool(lib.rg_real_time(self._ringer))

    def close(self) -> None:
        """Everything to rest; returns when it is. The pins stay the caller's."""
        ffi.release(self._ringer)


@dataclass(frozen=True, slots=True)
class LoopStatistics:
    """What was done with a line's loop: whole trains of breaks, parts of them, pins that failed."""

    trains: int
    parts: int
    failures: int
    worst_late_us: int


class LoopWorker:
    """Loop switches by their place in ``lines``: a file descriptor of a GPIO line request and the line's
    place in it. ``HardwareError`` when the kernel refuses a pin.
    """

    def __init__(self, lines: Sequence[tuple[int, int]]) -> None:
        entries = ffi.new("struct lw_line[]", len(lines))
        for entry, (fd, bit) in zip(entries, lines, strict=True):
            entry.output_fd, entry.bit = fd, bit
        settings = ffi.new("struct lw_settings *", {"line_count": len(lines), "lines": entries})
        out = ffi.new("struct lw_worker **")
        error = lib.lw_create(out, settings)
        if error:
            raise HardwareError(f"the loop switches of the city lines cannot be worked: {os.strerror(error)}")
        self._worker = ffi.gc(out[0], lib.lw_destroy)

    def set(self, place: int, closed: bool) -> None:
        """Close or open a loop now, whatever train was under way; HardwareError: the pin does not obey."""
        error = lib.lw_set(self._worker, place, closed)
        if error:
            raise HardwareError(f"its loop switch cannot be worked: {os.strerror(error)}")

    def work(self, place: int, breaks_ms: Sequence[int]) -> None:
        """Open, closed, open ... for so long each, from now on; closed in the end. `Bug`: no such train."""
        error = lib.lw_work(self._worker, place, list(breaks_ms), len(breaks_ms))
        if error:
            raise Bug(f"the loop cannot be worked by {tuple(breaks_ms)} ms: {os.strerror(error)}")

    def statistics(self, place: int) -> LoopStatistics:
        """Figures since the start."""
        out = ffi.new("struct lw_statistics *")
        if lib.lw_look(self._worker, place, out):
            raise Bug(f"there is no loop switch {place}")
        return LoopStatistics(out.trains, out.parts, out.failures, out.worst_late_us)

    def close(self) -> None:
        """Every loop open, the thread ended. The pins stay the caller's."""
        ffi.release(self._worker)
