"""An office for each test, in virtual time, and the people in it."""

from collections.abc import Callable, Iterator

import pytest

from gateway.bench.office import Office, open_office
from gateway.bench.stage import Stage
from gateway.simulator.central_office import CentralOffice
from gateway.simulator.telephone import Telephone


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
