"""Where the sample office and its simulated board are: what runs when nobody names a file.

In the source tree they are in boards/; the wheel has a copy inside the package (see setup.py).
"""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE / "boards", _PACKAGE.parent / "boards")

SIMULATED = next(filter(Path.is_dir, _PLACES), _PLACES[0]) / "simulated"
"""The directory of office.toml, board.toml and the other offices of the stories."""
