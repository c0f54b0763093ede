"""Fixtures for tests with foreign SIP programs: a network of their own, baresip, sipp; tests may be
coroutines.
"""

import asyncio
import inspect
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.network import SipNetwork, missing
from tests.interop.network import sip_network as make_network
from tests.interop.telephones import Baresip, Sipp


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine; every one has its own event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(scope="session")
def sip_network() -> Iterator[SipNetwork]:
    """A network namespace for telephones; one for all tests of a worker.

    Where there can be none the tests fail and say the remedy: `--quick` leaves them out, nothing else does.
    """
    if why := missing():
        pytest.fail(why)
    try:
        with make_network() as network:
            yield network
    except subprocess.CalledProcessError as error:
        pytest.fail(f"no network namespace: {error.stderr}")


@pytest.fixture
def baresip(sip_network: SipNetwork, tmp_path: Path) -> Callable[..., Baresip]:
    """``async with baresip("201", gateway_port) as phone``: a soft phone; password ``secret<extension>``."""

    def make(extension: str, gateway_port: int, **options: Any) -> Baresip:
        password = options.pop("password", f"secret{extension}")
        return Baresip(
            sip_network, tmp_path / f"baresip-{extension}", extension, password, gateway_port, **options
        )

    return make


@pytest.fixture
def sipp(sip_network: SipNetwork, tmp_path: Path) -> Callable[..., Sipp]:
    """``await sipp(gateway_port).run(scripts.register())``: a telephone that follows a script."""

    def make(gateway_port: int, **addresses: str) -> Sipp:
        folder = tmp_path / "sipp"
        folder.mkdir(exist_ok=True)
        return Sipp(sip_network, folder, gateway_port, **addresses)

    return make
