"""Five callers for two employees: the queue holds them with music, and the longest waiting is next."""

from gateway.bench.party import Party
from gateway.bench.stage import Stage
from gateway.simulator.telephone import Telephone

OFFICE = "queue"


def play(stage: Stage) -> None:
    """101 and 102 talk with each other when two city callers, 103, 104 and 201 call the queue."""
    anna, boris = stage.telephone("101"), stage.telephone("102")
    stage.connect(anna, boris)
    callers = _arrive(stage)
    for caller in callers:
        stage.music(caller)
    stage.check("the employees are not disturbed", not (anna.rings or boris.rings))
    stage.hears_only(boris, anna, callers)
    anna.hangs_up()
    _served(stage, anna, callers[0], callers[1:])
    boris.hangs_up()
    _served(stage, boris, callers[1], callers[2:])
    employees = [anna, boris]
    for place in (2, 3, 4):
        free = employees[place % 2]
        _leaves(stage, callers[place - 2])
        free.hangs_up()
        _served(stage, free, callers[place], callers[place + 1 :])
    for caller, employee in zip(callers[3:], (boris, anna), strict=True):
        _leaves(stage, caller)
        employee.hangs_up()
    stage.wait(1_000)
    order = stage.connected_order()
    came = ["4951111111", "4952222222", "103", "104", "201"]
    stage.check("all five were answered, in the order of their coming", order == came, " ".join(order))
    stage.at_rest()


def _arrive(stage: Stage) -> list[Party]:
    callers: list[Party] = []
    for line, number in ((1, "4951111111"), (2, "4952222222")):
        stage.calls(line, number)
        stage.wait_for(
            lambda line=line: stage.city(line).state == "talking",  # type: ignore[misc]
            6_000,
            f"the queue answers line {line}",
        )
        callers.append(stage.city(line))
    for number in ("103", "104"):
        telephone = stage.telephone(number)
        telephone.lifts()
        stage.wait(400)
        telephone.dials("610")
        stage.wait(1_000)
        callers.append(telephone)
    darya = stage.sip("201")
    darya.calls("610")
    stage.wait(200)
    callers.append(darya)
    return callers


def _served(stage: Stage, employee: Telephone, caller: Party, waiting: list[Party]) -> None:
    """A free employee's bell rings; he lifts and has the caller who has waited longest."""
    stage.wait_for(lambda: employee.rings, 3_000, f"{employee.name} is rung")
    stage.wait(300)
    employee.lifts()
    stage.wait(600)
    stage.hears_only(employee, caller, waiting)
    stage.hears_only(caller, employee, waiting)
    for other in waiting:
        stage.had_music(other, f"{other.name} still has music")


def _leaves(stage: Stage, caller: Party) -> None:
    caller.hangs_up()
    stage.wait(3_500)
