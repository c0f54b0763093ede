"""Names of callers: what a city line sent becomes text, and text becomes what a telephone can show.

A caller-identity message names no character set. Exchanges of the countries we serve send ASCII,
Windows-1251, KOI8-R, ISO 8859-5 or code page 866, newer ones UTF-8; the letters say which: a name in the
wrong set has signs in it, capitals in the middle of words, or letters that Russian hardly uses. A telephone
shows ASCII.
"""

import unicodedata
from dataclasses import dataclass
from math import log

CHARACTER_SETS = ("cp1251", "koi8-r", "iso8859-5", "cp866")
"""Of one octet a letter, the likeliest first: it wins when two are as good."""

RUSSIAN_PER_MILLE = {
    letter: share
    for letters, share in (
        ("о", 110), ("е", 85), ("а", 80), ("и", 74), ("нт", 65), ("с", 55), ("р", 47), ("в", 45),
        ("л", 44), ("к", 35), ("м", 32), ("д", 30), ("п", 28), ("у", 26), ("я", 20), ("ыь", 18),
        ("гзб", 16), ("ч", 14), ("й", 12), ("х", 10), ("жшю", 8), ("ц", 5), ("№", 4), ("щэ", 3),
        ("фъё", 2), ("іїєґўј«»", 1),
    )
    for letter in letters
}  # fmt: skip
"""How often Russian uses each letter, rounded (Russian National Corpus); the last are signs and its
neighbours' letters."""

NO_LETTER = -12.0
"""Score of an octet that is no letter there; the rarest letter has log(1/1000) = -6.9."""
CAPITAL_INSIDE = -6.0
"""Score of a capital behind a small letter of the same word: names have none."""

ICAO = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "ie", "ы": "y", "ь": "",
    "э": "e", "ю": "iu", "я": "ia", "є": "ie", "і": "i", "ї": "i", "ґ": "g", "ў": "u", "ј": "j", "љ": "lj",
    "њ": "nj", "ђ": "d", "ћ": "c", "џ": "dz", "ѕ": "dz", "ѓ": "g", "ќ": "k",
}  # fmt: skip
"""ICAO Doc 9303 (8th edition, 2021), part 3, section 6 B: as Russian passports spell names since 2014."""

LATIN = {
    "ß": "ss", "æ": "ae", "ø": "oe", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ı": "i",
    "№": "No", "—": "-", "–": "-",
}  # fmt: skip
"""Letters that do not come apart into an ASCII letter and an accent (ICAO Doc 9303, part 3, section 6 A)."""

NAME_OCTETS_MAX = 50
"""EN 300 659-3, 5.4.3."""


def read_name(octets: bytes) -> str:
    """The name that these octets spell, without signs that cannot be printed; no octets raise."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = max((octets.decode(name, "replace") for name in CHARACTER_SETS), key=_plausibility)
    return "".join(sign for sign in text if sign.isprintable()).strip()


def _plausibility(text: str) -> float:
    """Logarithm of how likely this is a name; of the letters beyond ASCII only."""
    score, before = 0.0, " "
    for sign in text:
        if not sign.isascii():
            share = RUSSIAN_PER_MILLE.get(sign.lower())
            score += NO_LETTER if share is None else log(share / 1_000)
        if sign.isupper() and before.islower():
            score += CAPITAL_INSIDE
        before = sign
    return score


def for_telephone(name: str, most: int = NAME_OCTETS_MAX) -> str:
    """The name in ASCII, at most ``most`` characters of it: Cyrillic by ICAO's table, Latin without its
    accents; what has no spelling is left out.
    """
    spelt = []
    for place, sign in enumerate(name):
        latin = _spelling(sign)
        if sign.isupper() and latin:
            neighbours = name[max(place - 1, 0) : place] + name[place + 1 : place + 2]
            small = any(near.islower() for near in neighbours)
            latin = latin.capitalize() if small or len(latin) == 1 else latin.upper()
        spelt.append(latin)
    return " ".join("".join(spelt).split())[:most].rstrip()


@dataclass(frozen=True, slots=True)
class Speller:
    """Names for a telephone that shows ``letters``, a codec: as they are, in ASCII for one with no other."""

    letters: str
    most: int = NAME_OCTETS_MAX

    def __call__(self, name: str) -> str:
        """The name in those letters."""
        if self.letters == "ascii":
            return for_telephone(name, self.most)
        return _cut(name, self.letters, self.most)


def _cut(name: str, letters: str, most: int) -> str:
    """What that codec has of the name, in at most ``most`` octets and whole letters."""
    octets = name.encode(letters, "ignore")[:most]
    return octets.decode(letters, "ignore").strip()


def _spelling(sign: str) -> str:
    """One sign in ASCII, small letters; empty where there is none."""
    small = sign.lower()
    known = ICAO.get(small, LATIN.get(small))
    if known is not None:
        return known
    apart = unicodedata.normalize("NFKD", small)
    return "".join(part for part in apart if part.isascii() and part.isprintable())
