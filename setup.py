"""The C modules, which pyproject.toml cannot name: each builder in the tree is compiled (cffi, API mode)."""

from pathlib import Path

from setuptools import setup

# Each module has one importer: media.core, bench and drivers.sipstack.
BUILDERS = (
    "native/build_native.py:signal_core",
    "native/build_wires.py:two_wire",
    "native/build_sip.py:sip_shim",
)

HERE = Path(__file__).parent

setup(cffi_modules=[builder for builder in BUILDERS if (HERE / builder.split(":")[0]).is_file()])
