"""A guest kernel under QEMU with simulated GPIO pins, and the tests that need one run inside it.

The guest is Debian's own kernel with an initramfs: Python, this project, and gpio-sim, which Debian's kernels
switch off; so it is built from the three files of the kernel's source that it consists of. Everything is
fetched and made here when it is first needed, and kept in .cache/guest under the kernel's release. The guest
has virtual time (`-icount`): how busy this machine is does not show inside.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tools.packages import TO_RUN_GUEST, Package
from tools.progress import ROOT, SetupError, run_logged, say
from tools.setup_steps import PYTHON, install_packages

CACHE = ROOT / ".cache" / "guest"
ROOT_PACKAGES = ("python3",)
SITE = (
    *("_pytest", "pytest", "py.py", "iniconfig", "packaging", "pluggy", "pygments"),
    *("_cffi_backend", "cffi", "pycparser", "gpiod"),
)
"""What the tests in the guest import, from the virtual environment; each with whatever begins so."""
KERNEL_MODULES = ("configfs",)
GPIO_SIM = ("drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c")
MAKEFILE = "obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\nccflags-y := -I$(src)\n"
MEMORY_MB = 768
SHIFT = 2
"""One instruction takes 2^SHIFT ns of the guest's time: 250 million a second, a slow board."""
LIMIT_S = 1_500
ENDED = re.compile(r"^guest: ended with (\d+)", re.MULTILINE)
TESTS = ("tests/contracts/test_line_modules.py", "tests/guest")

# Without pyproject.toml and conftest: what they ask for (Hypothesis, a time-out plug-in) stays outside.
OPTIONS = "-qc /dev/null --rootdir=/project --noconftest -p no:cacheprovider --import-mode=importlib -Werror"

INIT = """#!/bin/sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /bin/busybox insmod /modules/$module.ko; done
/bin/busybox mount -t configfs config /sys/kernel/config
cd /project
export PYTHONPATH=/site:/project CITYLINE_GUEST=1 TERM=dumb HOME=/tmp
/usr/bin/python3 -m pytest {options} {tests}
echo "guest: ended with $?"
/bin/busybox poweroff -f
"""


def main() -> int:
    """Make what is missing, run the guest, print what it printed; its pytest's exit code."""
    try:
        return run_guest()
    except SetupError as error:
        sys.exit(f"cityline: {error}")


def run_guest() -> int:
    """The exit code of pytest inside the guest; 1 when the guest never said one."""
    install_packages(TO_RUN_GUEST)
    release = kernel_release()
    install_packages((Package(f"linux-headers-{release}", "guest: compiles gpio-sim for its kernel"),))
    home = CACHE / release
    home.mkdir(parents=True, exist_ok=True)
    kernel = fetch_kernel(home, release)
    base = make_root(home)
    module = make_gpio_sim(home, release)
    initrd = make_initrd(home, base, [*kernel_modules(home, release), module])
    return _boot(home, kernel, initrd)


# ---------------------------------------------------------------- the kernel
def kernel_release() -> str:
    """Of the kernel that Debian's metapackage stands for today."""
    answer = subprocess.run(
        ["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True, check=False
    )
    found = re.search(r"Depends: linux-image-(\S+)", answer.stdout)
    if found is None:
        raise SetupError("apt knows no linux-image-amd64: run apt-get update on a Debian amd64 machine")
    return found[1]


def fetch_kernel(home: Path, release: str) -> Path:
    """Debian's kernel image with its modules, unpacked; the path of vmlinuz."""
    kernel = home / "image" / "boot" / f"vmlinuz-{release}"
    if not kernel.is_file():
        package = _download(home, f"linux-image-{release}")
        _must("unpacking the kernel", ["dpkg-deb", "-x", str(package), str(home / "image")], "guest-kernel")
    return kernel


def kernel_modules(home: Path, release: str) -> list[Path]:
    """The modules of Debian's kernel that the guest loads, in the order in which it does."""
    tree = home / "image" / "lib" / "modules" / release
    return [next(iter(sorted(tree.rglob(f"{name}.ko")))) for name in KERNEL_MODULES]


def make_gpio_sim(home: Path, release: str) -> Path:
    """gpio-sim.ko for that kernel. irq_to_desc() is not exported to modules; the chip's data has the same."""
    built = home / "gpio-sim" / "gpio-sim.ko"
    if built.is_file():
        return built
    folder = home / "gpio-sim"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    version = re.match(r"\d+\.\d+", release)
    assert version is not None
    _unpack_source(home, version[0], folder)
    (folder / "gpio-sim.c").rename(folder / "gpio-sim-main.c")
    simulated = folder / "irq_sim.c"
    text = simulated.read_text(encoding="utf-8")
    simulated.write_text(
        text.replace("irq_to_desc(irqnum)", "irq_data_to_desc(irq_get_irq_data(irqnum))"), encoding="utf-8"
    )
    (folder / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    command = ["make", "-C", f"/lib/modules/{release}/build", f"M={folder}", "modules"]
    _must("compiling gpio-sim", command, "guest-gpio-sim")
    return built


def _unpack_source(home: Path, version: str, folder: Path) -> None:
    package = _download(home, f"linux-source-{version}")
    inside = f"./usr/src/linux-source-{version}.tar.xz"
    say("taking three files out of the kernel's source")
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as whole:
        assert whole.stdout is not None
        with tarfile.open(fileobj=whole.stdout, mode="r|") as outer:
            for member in outer:
                if member.name == inside:
                    _take_files(outer.extractfile(member), version, folder)
                    break
        whole.kill()
    lacking = [name for name in GPIO_SIM if not (folder / Path(name).name).is_file()]
    if lacking:
        raise SetupError(f"the kernel's source has no {', '.join(lacking)}")


def _take_files(archive: object, version: str, folder: Path) -> None:
    wanted = {f"linux-source-{version}/{name}" for name in GPIO_SIM}
    with tarfile.open(fileobj=archive, mode="r|xz") as source:  # type: ignore[call-overload]
        for member in source:
            if member.name in wanted:
                content = source.extractfile(member)
                assert content is not None
                (folder / Path(member.name).name).write_bytes(content.read())
                wanted.discard(member.name)
            if not wanted:
                return


def _download(home: Path, package: str) -> Path:
    """A package's file, whichever version apt offers."""
    found = sorted(home.glob(f"{package}_*.deb"))
    if not found:
        _must(f"apt: fetching {package}", ["apt-get", "download", package], "guest-apt", cwd=home)
        found = sorted(home.glob(f"{package}_*.deb"))
    return found[-1]


# ---------------------------------------------------------------- the root
def make_root(home: Path) -> Path:
    """Debian's Python without anything that boots, unpacked and never run here."""
    base = home / "root"
    if (base / "usr/bin/python3").exists():
        return base
    shutil.rmtree(base, ignore_errors=True)
    archive = home / "root.tar"
    wanted = f"--include={','.join(ROOT_PACKAGES)}"
    command = ["mmdebstrap", "--variant=extract", wanted, _codename(), str(archive)]
    _must("making the guest's root", command, "guest-root")
    base.mkdir()
    with tarfile.open(archive) as whole:
        members = [member for member in whole if member.isreg() or member.isdir() or member.issym()]
        whole.extractall(base, members=members)  # our own archive of Debian's packages
    archive.unlink()
    return base


def _codename() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\S+)", text, re.MULTILINE)
    return found[1] if found else "bookworm"


def make_initrd(home: Path, base: Path, modules: list[Path]) -> Path:
    """The root, the project as it stands, its libraries and the modules, as one initramfs."""
    tree, initrd = home / "tree", home / "initrd.gz"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["cp", "-al", str(base), str(tree)], check=True)
    for name in ("proc", "sys", "dev", "tmp", "modules", "site", "project"):
        (tree / name).mkdir(exist_ok=True)
    (tree / "bin" / "busybox").unlink(missing_ok=True)
    shutil.copy("/bin/busybox", tree / "bin" / "busybox")
    (tree / "bin" / "sh").unlink(missing_ok=True)
    (tree / "bin" / "sh").symlink_to("busybox")
    for module in modules:
        shutil.copy(module, tree / "modules")
    for path in _site_packages():
        _copy(path, tree / "site" / path.name)
    for name in ("gateway", "tests", "pyproject.toml"):
        _copy(ROOT / name, tree / "project" / name)
    _compile(tree)
    names = " ".join(module.stem for module in modules)
    init = tree / "init"
    init.write_text(INIT.format(modules=names, options=OPTIONS, tests=" ".join(TESTS)), encoding="utf-8")
    init.chmod(0o755)
    _pack(tree, initrd)
    return initrd


def _site_packages() -> Iterator[Path]:
    site = next((PYTHON.parent.parent / "lib").glob("python3.*/site-packages"))
    for name in SITE:
        yield from (path for path in site.glob(f"{name}*") if not path.name.endswith(".dist-info"))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _compile(tree: Path) -> None:
    """Byte code, so that the slow guest need not: of use where our Python is of the guest's version."""
    words = [str(PYTHON), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    library = [str(path.relative_to(tree)) for path in (tree / "usr/lib").glob("python3*")]
    subprocess.run([*words, "site", "project", *library], cwd=tree, stdout=subprocess.DEVNULL, check=False)


def _pack(tree: Path, initrd: Path) -> None:
    say("packing the guest's initramfs")
    names = subprocess.run(["find", ".", "-print0"], cwd=tree, capture_output=True, check=True).stdout
    cpio = ["cpio", "--null", "-o", "-H", "newc", "--quiet"]
    packed = subprocess.run(cpio, cwd=tree, input=names, capture_output=True, check=True).stdout
    initrd.write_bytes(gzip.compress(packed, 1))
    shutil.rmtree(tree)


# ---------------------------------------------------------------- running it
def _boot(home: Path, kernel: Path, initrd: Path) -> int:
    words = ["qemu-system-x86_64", "-m", str(MEMORY_MB), "-nographic", "-no-reboot", "-nic", "none"]
    words += ["-accel", "tcg,thread=single", "-smp", "1", "-icount", f"shift={SHIFT},sleep=off"]
    words += ["-kernel", str(kernel), "-initrd", str(initrd)]
    words += ["-append", "console=ttyS0 quiet panic=-1 rdinit=/init"]
    said = home / "console.txt"
    say(f"booting the guest (output: {said.relative_to(ROOT)})")
    with said.open("wb") as console:
        try:
            subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            say(f"the guest did not end within {LIMIT_S} s")
    text = said.read_text(encoding="utf-8", errors="replace")
    print(text[text.rfind("Booting from ROM") :], flush=True)
    ended = ENDED.search(text)
    return int(ended[1]) if ended else 1


def _must(title: str, command: list[str], log: str, cwd: Path = ROOT) -> None:
    if not run_logged(title, command, log, cwd=cwd):
        raise SetupError(f"{title} failed; the log named above says why")


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
