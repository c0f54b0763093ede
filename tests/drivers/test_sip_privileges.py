"""The SIP process of a gateway that is root is not root, and binds, answers and comes back all the same."""

import asyncio
import os
import pwd
from pathlib import Path

import pytest

from gateway.drivers.sipstack import SofiaSipStack
from gateway.errors import HardwareError
from gateway.interfaces import SipListen
from gateway.model.events import Event, SipStackUp
from tests.app.office_files import free_port
from tests.drivers.fake_sip_process import DEADLINE_S

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up"),
]


def identity(process_id: int) -> dict[str, set[str]]:
    """User, group (real, effective, saved, for files) and groups of a process, and what it may do."""
    rows = (row.split() for row in Path(f"/proc/{process_id}/status").read_text().splitlines())
    wanted = ("Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:")
    return {row[0]: set(row[1:]) for row in rows if row and row[0] in wanted}


@pytest.mark.parametrize("user", ["nobody", "daemon"])
def test_it_is_the_user_asked_for_before_it_listens_and_after_a_restart(user: str) -> None:
    account = pwd.getpwnam(user)
    expected = {
        "Uid:": {str(account.pw_uid)},
        "Gid:": {str(account.pw_gid)},
        "Groups:": set(),
        "CapEff:": {"0" * 16},
        "CapPrm:": {"0" * 16},
    }

    async def main() -> None:
        events: asyncio.Queue[Event] = asyncio.Queue()
        stack = SofiaSipStack(user=user)
        await stack.start(events.put_nowait, SipListen("127.0.0.1", free_port(), "cityline"), ())
        try:
            for _life in range(2):
                async with asyncio.timeout(DEADLINE_S):
                    while not isinstance(await events.get(), SipStackUp):
                        pass
                assert stack.process_id is not None
                assert identity(stack.process_id) == expected
                os.kill(stack.process_id, 9)
        finally:
            await stack.stop()

    asyncio.run(main())


def test_a_user_that_is_not_there_keeps_it_from_starting_rather_than_root() -> None:
    async def main() -> None:
        stack = SofiaSipStack(user="nobody-like-that")
        with pytest.raises(HardwareError, match="does not start"):
            await stack.start(lambda event: None, SipListen("127.0.0.1", free_port(), "cityline"), ())

    asyncio.run(main())
