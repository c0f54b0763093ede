"""An office for each test, in virtual time, and the people in it."""

from collections.abc import Callable, Iterator

import pytest

from gateway.bench.office import Office, open_office
from gateway.bench.stage import Stage
from gateway.simulator.central_office import CentralOffice
from gateway.simulator.telephone import Telephone
from tests.scenarios.modem_scene import Opened, Scene, configured


@pytest.fixture
def office() -> Iterator[Office]:
    made = open_office()
    yield made
    made.close()


@pytest.fixture
def stage(office: Office) -> Stage:
    return Stage(office)


@pytest.fixture
def telephone(office: Office) -> Callable[[str], Telephone]:
    return office.telephone


@pytest.fixture
def city(office: Office) -> CentralOffice:
    return office.board.city


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens offices with modems; closes them, and no bug may have been contained."""
    scenes: list[Scene] = []

    def open_scene(*words: str, **more: str) -> Scene:
        scenes.append(Scene(configured(*words, **more)))
        return scenes[-1]

    yield open_scene
    for scene in scenes:
        assert not scene.bugs
        scene.office.close()
