"""English or Russian for people: gettext catalogues in gateway/locale, chosen by --language or by LANG.

Texts are looked up when they are shown (`_`); `choose` may come at any time before. The command line
library's own texts go through the same catalogue. tools/catalogue.py compiles ru/LC_MESSAGES/cityline.po.
"""

import gettext
import os
from collections.abc import Sequence
from pathlib import Path

DOMAIN = "cityline"
CATALOGUES = Path(__file__).parent.parent / "locale"
LANGUAGES = ("en", "ru")

_ = gettext.gettext


def asked(arguments: Sequence[str]) -> str | None:
    """The language on a command line that is not parsed yet: its help is to be in that language."""
    for place, word in enumerate(arguments):
        if word.startswith("--language="):
            return word.partition("=")[2]
        if word == "--language" and place + 1 < len(arguments):
            return arguments[place + 1]
    return None


def choose(language: str | None = None) -> None:
    """Use ``language`` from now on; without it whatever LANGUAGE, LC_ALL, LC_MESSAGES or LANG say."""
    if language:
        os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(CATALOGUES))
    gettext.textdomain(DOMAIN)
