"""What `cityline` does not load before it is needed: a start takes as long as its imports."""

import subprocess
import sys

import pytest

LATER = {
    "import gateway.__main__": {
        "gateway.app",
        "gateway.exchange",
        "gateway.bench.prompt",
        "pydantic",
        "rich",
    },
    "import gateway.__main__ as cityline, gateway.app; cityline._people_of(None)": {
        "gateway.bench.prompt",
        "prompt_toolkit",
        "rich",
    },
}


@pytest.mark.parametrize(("start", "later"), LATER.items())
def test_nothing_is_loaded_that_a_start_does_not_need(start: str, later: set[str]) -> None:
    code = f"import sys; {start}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert later & set(loaded.split()) == set()
