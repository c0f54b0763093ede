"""Builds the harnesses of native/fuzz with clang's libFuzzer and runs them, two at a time.

`python -m tools.c_fuzz` gives each a fixed number of inputs from a fixed seed: the gate, which says the same
of the same code. `python -m tools.c_fuzz SECONDS` hunts from a new seed for as long; an input that it finds
goes, with the mend, into native/fuzz/corpus, where the gate meets it ever after. What a harness found is told
with the input that shows it, in hexadecimal.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
OUT = "out-fuzz"
AT_ONCE = 2
LONGEST_INPUT = 4_096
GATE_SEED = 1
GATE_INPUTS = {
    "fuzz_aon_receiver": 2_500,
    "fuzz_callerid_japan": 400_000,
    "fuzz_callerid_modem": 12_000,
    "fuzz_callwaiting": 3_000,
    "fuzz_cas_receiver": 12_000,
    "fuzz_jitter_buffer": 60_000,
    "fuzz_rtp": 100_000,
}
GATE_INPUTS_ELSE = 5_000_000
"""A row of packets through a buffer takes longer than one parsed packet; none takes over half a minute."""
GATE_MOST_S = 600.0
MORE_S = 120.0
"""A harness ends by itself; this long after it should have, it hangs."""

RUNS = re.compile(r"^Done (\d+) runs in \d+ second", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of one harness: how many inputs it took, and what it found (empty: nothing)."""

    name: str
    inputs: int
    found: str

    def __str__(self) -> str:
        words = "nothing found" if not self.found else f"FAILED\n{self.found}"
        return f"  {self.name:24} {self.inputs:9} inputs, {words}"


def main(words: list[str]) -> int:
    """Build, run, print; 1 when one found something, or took no input at all."""
    seconds = int(words[0]) if words else None
    built = subprocess.run(["make", "-s", "-C", str(NATIVE), f"-j{AT_ONCE}", "fuzzers"], check=False)
    if built.returncode != 0:
        return built.returncode
    names = sorted(path.stem for path in (NATIVE / "fuzz").glob("fuzz_*.c"))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        results = list(pool.map(lambda name: run(NATIVE / OUT / name, seconds), names))
    print(*results, sep="\n")
    return int(not results or any(result.found for result in results))


def fixed_addresses() -> tuple[str, ...]:
    """What runs a program at the same addresses each time, where that may be asked for.

    libFuzzer tries the values that a comparison met, addresses among them: with others the same seed takes
    other ways.
    """
    words = ("setarch", "--addr-no-randomize")
    return words if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0 else ()


def bounds(name: str, seconds: int | None) -> list[str]:
    """The flags that end a harness: after `seconds`, or (None) after its inputs at the gate."""
    if seconds is not None:
        return [f"-max_total_time={seconds}"]
    return [f"-seed={GATE_SEED}", f"-runs={GATE_INPUTS.get(name, GATE_INPUTS_ELSE)}"]


def run(program: Path, seconds: int | None) -> Fuzzed:
    """One harness, from its few inputs in native/fuzz/corpus."""
    seeds = NATIVE / "fuzz" / "corpus" / program.name
    most_s = GATE_MOST_S if seconds is None else seconds + MORE_S
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *fixed_addresses(),
            str(program),
            *bounds(program.name, seconds),
            f"-max_len={LONGEST_INPUT}",
            f"-artifact_prefix={folder}/",
            *([folder, str(seeds)] if seeds.is_dir() else []),
        ]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=most_s, check=False, cwd=folder)
        except subprocess.TimeoutExpired:
            return Fuzzed(program.name, 0, f"it did not end within {most_s:.0f} s")
        said = ended.stderr.decode(errors="replace")
        told = RUNS.search(said)
        inputs = int(told[1]) if told else 0
        if ended.returncode == 0 and inputs > 0:
            return Fuzzed(program.name, inputs, "")
        shown = [f"{path.name}: {path.read_bytes().hex()}" for path in Path(folder).glob("*-*")]
        return Fuzzed(
            program.name, inputs, "\n".join([f"code {ended.returncode}", *said.splitlines()[-60:], *shown])
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
