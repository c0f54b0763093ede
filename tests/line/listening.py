"""A step in virtual time around one machine: timers expire, what it tells is kept."""

from dataclasses import dataclass, field
from typing import Any

from gateway.model.actions import Action, CancelTimer, StartTimer
from gateway.model.machine import Ids, Machine, Step
from gateway.model.numbers import NS_PER_MS, Now
from gateway.model.timers import TimerId


@dataclass
class Listener:
    """Keeps what a machine below tells; may expect digits, for a hook."""

    heard: list[object] = field(default_factory=list)
    expects_digits: bool = False

    def take(self, event: object, step: Step) -> bool:
        self.heard.append(event)
        return True


@dataclass
class Bench:
    """Virtual time for one machine (and those above or below it that share its steps)."""

    machines: list[Machine[Any]] = field(default_factory=list)
    now_us: int = 1_000_000
    due: dict[TimerId, int] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    news: list[object] = field(default_factory=list)
    ids: Ids = field(default_factory=lambda: Ids(1))

    @property
    def now_ns(self) -> int:
        return self.now_us * 1000

    def step(self) -> Step:
        return Step(Now(self.now_ns, 0), self.ids)

    def take(self, machine: Machine[Any], event: object) -> None:
        step = self.step()
        machine.take(event, step)
        self.finish(step)

    def finish(self, step: Step) -> None:
        for action in step.actions:
            if isinstance(action, StartTimer):
                self.due[action.timer] = self.now_us + action.after_ms * 1000
            elif isinstance(action, CancelTimer):
                del self.due[action.timer]
            else:
                self.actions.append(action)
        self.news.extend(step.news)

    def wait_ms(self, ms: float) -> None:
        end = self.now_us + int(ms * 1000)
        while self.due:
            timer = min(self.due, key=lambda one: (self.due[one], one.serial))
            if self.due[timer] > end:
                break
            self.now_us = self.due.pop(timer)
            step = self.step()
            for machine in self.machines:
                if machine.key == timer.owner:
                    machine.expire(timer, step)
            self.finish(step)
        self.now_us = end

    def until_ms(self, ms: float) -> None:
        self.wait_ms(ms - self.now_us / 1000)

    @property
    def ms(self) -> int:
        return self.now_ns // NS_PER_MS
