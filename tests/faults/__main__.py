"""`python -m tests.faults`: make each deliberate fault and see that its story turns red."""

import sys

from gateway.bench.playing import Verdict, play
from tests.faults.faults import FAULTS, DeliberateFault


def noticed(fault: DeliberateFault) -> tuple[bool, Verdict]:
    """Whether the fault's own story failed with its symptom."""
    with fault.around():
        verdict = play(fault.story, tamper=fault.tamper)
    said = [check.what for check in verdict.failures]
    return any(fault.symptom in what for what in said), verdict


def main() -> int:
    """Print a row for each fault; 1 when one went unnoticed."""
    unnoticed = 0
    for fault in FAULTS:
        red, verdict = noticed(fault)
        unnoticed += not red
        print(
            f"{'noticed' if red else 'UNNOTICED':10} {fault.name:32} by {fault.story:15} "
            f"{len(verdict.failures)} of {len(verdict.checks)} checks failed",
            flush=True,
        )
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
