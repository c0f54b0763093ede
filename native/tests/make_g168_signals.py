"""Writes g168_signals.h: hybrid models of G.168 annex D, composite source signals of annex C, at 8 kHz.

Usage: python3 make_g168_signals.py g168_echo_models.json > g168_signals.h

The JSON holds the tables of the Recommendation: model coefficients with their scale K, and one period of the
two voiced sounds at 44.1 kHz. They are resampled by their Fourier series; the pseudo-noise of 200 ms is flat
from 200 to 3600 Hz with random phases, as ITU-T P.501 describes it.
"""

import cmath
import json
import math
import random
import sys

RATE_HZ = 8000
SOURCE_RATE_HZ = 44100
LOW_HZ, HIGH_HZ = 200.0, 3600.0
PEAK_FREE_RMS = 4000.0  # room for peaks within 16 bits; tests scale it anyway


def voiced(period: list[float], duration_ms: float) -> list[float]:
    """One period at 44.1 kHz repeated for duration_ms, band-limited to 4 kHz and sampled at 8 kHz."""
    size = len(period)
    harmonics = []
    for k in range(1, size // 2):
        hz = k * SOURCE_RATE_HZ / size
        if hz < HIGH_HZ:
            c = sum(x * cmath.exp(-2j * math.pi * k * n / size) for n, x in enumerate(period)) / size
            harmonics.append((hz, c))
    samples = round(duration_ms * RATE_HZ / 1000)
    return [
        sum(2 * (c * cmath.exp(2j * math.pi * hz * i / RATE_HZ)).real for hz, c in harmonics)
        for i in range(samples)
    ]


def pseudo_noise(duration_ms: float, seed: int) -> list[float]:
    """Flat noise of equal amplitudes and random phases, LOW_HZ to HIGH_HZ."""
    source = random.Random(seed)
    samples = round(duration_ms * RATE_HZ / 1000)
    step = RATE_HZ / samples
    bins = [k for k in range(1, samples // 2) if LOW_HZ <= k * step <= HIGH_HZ]
    phases = [source.choice((0.0, math.pi)) + source.uniform(-0.5, 0.5) for _ in bins]
    return [
        sum(math.cos(2 * math.pi * k * i / samples + phase) for k, phase in zip(bins, phases, strict=True))
        for i in range(samples)
    ]


def scaled(signal: list[float]) -> list[float]:
    """The same at PEAK_FREE_RMS."""
    rms = math.sqrt(sum(x * x for x in signal) / len(signal))
    return [x * PEAK_FREE_RMS / rms for x in signal]


def array(name: str, values: list[float]) -> str:
    rows = [
        "    " + ", ".join(f"{v:.1f}f" for v in values[i : i + 12]) + "," for i in range(0, len(values), 12)
    ]
    return f"static const float {name}[{len(values)}] = {{\n" + "\n".join(rows) + "\n};\n"


def main() -> None:
    with open(sys.argv[1], encoding="ascii") as file:
        tables = json.load(file)
    print("/* Made by make_g168_signals.py from the tables of ITU-T G.168 annexes C and D: do not edit. */")
    print("#ifndef G168_SIGNALS_H\n#define G168_SIGNALS_H\n\n#include <stddef.h>\n")
    print(array("g168_css_voiced", scaled(voiced(tables["css_c1"], 48.62))))
    print(array("g168_css_noise", scaled(pseudo_noise(200, 1))))
    print(array("g168_double_talk_voiced", scaled(voiced(tables["css_c3"], 72.69))))
    print(array("g168_double_talk_noise", scaled(pseudo_noise(200, 2))))
    models = {int(k): v for k, v in tables["models"].items()}
    for number, model in sorted(models.items()):
        print(array(f"g168_model_{number}", model["c"]))
    print("struct g168_model {\n    const float *taps;\n    size_t n_taps;\n    float scale;\n};\n")
    print(f"static const struct g168_model g168_models[{len(models)}] = {{")
    for number, model in sorted(models.items()):
        print(f"    {{g168_model_{number}, {len(model['c'])}, {model['K']:g}f}},")
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
