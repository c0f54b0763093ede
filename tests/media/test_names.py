"""Names as city lines send them, and as telephones can show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.names import CHARACTER_SETS, for_telephone, read_name

NAMES = (
    "ИВАНОВ И.И.", "Иванов", "Петрова Анна", "СИДОРОВ", "кузнецова мария", "ООО Ромашка", "Щукин Юрий",
    "ЖЭК №5", "Скорая помощь", "АПТЕКА", "Хабибуллин Эльдар", "Кафе У Ашота", "МАМА", "Ёлкин Пётр",
    "Поликлиника 12", "ГУП ВОДОКАНАЛ", "Объединение", "Цыганков", "Фёдор", "ШЕВЧЕНКО", "Такси",
)  # fmt: skip


@pytest.mark.parametrize("encoding", CHARACTER_SETS)
@pytest.mark.parametrize("name", NAMES)
def test_a_russian_name_is_read_in_every_character_set(name: str, encoding: str) -> None:
    if "№" in name and encoding == "koi8-r":
        pytest.skip("KOI8-R has no such sign")
    assert read_name(name.encode(encoding)) == name


@pytest.mark.parametrize("name", [*NAMES, "IVANOV I", "Müller", "Ґалаґан", "O'Neill 25"])
def test_a_name_in_utf_8_or_ascii_is_read(name: str) -> None:
    assert read_name(name.encode()) == name


def test_what_cannot_be_printed_is_left_out() -> None:
    assert read_name(b" IVANOV\x00\x07 \r\n") == "IVANOV"
    assert read_name(b"") == ""


@given(st.binary(max_size=64))
def test_no_octets_raise(octets: bytes) -> None:
    assert read_name(octets).isprintable()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Щукин Юрий", "Shchukin Iurii"),
        ("ЩУКИН ЮРИЙ", "SHCHUKIN IURII"),
        ("Объединение", "Obieedinenie"),
        ("Жанна Хохлова-Цой", "Zhanna Khokhlova-Tsoi"),
        ("Ельцын Игорь", "Eltsyn Igor"),
        ("Я", "IA"),
        ("Шевченко Її Є", "Shevchenko Ii IE"),
        ("Jürgen Groß-Łódź", "Jurgen Gross-Lodz"),
        ("ЖЭК №5 «Дом»", "ZHEK No5 Dom"),
        ("IVANOV I", "IVANOV I"),
        ("山田", ""),
    ],
)
def test_a_telephone_shows_it_in_ascii(name: str, shown: str) -> None:
    assert for_telephone(name) == shown


def test_a_long_name_is_cut_behind_a_letter() -> None:
    assert for_telephone("Щ" * 30) == "SHCH" * 12 + "SH"
    assert for_telephone("Иван Петров", most=5) == "Ivan"


@given(st.text(max_size=80), st.integers(1, 50))
def test_every_name_can_be_shown(name: str, most: int) -> None:
    shown = for_telephone(name, most)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= most


@given(st.text("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ", min_size=1))
def test_each_letter_is_spelt_by_itself(name: str) -> None:
    assert for_telephone(name, 999).lower() == "".join(for_telephone(letter, 9).lower() for letter in name)
