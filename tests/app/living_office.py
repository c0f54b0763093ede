"""A whole gateway whose people telephone without pause, until it is killed; says on stdout what was recorded.

101 calls 102 and 103 calls 104 by lifting, pushing buttons and talking through the simulated wires;
telephones of the network ask for a number that does not exist, or for the city, whose lines are soon taken
(their INVITEs are put where the SIP driver would put them).
"""

import asyncio
import random
import sys
from pathlib import Path

from gateway.app import Gateway, RunSettings, run
from gateway.model.actions import CallEnded
from gateway.model.events import InviteReceived
from gateway.model.numbers import DialogId
from gateway.simulator.telephone import Telephone

OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        "m=audio 40000 RTP/AVP 8",
        "a=rtpmap:8 PCMA/8000",
        "",
    )
)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def rings(telephone: Telephone) -> None:
    async with asyncio.timeout(20):
        while not telephone.rings:  # noqa: ASYNC110 - people look, they are not told
            await asyncio.sleep(0.01)


async def telephone_each_other(caller: Telephone, called: Telephone, chance: random.Random) -> None:
    while True:
        caller.lifts()
        await asyncio.sleep(0.15)
        caller.dials(called.number)
        await rings(called)
        called.lifts()
        caller.says()
        await asyncio.sleep(chance.uniform(0.0, 0.5))
        caller.hushes()
        first, second = chance.sample((caller, called), 2)
        first.hangs_up()
        second.hangs_up()
        await asyncio.sleep(0.8)


async def ask_for_nobody(gateway: Gateway, chance: random.Random) -> None:
    dialog = 1_000_001
    while True:
        gateway.pump.feed(
            InviteReceived(DialogId(dialog), "201", "Дарья", chance.choice(("777", "94951234567")), OFFER)
        )
        dialog += 2
        await asyncio.sleep(chance.uniform(0.005, 0.06))


async def live(gateway: Gateway, seed: int) -> None:
    def recorded(row: CallEnded) -> None:
        say(f"ended {row.call} {int(row.cause)}")

    gateway.on_call_recorded = recorded
    gateway.on_alarm = lambda alarm: say(f"alarm {alarm.about}: {alarm.text}")
    chance = random.Random(seed)
    at = gateway.board.telephones
    say("up")
    async with asyncio.TaskGroup() as people:
        people.create_task(telephone_each_other(at["101"], at["102"], chance))
        people.create_task(telephone_each_other(at["103"], at["104"], chance))
        people.create_task(ask_for_nobody(gateway, chance))


async def main(office: Path, board: Path, state: Path, seed: int) -> None:
    stopped = asyncio.Event()
    await run(RunSettings(office, board, state), stopped, prompt=lambda gateway: live(gateway, seed))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
