"""How a telephone is told who calls: which scheme, which message, how long it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line.identity import SCHEMES, Caller, duration_ms, in_call, message_of, scheme_of
from gateway.media.names import Speller
from gateway.media.tones import countries
from gateway.model.plan import IdentityAlert, IdentityForm, IdentityMessage, Modulation
from gateway.model.settings import LOOP_BREAK, ON_HOOK_AUDIO, POLARITY_REVERSAL

ABLE = (ON_HOOK_AUDIO, POLARITY_REVERSAL, LOOP_BREAK)
ANNA = Caller("4951234567", "Анна", False)


@pytest.mark.parametrize(
    ("country", "name"),
    [("ru", "v23"), ("us", "bell202"), ("gb", "v23-reversal"), ("dk", "dtmf"), ("in", "dtmf-reversal")],
)
def test_the_country_says_how_its_telephones_are_told(country: str, name: str) -> None:
    assert scheme_of("country", country, ABLE) is SCHEMES[name]


def test_an_extension_may_say_otherwise() -> None:
    assert scheme_of("dtmf-hash", "ru", ABLE) is SCHEMES["dtmf-hash"]
    assert scheme_of("none", "ru", ABLE) is None


def test_a_module_that_cannot_be_heard_on_hook_or_reverse_tells_nothing() -> None:
    assert scheme_of("country", "ru", ()) is None
    assert scheme_of("country", "gb", (ON_HOOK_AUDIO,)) is None


def test_every_country_has_a_way_or_none_on_purpose() -> None:
    assert {country for country in countries() if scheme_of("country", country, ABLE) is None} == {"jp"}


def test_a_name_is_spelt_as_the_telephone_can_show_it() -> None:
    latin = message_of(SCHEMES["v23"], ANNA, Speller("ascii"), "ascii")
    assert (latin.number, latin.name, latin.form) == ("4951234567", "Anna", IdentityForm.MDMF)
    russian = message_of(SCHEMES["bell202"], ANNA, Speller("cp1251"), "cp1251")
    assert (russian.name, russian.modulation) == ("Анна", Modulation.BELL202)
    digits = message_of(SCHEMES["dtmf"], Caller("+7 495 12-3", "Анна", False), Speller("ascii"), "ascii")
    assert (digits.number, digits.name) == ("7495123", "")


def test_who_hides_his_number_is_private_and_nameless() -> None:
    hidden = message_of(SCHEMES["v23"], Caller("4951234567", "Анна", True), Speller("ascii"), "ascii")
    assert (hidden.number, hidden.name, hidden.private) == ("", "", True)
    unknown = message_of(SCHEMES["v23"], Caller("", "", False), Speller("ascii"), "ascii")
    assert (unknown.number, unknown.private) == ("", False)


def test_in_a_call_the_alert_is_another_one() -> None:
    message = message_of(SCHEMES["v23-alert"], ANNA, Speller("ascii"), "ascii")
    assert message.alert is IdentityAlert.ON_HOOK
    assert in_call(message).alert is IdentityAlert.IN_CALL


@given(st.text(max_size=80), st.text(max_size=80), st.booleans(), st.sampled_from(sorted(SCHEMES)))
def test_every_caller_makes_a_message_that_can_be_sent(
    number: str, name: str, withheld: bool, scheme: str
) -> None:
    message = message_of(SCHEMES[scheme], Caller(number, name, withheld), Speller("ascii"), "ascii")
    assert len(message.number) <= 20
    assert set(message.number) <= set("0123456789*#+")
    assert len(message.name.encode("ascii")) <= 50
    assert 0 < duration_ms(message) < 3_000


@given(st.text(max_size=80), st.sampled_from(["cp1251", "koi8-r", "iso8859-5", "cp866", "utf-8"]))
def test_a_name_in_other_letters_fits_and_is_whole(name: str, letters: str) -> None:
    spelt = Speller(letters)(name)
    assert len(spelt.encode(letters)) <= 50


def test_the_duration_is_that_of_the_bits() -> None:
    message = IdentityMessage(IdentityForm.MDMF, number="101", name="Anna")
    octets = 3 + 2 + 3 + 2 + 4  # type, length, checksum; number and name with theirs
    sent_ms = (300 + 180 + 10 * octets + 10) / 1.2
    assert sent_ms <= duration_ms(message) <= sent_ms + 150
