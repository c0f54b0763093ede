"""Whether the supply can feed all telephones at once: the worst moment that the board file allows.

The worst moment: as many telephones ring as `ringing_at_once` lets, those that draw the most more by ringing
than by talking, and every other one is off hook.
"""

from collections.abc import Sequence

from gateway.config.document import Document
from gateway.config.schema import BoardFile, PortEntry


def check_power(document: Document, file: BoardFile) -> None:
    """Note a supply that is too weak, and what would help."""
    for name, port in file.port.items():
        _check_kind(document, name, port)
    telephones = [port for port in file.port.values() if port.kind == "fxs"]
    supply_ma = file.line_supply_ma
    if not supply_ma or not telephones:
        return
    at_once = min(file.ringing_at_once or len(telephones), len(telephones))
    worst_ma = worst_current_ma(telephones, at_once)
    if worst_ma <= supply_ma:
        return
    what = (
        f'"line_supply_ma" is {supply_ma}, but {at_once} ringing and {len(telephones) - at_once} lifted '
        f"telephones draw {worst_ma} mA"
    )
    fitting = [n for n in range(1, at_once) if worst_current_ma(telephones, n) <= supply_ma]
    remedy = (
        f"write ringing_at_once = {fitting[-1]}"
        if fitting
        else f"take a supply of {worst_current_ma(telephones, 1)} mA or more"
    )
    document.complain(("line_supply_ma",), what, remedy)


def worst_current_ma(telephones: Sequence[PortEntry], at_once: int) -> int:
    """What they draw in mA when `at_once` of them ring, those for which it costs most, and the others are off
    hook.
    """
    more = sorted((port.ringing_ma - port.off_hook_ma for port in telephones), reverse=True)
    return sum(port.off_hook_ma for port in telephones) + sum(more[:at_once])


def _check_kind(document: Document, name: str, port: PortEntry) -> None:
    for field in ("off_hook_ma", "ringing_ma"):
        if port.kind != "fxs" and field in port.model_fields_set:
            document.complain(("port", name, field), "we feed no telephone here", f"remove {field}")
