"""The campaign on city lines: calls by the thousand with audio, in virtual time; `inv campaign lines`.

Each *batch* is one exchange drawn from a seed of its own, with its calls. Batches run in as many processes as
asked for; what came of each is a line of the state file, written durably, so that a run that was cut goes on
where it stopped. A run begins anew when the product has changed since.
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.bench.campaign.batch import BatchResult, play_batch
from gateway.bench.campaign.calls import CallResult, Fault
from gateway.model.plain import from_plain, to_plain

ROOT = Path(__file__).parent.parent
OUT = ROOT / "out" / "campaign"
SEEDS_EACH = 1_000_000
"""Batch i of seed S is drawn from S * SEEDS_EACH + i."""
LEAST_IDENTITY = 0.999
PROGRESS_S = 15.0
NEVER = (Fault.HANGING, Fault.CUT, Fault.NOT_CONNECTED, Fault.ALARM)
"""Faults of which a campaign passes with none at all."""
SOURCES = ("gateway/**/*.py", "gateway/**/*.so")


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    seed: int
    calls: int
    jobs: int
    country: str
    out: Path


@dataclass(frozen=True, slots=True)
class Header:
    """First line of the state file: what its batches were played by."""

    seed: int
    country: str
    product: str


class State:
    """The batches that are done, on disk."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.batches: list[BatchResult] = []
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if lines and _plain(lines[0]) == to_plain(header):
            done = (_plain(line) for line in lines[1:])
            self.batches = [from_plain(plain, BatchResult) for plain in done if plain is not None]
        elif lines:
            say(f"{path} is of another product or order: it is kept as {path.name}.old, and all begins anew")
            path.replace(path.with_suffix(path.suffix + ".old"))
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = [to_plain(header), *map(to_plain, self.batches)]
        path.write_text("".join(json.dumps(line) + "\n" for line in whole), encoding="utf-8")

    def add(self, batch: BatchResult) -> None:
        """Keep what came of a batch."""
        self.batches.append(batch)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(to_plain(batch)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    @property
    def calls(self) -> int:
        """How many calls are done."""
        return sum(len(batch.calls) for batch in self.batches)


def _plain(line: str) -> Any:
    """A line of the state file; None for the last one, where a cut came in the middle of writing."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def say(text: str) -> None:
    """Tell people, at once."""
    print(text, file=sys.stderr, flush=True)


def product_digest() -> str:
    """What the product is made of: another one makes other calls."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def run(order: Order) -> State:
    """Play batches until there are calls enough."""
    header = Header(order.seed, order.country, product_digest())
    state = State(order.out / f"lines-{order.seed}.jsonl", header)
    if state.calls:
        say(f"{state.calls} calls are done already: going on")
    began_s, began_calls, told_s = time.monotonic(), state.calls, 0.0
    with ProcessPoolExecutor(order.jobs, initializer=os.nice, initargs=(10,)) as pool:
        waiting = _seeds(order, {batch.seed for batch in state.batches})
        running: set[Future[BatchResult]] = set()
        while state.calls < order.calls:
            while len(running) < 2 * order.jobs:
                running.add(pool.submit(play_batch, next(waiting), order.out, order.country))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for batch in done:
                state.add(batch.result())
                _tell_exceptions(batch.result())
            if time.monotonic() - told_s > PROGRESS_S:
                told_s = time.monotonic()
                rate = (state.calls - began_calls) / (told_s - began_s) * 60.0
                say(f"{state.calls} of {order.calls} calls, {rate:.0f} a minute")
        for batch in running:
            batch.cancel()
    return state


def _seeds(order: Order, done: set[int]) -> Iterator[int]:
    first = order.seed * SEEDS_EACH
    return (seed for seed in range(first, first + SEEDS_EACH) if seed not in done)


def _tell_exceptions(batch: BatchResult) -> None:
    for call in batch.calls:
        for line in described(batch, call):
            say(line)


def described(batch: BatchResult, call: CallResult) -> list[str]:
    """Each exception of a call, with its recording and what plays it again."""
    recording = f"{batch.seed}-line{call.line}-call{call.number}.wav"
    again = f"{recording}; again: inv campaign lines --replay {batch.seed}"
    return [f"{one.fault}: {call.kind} ({batch.country}): {one.seen} [{again}]" for one in call.findings]


def report(batches: Iterable[BatchResult]) -> tuple[str, bool]:
    """The figures, and whether all is as it must be."""
    whole = list(batches)
    calls = [(batch, call) for batch in whole for call in batch.calls]
    kinds = Counter(str(call.kind) for _, call in calls)
    faults = Counter(one.fault for _, call in calls for one in call.findings)
    sent = sum(call.identity_sent for _, call in calls)
    right = 1.0 - faults[Fault.IDENTITY] / sent if sent else 1.0
    released = sorted(call.released_ms for _, call in calls if call.released_ms is not None)
    lines = [f"{len(calls)} calls over {len(whole)} exchanges drawn at random"]
    lines += [f"  {count:6}  {kind}" for kind, count in sorted(kinds.items())]
    lines += [f"{sum(batch.virtual_ms for batch in whole) / 3_600_000:.1f} hours of virtual time"]
    lines += [f"{fault}: {faults[fault]}" for fault in NEVER]
    lines += [f"caller identity right: {right:.4%} of {sent} (at least {LEAST_IDENTITY:.1%})"]
    if len(released) > 1:
        cuts = statistics.quantiles(released, n=100)
        most = f"95 % within {cuts[94]:.0f}, the longest {released[-1]} ms"
        lines += [f"released after the far end has left: median {cuts[49]:.0f}, {most}"]
    lines += learned(whole)
    lines += [text for batch, call in calls for text in described(batch, call)]
    return "\n".join(lines), right >= LEAST_IDENTITY and not any(faults[fault] for fault in NEVER)


def learned(batches: list[BatchResult]) -> list[str]:
    """How soon lines were sure of their busy tone, and how near the truth they were."""
    lines = [line for batch in batches for line in batch.learned]
    after = sorted(line.sure_after for line in lines if line.sure_after is not None)
    if not after:
        return ["busy tone learned with 95 % confidence: by no line"]
    hz = [line.error_hz for line in lines if line.error_hz is not None]
    ms = [line.error_ms for line in lines if line.error_ms is not None]
    calls = f"calls that ended in a tone until then: median {statistics.median(after):.0f}, most {after[-1]}"
    text = f"busy tone learned with 95 % confidence: by {len(after)} of {len(lines)} lines; {calls}"
    return (
        [text, f"the learned tone was off by at most {max(hz):.2f} Hz and {max(ms):.1f} ms"] if hz else [text]
    )


def main() -> int:
    """`python -m tools.campaign lines ...`; 0 when everything is as it must be."""
    parser = argparse.ArgumentParser(prog="inv campaign", description=__doc__)
    parser.add_argument("name", choices=("lines",))
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--country", default="", help="draw exchanges of this country only")
    parser.add_argument("--replay", type=int, help="play one batch again, by the seed that was printed")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    if asked.replay is not None:
        batches = [play_batch(asked.replay, asked.out, asked.country)]
    else:
        order = Order(asked.seed, asked.calls, max(1, asked.jobs), asked.country, asked.out)
        batches = run(order).batches
    text, good = report(batches)
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
