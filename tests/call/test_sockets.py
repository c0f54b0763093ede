"""RTP sockets are handed out and given back; a freed one waits longest."""

import pytest

from gateway.call.switchboard import Sockets
from gateway.errors import Bug


def test_a_freed_socket_is_handed_out_last() -> None:
    sockets = Sockets.of(3)
    assert [sockets.take(), sockets.take()] == [0, 1]
    sockets.give_back(0)
    assert [sockets.take(), sockets.take(), sockets.take()] == [2, 0, None]
    assert sockets.used == 3


def test_giving_back_twice_is_a_bug() -> None:
    sockets = Sockets.of(1)
    with pytest.raises(Bug):
        sockets.give_back(0)
