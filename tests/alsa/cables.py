"""Virtual sound cables: PulseAudio in user space behind ordinary ALSA names, private to the test that
started it.

A cable joins two ALSA devices crosswise: what one plays the other captures, at 48 kHz, mono. No D-Bus, no
shared memory, no kernel module; it runs as a child process and ends with it.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SYSTEM_CONFIG = Path("/usr/share/alsa/alsa.conf")
START_S = 10.0
DAEMON_PRIORITY = 40

DAEMON = """\
daemonize = no
use-pid-file = no
exit-idle-time = -1
enable-shm = no
default-fragments = 4
default-fragment-size-msec = 10
realtime-scheduling = no
high-priority = no
"""


@dataclass(frozen=True, slots=True)
class Cable:
    """The ALSA names of a cable's two ends, and what carries it."""

    near: str
    far: str
    daemon: "subprocess.Popen[bytes]"

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Nothing moves on the cable until the block ends."""
        self.daemon.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemon.send_signal(signal.SIGCONT)


def _sink(name: str, sides: int) -> str:
    # norewinds: without it the first stream stalls for 1.7 s.
    sink = f"sink_name={name} channels={sides} format=s16le rate=48000 norewinds=1"
    return f"load-module module-null-sink {sink}\n"


def _device(name: str, plays: str, hears: str, socket: Path) -> str:
    server = f'server "unix:{socket}"'
    return (
        f'pcm.{name}_play {{ type pulse {server} device "{plays}" }}\n'
        f'pcm.{name}_hear {{ type pulse {server} device "{hears}.monitor" }}\n'
        f'pcm.{name} {{ type asym playback.pcm "{name}_play" capture.pcm "{name}_hear" }}\n'
    )


def _write_files(home: Path, socket: Path, count: int, sides: int) -> None:
    script = f"load-module module-native-protocol-unix auth-anonymous=1 socket={socket}\n"
    config = ""
    for number in range(count):
        there, back = f"there{number}", f"back{number}"
        script += _sink(there, sides) + _sink(back, sides)
        config += _device(f"near{number}", there, back, socket) + _device(f"far{number}", back, there, socket)
    (home / "default.pa").write_text(script)
    (home / "daemon.conf").write_text(DAEMON)
    (home / "client.conf").write_text("autospawn = no\nenable-shm = no\n")
    (home / "asound.conf").write_text(config)


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PULSE_RUNTIME_PATH": str(home),
        "PULSE_STATE_PATH": str(home),
        "PULSE_CONFIG_PATH": str(home),
        "PULSE_CLIENTCONFIG": str(home / "client.conf"),
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
    }


@contextmanager
def _variables(values: dict[str, str]) -> Iterator[None]:
    """alsa-lib and libpulse in this process read their places from the environment."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _like_hardware(daemon: subprocess.Popen[bytes]) -> None:
    """The daemon stands for a card, and a card does not wait for this machine's other work."""
    with suppress(PermissionError):
        os.sched_setscheduler(daemon.pid, os.SCHED_FIFO, os.sched_param(DAEMON_PRIORITY))


def _wait_for(socket: Path, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not socket.exists():
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PulseAudio did not start:\n{log.read_text()}")
        time.sleep(0.02)


@contextmanager
def plugged(count: int, sides: int = 1) -> Iterator[tuple[Cable, ...]]:
    """So many cables, mono or stereo, until the block ends.

    RuntimeError with PulseAudio's log when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="cityline-cables-") as name:
        home = Path(name)
        socket, log = home / "native", home / "log"
        _write_files(home, socket, count, sides)
        command = [
            "pulseaudio",
            "-n",
            "-F",
            str(home / "default.pa"),
            "--log-target=stderr",
            "--log-level=warn",
        ]
        with log.open("wb") as output:
            daemon = subprocess.Popen(command, env=_environment(home), stdout=output, stderr=output)
        _like_hardware(daemon)  # at once: its threads inherit this
        try:
            _wait_for(socket, daemon, log)
            here = {
                "ALSA_CONFIG_PATH": f"{SYSTEM_CONFIG}:{home / 'asound.conf'}",
                "PULSE_CLIENTCONFIG": str(home / "client.conf"),
                "PULSE_RUNTIME_PATH": str(home),
                "PULSE_STATE_PATH": str(home),
                "HOME": str(home),
            }
            with _variables(here):
                yield tuple(Cable(f"near{number}", f"far{number}", daemon) for number in range(count))
        finally:
            daemon.terminate()
            daemon.wait(START_S)
