"""The health of a telephone's hook contact: what its edges say about itself, whatever they mean.

`line.hook` makes sense of any edges; this says when they are not those of a sound contact. A contact that
goes on opening and closing for longer than any data sheet allows is worn or dirty, and the same level twice
means that an edge was lost on its way to us. The telephone works on; `cityline lines` says what is wrong with
it, until it has been right for a while.
"""

from gateway.model.actions import RaiseAlarm
from gateway.model.events import HookEdge
from gateway.model.machine import Step
from gateway.model.numbers import NS_PER_MS, PortId

BOUNCE_GAP_MS = 8
"""Edges closer together than this are bounce; the shortest dial pulse we take lasts 9.1 ms."""
BOUNCE_LONG_MS = 40
"""Bounce that lasts longer is no sound contact's (3 to 15 ms; hardware facts)."""
CLEAN_RUNS = 40
"""So many movements without trouble (twenty lifts) and it counts as sound again."""


class ContactWatch:
    """The contact of one telephone; `trouble` is a sentence for people, empty when it is sound."""

    def __init__(self, port: PortId) -> None:
        self.trouble = ""
        self._port = port
        self._closed: bool | None = None
        self._edge_ns = 0
        self._began_ns = 0
        self._told_run = False
        self._clean_runs = 0

    def edge(self, edge: HookEdge, step: Step, *, rung: bool) -> None:
        """Note an edge. While the bell has power (``rung``) the detector pulses with it and says nothing."""
        if edge.off_hook == self._closed:
            self._note("an edge of its contact was lost", step)
        self._closed = edge.off_hook
        near = edge.at_ns - self._edge_ns < BOUNCE_GAP_MS * NS_PER_MS
        self._edge_ns = edge.at_ns
        if rung or not near:
            self._begin_run(edge.at_ns)
            return
        lasted_ms = (edge.at_ns - self._began_ns) // NS_PER_MS
        if lasted_ms >= BOUNCE_LONG_MS and not self._told_run:
            self._told_run = True
            self._note(f"its contact bounces for more than {BOUNCE_LONG_MS} ms", step)

    def _begin_run(self, at_ns: int) -> None:
        """A movement of its own; the one before was clean unless something was said about it."""
        self._clean_runs = 0 if self._told_run else self._clean_runs + 1
        self._began_ns, self._told_run = at_ns, False
        if self._clean_runs >= CLEAN_RUNS:
            self.trouble = ""

    def _note(self, what: str, step: Step) -> None:
        """Say it in the trace each time, and raise the alarm once until it is sound again."""
        self._clean_runs = 0
        step.narrate(f"contact({self._port}){{}} {what}")
        if self.trouble:
            return
        self.trouble = f"{what}: clean the hook switch, check plug and cable, or try another telephone"
        step.do(RaiseAlarm(self._port, f"The telephone on {self._port}: {self.trouble}."))
