"""English and Russian: every text has its translation with the same places, and the compiled catalogue is the
written one.
"""

import ast
import gettext
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.management import language
from tools.catalogue import compile_mo, read_po

GATEWAY = Path(language.__file__).parent.parent
SOURCE = language.CATALOGUES / "ru" / "LC_MESSAGES" / "cityline.po"
PLACE = re.compile(r"\{[a-z_]+(?:![a-z])?\}")


def texts() -> set[str]:
    """Every text that is given to `_`."""
    found = set()
    for path in GATEWAY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                (text,) = node.args
                assert isinstance(text, ast.Constant), (
                    f"{path}:{node.lineno}: only a plain text can be translated"
                )
                found.add(text.value)
    return found


def test_every_text_is_translated_with_the_same_places():
    russian = read_po(SOURCE)
    assert len(texts()) > 60
    for text in texts():
        assert russian.get(text), f"no Russian for {text!r}"
        assert sorted(PLACE.findall(russian[text])) == sorted(PLACE.findall(text))


def test_the_compiled_catalogue_is_the_written_one():
    assert SOURCE.with_suffix(".mo").read_bytes() == compile_mo(read_po(SOURCE)), "run tools/catalogue.py"


def test_gettext_reads_what_we_compile():
    with SOURCE.with_suffix(".mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Every line and what it is doing.") == "Все линии и что на них происходит."


@pytest.mark.parametrize(
    "content", ["msgid 1\n", 'msgfoo "a"\n', '"a"\n', 'msgid "a\n', 'msgid "a"\nmsgid "b"\n']
)
def test_a_broken_catalogue_is_refused_with_its_line(tmp_path, content):
    path = tmp_path / "broken.po"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"broken\.po:\d: "):
        read_po(path)


def help_of(*arguments: str, lang: str) -> str:
    environment = {**os.environ, "LANG": lang, "LC_ALL": "", "LANGUAGE": "", "LC_MESSAGES": ""}
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_command_line_speaks_the_language_of_the_environment_or_the_one_asked_for():
    assert "Все линии" in help_of("lines", "--help", lang="ru_RU.UTF-8")
    assert "Параметры" in help_of("lines", "--help", lang="ru_RU.UTF-8")
    assert "Every line" in help_of("lines", "--help", lang="en_US.UTF-8")
    assert "Все линии" in help_of("--language", "ru", "lines", "--help", lang="C.UTF-8")
    assert "Every line" in help_of("--language=en", "lines", "--help", lang="ru_RU.UTF-8")
