"""What the exchange says in words, and in which language: names of the recordings in ``media/sounds``."""

from gateway.model.signals import WarningKind

RUSSIAN_SPEAKING = frozenset({"ru", "by", "kz", "kg"})
"""Countries whose offices are spoken to in Russian; all others in English."""

LANGUAGES = ("ru", "en")

_NAMES = {WarningKind.SILENCE: "nobody-speaks", WarningKind.LAST_MINUTE: "last-minute"}

WORDS = frozenset(f"{name}-{language}" for name in _NAMES.values() for language in LANGUAGES)
"""All recordings of words: none of them is music. An office may have words of its own by ``[clip.NAME]``."""


def clip_of(kind: WarningKind, country: str) -> str:
    """The recording of that warning for an office there."""
    language = "ru" if country.lower() in RUSSIAN_SPEAKING else "en"
    return f"{_NAMES[kind]}-{language}"
