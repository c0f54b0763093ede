"""People for the scenarios: a world with the office of the tests."""

import pytest

from tests.exchange.world import City, Telephone, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def anna(world: World) -> Telephone:
    return world.telephone("101")


@pytest.fixture
def boris(world: World) -> Telephone:
    return world.telephone("102")


@pytest.fixture
def vera(world: World) -> Telephone:
    return world.telephone("103")


@pytest.fixture
def city(world: World) -> City:
    return world.city(1)
