"""What pyproject.toml cannot name: the C modules, each builder in the tree compiled (cffi, API mode), and the
copy of the sample offices that the wheel has inside the package.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# Each module has one importer: media.core, simulator.wires, drivers.sip_process and drivers.ringer.
BUILDERS = (
    "native/build_native.py:signal_core",
    "native/build_wires.py:two_wire",
    "native/build_sip.py:sip_shim",
    "native/build_ringer.py:ringer",
)

HERE = Path(__file__).parent


class BuildWithBoards(build_py):
    """Copies boards/*/*.toml to gateway/boards; config/samples.py finds them in either place."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        for file in sorted((HERE / "boards").glob("*/*.toml")):
            target = Path(self.build_lib, "gateway", file.relative_to(HERE))
            self.mkpath(str(target.parent))
            self.copy_file(str(file), str(target))


setup(
    cffi_modules=[builder for builder in BUILDERS if (HERE / builder.split(":")[0]).is_file()],
    cmdclass={"build_py": BuildWithBoards},
)
