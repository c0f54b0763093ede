"""What the control socket shows of a gateway, and the orders that it takes."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from gateway import __version__
from gateway.management.announcement import host_port
from gateway.management.control import Sources
from gateway.management.lines import CardFigures, lines_plain
from gateway.management.quality import calls_as_heard
from gateway.model.plain import Plain, to_plain
from gateway.runtime.calibration import begin_to_measure
from gateway.runtime.lamps import set_lamp
from gateway.runtime.sound_cards import on_card
from gateway.runtime.trace import last_lines

if TYPE_CHECKING:
    from gateway.app import Gateway


def status(gateway: "Gateway") -> Plain:
    """What `cityline status` shows."""
    view, counts, core = gateway.exchange.view(), gateway.journal.counts(), gateway.core.statistics()
    return {
        "cityline": __version__,
        "board": gateway.configuration.board.name,
        "configuration": view.version,
        "state": str(gateway.state.path),
        "trace": str(gateway.trace.path),
        "up_s": (time.monotonic_ns() - gateway.began_ns) // 1_000_000_000,
        "sip": {
            "up": view.sip_up,
            "address": host_port(gateway.listen.address, gateway.listen.port),
            "transports": list(gateway.listen.transports),
            "process": gateway.sip.process_id,
            "restarts": gateway.sip.restarts,
            "failed_starts": gateway.sip.failed_starts,
        },
        "lines": len(view.lines),
        "lines_failed": [str(line.port) for line in view.lines if line.failure],
        "calls": len(view.calls),
        "registrations": to_plain(view.registrations, tagged=False),
        "queues": to_plain(view.queues, tagged=False),
        "rtp_sockets_used": view.rtp_sockets_used,
        "timers_running": view.timers_running,
        "pump": to_plain(gateway.pump.counts, tagged=False),
        "journal": to_plain(counts, tagged=False),
        "audio": {
            "ticks": core.ticks,
            "late": core.ticks_late,
            "missed": core.ticks_missed,
            "events_dropped": core.events_dropped,
            "queue_dropped": sum(rtp.queue_dropped for rtp in core.rtp),
            "tick_us_mean": round(core.tick_us_mean, 1),
            "tick_us_max": round(core.tick_us_max, 1),
            "real_time": core.real_time,
        },
        "relay": gateway.lifeline.lifeline.state.name.lower() if gateway.lifeline is not None else None,
        "alarms": [to_plain(alarm, tagged=False) for alarm in gateway.alarms],
        "warnings": [str(problem) for problem in gateway.configuration.warnings],
    }


def sources(gateway: "Gateway") -> Sources:
    """Views by name, and orders that a command gives."""
    views: dict[str, Callable[[], Plain]] = {
        "status": lambda: status(gateway),
        "lines": lambda: _timed(gateway, _lines(gateway)),
        "modems": lambda: gateway.modems.plain(gateway.exchange.view()),
        "calls": lambda: _timed(gateway, calls_as_heard(gateway.exchange.view(), gateway.core.statistics())),
    }
    views["lamps"] = lambda: to_plain(sorted(gateway.pump.lamps.on), tagged=False)
    orders: dict[str, Callable[[str], Plain]] = {
        "lamp": lambda words: set_lamp(words, gateway.pump.lamps, gateway.numbers(), gateway.pump.feed),
        "record": gateway.desk.obey,
        "calibrate": lambda port: begin_to_measure(port, gateway.exchange.view().lines, gateway.pump.feed),
    }
    orders |= gateway.requests.orders()
    return Sources(views, partial(_last_lines, gateway), gateway.trace.follow, gateway.obey, orders)


def _lines(gateway: "Gateway") -> Plain:
    figures, ports = gateway.core.statistics(), gateway.configuration.board.ports
    echo = {port.port: figures.port(port.node).echo for port in ports}
    cards = {
        port.port: CardFigures.of(port.card, gateway.card_watch.clock_ppm(port.port), figures.port(port.node))
        for port in on_card(ports)
    }
    learned, unlearned = gateway.calibration.shown()
    return lines_plain(gateway.exchange.view().lines, echo, cards, learned, unlearned)


def _timed(gateway: "Gateway", rows: Plain) -> Plain:
    """Rows with the moment to which their monotonic times belong."""
    return {"now_ms": gateway.clock.monotonic_ns() // 1_000_000, "rows": rows}


def _last_lines(gateway: "Gateway", count: int) -> list[str]:
    gateway.trace.flush()
    return last_lines(gateway.trace.path, count)
