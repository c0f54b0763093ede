"""What the command line shows: answers of the control socket and records, as plain text for a terminal.

Nothing that a peer sent (a caller's name) may control the terminal: `clean` takes such characters out.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.management.language import _
from gateway.model.plain import Plain, to_plain
from gateway.records.calls import CallRecord, Outcome, Summary, summarise

NS_PER_S = 1_000_000_000


def clean(text: object) -> str:
    """Text without characters that a terminal obeys."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(text))


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns, padded to their widest cell."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(headings), *cells]) for column in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(headings), *cells]
    ]
    return "\n".join(lines)


def duration(milliseconds: int | None) -> str:
    """Minutes and seconds, or hours too; a dash when there is none."""
    if milliseconds is None:
        return "-"
    seconds = max(milliseconds, 0) // 1_000
    hours, minutes = seconds // 3_600, seconds // 60 % 60
    clock = f"{minutes}:{seconds % 60:02d}"
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else clock


def local_time(wall_ns: int) -> str:
    """Date and time where the machine is."""
    try:
        return datetime.fromtimestamp(wall_ns // NS_PER_S).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "?"


def status_text(status: Mapping[str, Any]) -> str:
    """The gateway in a few lines, its alarms, and what in its files is not as it should be."""
    sip, audio, journal = status["sip"], status["audio"], status["journal"]
    state = _("up") if sip["up"] else _("down")
    rows = [
        (_("Cityline"), f"{status['cityline']}, {_('running for')} {duration(status['up_s'] * 1_000)}"),
        (_("board"), f"{status['board']}, {_('configuration')} {status['configuration'][:12]}"),
        (_("SIP"), f"{state}, {sip['address']} ({', '.join(sip['transports'])})"),
        (
            _("telephones"),
            ", ".join(row["extension"] for row in status["registrations"]) or _("none registered"),
        ),
        (_("lines"), f"{status['lines']}" + _failed(status["lines_failed"])),
        (
            _("calls"),
            _("{calls} now, {rows} rows recorded").format(calls=status["calls"], rows=journal["rows"]),
        ),
        (_("audio"), _audio(audio)),
        *([(_("relay"), RELAY[status["relay"]]())] if status.get("relay") else []),
        (_("state"), status["state"]),
    ]
    for queue in status["queues"]:
        rows.append((_("queue {number}").format(number=queue["number"]), _queue(queue)))
    alarms = [
        f"! {local_time(alarm['wall_ns'])} {alarm['about']}: {alarm['text']}" for alarm in status["alarms"]
    ]
    alarms += [f"! {warning}" for warning in status["warnings"]]
    width = max(len(name) for name, _text in rows)
    return "\n".join(
        [f"{name.ljust(width)}  {clean(text)}" for name, text in rows] + [clean(line) for line in alarms]
    )


RELAY = {
    "held": lambda: _("held, the line is ours"),
    "waiting": lambda: _("released, somebody talks on the line"),
    "released": lambda: _("released, the line is the telephone's"),
}


def _failed(ports: Sequence[str]) -> str:
    return _(", failed: {ports}").format(ports=", ".join(ports)) if ports else ""


def _audio(audio: Mapping[str, Any]) -> str:
    text = _("{mean} µs a tick (longest {longest}), {late} late, {missed} missed").format(
        mean=audio["tick_us_mean"], longest=audio["tick_us_max"], late=audio["late"], missed=audio["missed"]
    )
    if audio["events_dropped"] or audio["queue_dropped"]:
        dropped = _("dropped for want of room: {events} events, {packets} packets of calls that live")
        text += "; " + dropped.format(events=audio["events_dropped"], packets=audio["queue_dropped"])
    return text if audio["real_time"] else f"{text}; {_('without real-time priority')}"


def _queue(queue: Mapping[str, Any]) -> str:
    return _("{waiting} waiting, free: {members}").format(
        waiting=len(queue["waiting"]), members=", ".join(queue["free_members"]) or "-"
    )


def lines_text(answer: Mapping[str, Any]) -> str:
    """Every line and its state."""
    rows = [
        (
            row["port"],
            row["kind"],
            row["name"] or "-",
            row["state"],
            duration(answer["now_ms"] - row["since_ms"]),
            "-" if row["call"] is None else row["call"],
            _measured(row["echo"]["erl_db"], "dB"),
            _measured(row["echo"]["erle_db"], "dB"),
            _measured(row["echo"]["delay_ms"], "ms"),
            _clock(row["card"]),
            _learned(row["learned"]),
            row["failure"] or row["trouble"],
        )
        for row in answer["rows"]
    ]
    headings = (_("PORT"), _("KIND"), _("NAME"), _("STATE"), _("FOR"), _("CALL"))
    return table((*headings, "ERL", "ERLE", _("ECHO AFTER"), _("CARD CLOCK"), _("LEARNED"), ""), rows)


def line_text(row: Mapping[str, Any]) -> str:
    """What one line's calls have shown of it."""
    if not row["learned"]:
        return _("{port} has learned nothing yet: a city line learns from its calls.").format(
            port=row["port"]
        )
    rows = [
        (fact["what"], fact["value"], f"{fact['confidence']:.0%}", str(fact["calls"]))
        for fact in row["learned"]
    ]
    return table((_("LEARNED"), _("VALUE"), _("CONFIDENCE"), _("CALLS")), rows)


def _learned(facts: Sequence[Mapping[str, Any]]) -> str:
    """The tone that ends this line's calls, with its confidence; a dash while none is known."""
    tones = [fact for fact in facts if fact["what"] in ("busy tone", "congestion tone")]
    return f"{tones[0]['what']} {tones[0]['confidence']:.0%}" if tones else "-"


def _clock(card: Mapping[str, Any] | None) -> str:
    """A card's drift; a dash where there is no card, or none that runs."""
    known = card is not None and not card["gone"] and card["clock_ppm"] is not None
    return f"{card['clock_ppm']:+d} ppm" if known and card is not None else "-"


def _measured(value: float | None, unit: str) -> str:
    """A figure of a canceller in whole units; a dash when there is none."""
    return "-" if value is None else f"{value:.0f} {unit}"


def calls_text(answer: Mapping[str, Any]) -> str:
    """The calls that live."""
    if not answer["rows"]:
        return _("No calls just now.")
    rows = [
        (
            row["call"],
            _direction(row["direction"]),
            _party(row["calling"], row["calling_name"]),
            row["called"],
            row["line"] or "-",
            row["state"],
            duration(answer["now_ms"] - row["started_ms"]),
            ", ".join(f"{leg['number']} {leg['state']}" for leg in row["legs"]),
        )
        for row in answer["rows"]
    ]
    headings = (_("CALL"), _("KIND"), _("FROM"), _("TO"), _("LINE"), _("STATE"), _("FOR"), _("LEGS"))
    return table(headings, rows)


def recorded_text(records: Sequence[CallRecord]) -> str:
    """Calls of the journal, newest first."""
    if not records:
        return _("No calls have been recorded.")
    rows = [
        (
            local_time(record.started_wall_ns),
            _direction(record.direction.value),
            _party(record.calling, record.calling_name),
            record.called,
            record.connected or "-",
            record.line or "-",
            _outcome(record.outcome),
            duration(record.waited_ms),
            duration(record.talked_ms),
            "-" if record.cause is None else f"{int(record.cause)} {record.cause.name.lower()}",
            _evidence(record),
        )
        for record in records
    ]
    headings = (
        _("BEGAN"),
        _("KIND"),
        _("FROM"),
        _("TO"),
        _("ANSWERED BY"),
        _("LINE"),
        _("OUTCOME"),
        _("WAITED"),
        _("TALKED"),
        _("CAUSE"),
        _("KNOWN BY"),
    )
    return f"{table(headings, rows)}\n{_summary(summarise(records))}"


def _summary(summary: Summary) -> str:
    outcomes = ", ".join(f"{_outcome(outcome)} {count}" for outcome, count in summary.by_outcome.items())
    return _("{calls} calls: {outcomes}; talked {talked}, mean wait for an answer {wait}").format(
        calls=summary.calls,
        outcomes=outcomes,
        talked=duration(summary.talked_ms),
        wait=duration(summary.mean_wait_ms),
    )


def recorded_plain(record: CallRecord) -> Plain:
    """A record and what follows from it, for --json."""
    plain = to_plain(record, tagged=False)
    assert isinstance(plain, dict)
    return plain | {
        "outcome": record.outcome.value,
        "waited_ms": record.waited_ms,
        "talked_ms": record.talked_ms,
    }


def _evidence(record: CallRecord) -> str:
    return " / ".join(
        evidence.value for evidence in (record.answer_evidence, record.end_evidence) if evidence
    )


def _party(number: str, name: str) -> str:
    return f"{number} {name}".strip() or _("withheld")


def _direction(direction: str) -> str:
    return {"internal": _("internal"), "incoming": _("incoming"), "outgoing": _("outgoing")}.get(
        direction, direction
    )


def _outcome(outcome: Outcome) -> str:
    return {
        Outcome.ONGOING: _("ongoing"),
        Outcome.ANSWERED: _("answered"),
        Outcome.ABANDONED: _("abandoned"),
        Outcome.BUSY: _("busy"),
        Outcome.NOT_ANSWERED: _("not answered"),
        Outcome.FAILED: _("failed"),
        Outcome.INTERRUPTED: _("interrupted"),
    }[outcome]


def trace_text(line: str, *, everything: bool = False) -> str | None:
    """A line of the trace for people: narrations; with ``everything`` events and actions too."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("says"), str):
        return clean(value["says"])
    if not everything:
        return None
    if "event" in value:
        return clean(f"  > {_object(value['event'])}")
    return clean(f"  < {_object(value['action'])}") if "action" in value else None


def _object(value: object) -> str:
    """``HookEdge port=fxs1 off_hook=true``; a plan by its size."""
    if not isinstance(value, dict):
        return "start" if value is None else str(value)
    fields = {key: item for key, item in value.items() if key != "is"}
    if value.get("is") == "ApplyPlan" and isinstance(fields.get("plan"), dict):
        plan = fields["plan"]
        nodes, hears = len(plan.get("nodes", [])), len(plan.get("hears", []))
        return f"ApplyPlan generation={plan.get('generation')} nodes={nodes} hears={hears}"
    return " ".join([str(value.get("is", "?")), *(f"{key}={_value(item)}" for key, item in fields.items())])


def _value(item: object) -> str:
    if isinstance(item, dict):
        return "(" + " ".join(_value(inner) for key, inner in item.items() if key != "is") + ")"
    return json.dumps(item, ensure_ascii=False) if not isinstance(item, str) else item
