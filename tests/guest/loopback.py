"""The kernel's loop-back cards (snd-aloop), each a card of its own with a clock that can be set, and that can
be pulled out: what one end plays (device 0) the other captures (device 1), and the other way round.

Nothing here is the driver's under test: drift goes through amixer, a card is pulled out by sysfs.
"""

import subprocess
import threading
import time
from pathlib import Path

import alsaaudio

DRIVER = Path("/sys/bus/platform/drivers/snd_aloop")
NEVER_S = 60.0
SHIFT_ONE = 100_000
RATE_HZ = 48_000
PERIOD_FRAMES = 240
"""As the signal core has it: by the periods the kernel rounds."""
SETTLING_PERIODS = 40
COUNTS_S = 10.0


class Loopback:
    """Card number ``place`` of the guest (from 0), by its platform device."""

    def __init__(self, place: int) -> None:
        self.device = f"snd_aloop.{place}"
        self.socket = f"platform:{self.device}"

    @property
    def number(self) -> int:
        """The kernel's number of the card today."""
        (card,) = (DRIVER / self.device / "sound").glob("card*")
        return int(card.name.removeprefix("card"))

    @property
    def near(self) -> str:
        """The end that the gateway has."""
        return f"hw:{self.number},0"

    @property
    def far(self) -> str:
        """The end that the world has."""
        return f"hw:{self.number},1"

    def shift(self, ppm: int) -> None:
        """Let the card run faster by some ppm, in steps of 10. That is exact while nobody has the far end
        open: the kernel moves both ends of a cable by whichever went further.
        """
        for device in (0, 1):
            name = f"iface=PCM,name='PCM Rate Shift 100000',device={device},subdevice=0"
            shift = str(round(SHIFT_ONE * (1 - ppm / 1_000_000)))
            command = ["amixer", "-q", "-c", str(self.number), "cset", name, shift]
            subprocess.run(command, check=True, capture_output=True)

    def measure_ppm(self) -> float:
        """The card's clock against the kernel's, by nothing but counting what it captures."""
        pcm = alsaaudio.PCM(
            type=alsaaudio.PCM_CAPTURE,
            rate=RATE_HZ,
            channels=1,
            format=alsaaudio.PCM_FORMAT_S16_LE,
            periodsize=PERIOD_FRAMES,
            device=self.near,
        )
        for _ in range(SETTLING_PERIODS):
            pcm.read()
        began_s, frames = time.monotonic(), 0
        while time.monotonic() < began_s + COUNTS_S:
            frames += max(pcm.read()[0], 0)
        lasted_s = time.monotonic() - began_s
        pcm.close()
        return (frames / lasted_s / RATE_HZ - 1) * 1e6

    def pull_out(self) -> threading.Thread:
        """The kernel lets go of the card. That ends when everybody has closed it: a thread's to wait."""
        return _write(DRIVER / "unbind", self.device)

    def plug_in(self) -> None:
        """The card is there again."""
        _write(DRIVER / "bind", self.device).join(NEVER_S)
        assert (DRIVER / self.device / "sound").is_dir()


def _write(file: Path, text: str) -> threading.Thread:
    thread = threading.Thread(target=file.write_text, args=(text,), daemon=True)
    thread.start()
    return thread
