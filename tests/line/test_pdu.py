"""Short messages: ours against a service centre that shares no code, and against whatever may come."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line.gsm_alphabet import BASIC, EXTENDED
from gateway.line.pdu import PARTS_MAX, Message, Part, PduError, read_deliver, write_submit
from gateway.simulator import modem_pdu as centre

GSM = "".join(letter for letter in BASIC if letter != "\x1b") + "".join(EXTENDED.values())
NUMBERS = st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True)
GSM_TEXTS = st.text(st.sampled_from(GSM), min_size=1, max_size=700)
ANY_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def test_a_message_as_the_specification_has_it() -> None:
    pdu = "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"
    sent = datetime(2099, 3, 29, 15, 16, 59, tzinfo=timezone(timedelta(hours=2)))  # a year has two digits
    assert read_deliver(pdu) == Message("27838890001", int(sent.timestamp()), "hellohello")


@given(NUMBERS, st.text(st.sampled_from(GSM), min_size=0, max_size=80))
def test_a_message_in_seven_bits_comes_through(sender: str, text: str) -> None:
    found = read_deliver(centre.deliver(sender, text))
    assert (found.sender, found.text, found.part) == (sender, text, None)
    assert found.sent_s == 1_795_856_400  # 28 November 2026, 09:00:00 UTC


@given(st.text("абвгдеёжзАБВЯ Ж№—😀", min_size=1, max_size=30))
def test_a_cyrillic_message_comes_through(text: str) -> None:
    assert read_deliver(centre.deliver("+79161234567", text)).text == text


@given(st.text(st.sampled_from(GSM), min_size=1, max_size=120), st.integers(0, 255))
def test_a_part_says_which_it_is(text: str, reference: int) -> None:
    found = read_deliver(centre.deliver("Beeline", text[:70], (reference, 3, 2)))
    assert (found.sender, found.text, found.part) == ("Beeline", text[:70], Part(reference, 3, 2))


@given(NUMBERS, st.one_of(GSM_TEXTS, ANY_TEXTS), st.integers(0, 10_000))
def test_what_we_send_is_read_by_a_service_centre(number: str, text: str, reference: int) -> None:
    submits = write_submit(number, text, reference)
    read = [centre.submitted(submit.pdu) for submit in submits]
    assert {each.number for each in read} == {number}
    whole = b"".join(each.text.encode("utf-16-be", "surrogatepass") for each in read)
    assert whole.decode("utf-16-be") == text
    assert [submit.octets for submit in submits] == [len(submit.pdu) // 2 - 1 for submit in submits]
    if len(read) == 1:
        assert read[0].part is None
    else:
        parts = [each.part for each in read]
        assert parts == [(reference & 0xFF, len(read), number) for number in range(1, len(read) + 1)]
    assert all(len(submit.pdu) // 2 <= 176 for submit in submits)


@pytest.mark.parametrize(
    ("number", "text"),
    [("", "a"), ("+", "a"), ("12 34", "a"), ("٣٤", "a"), ("1" * 21, "a"), ("123", ""), ("123", "я" * 671)],
)
def test_what_cannot_be_sent_is_refused(number: str, text: str) -> None:
    with pytest.raises(PduError):
        write_submit(number, text)


def test_as_many_parts_as_are_permitted_are_sent() -> None:
    assert len(write_submit("123", "я" * 67 * PARTS_MAX)) == PARTS_MAX


def test_the_euro_is_not_cut_in_two() -> None:
    submits = write_submit("123", "a" * 152 + "€" + "b" * 20)
    assert [centre.submitted(submit.pdu).text for submit in submits] == ["a" * 152, "€" + "b" * 20]


@given(st.one_of(st.text(max_size=60), st.binary(max_size=180).map(lambda raw: raw.hex())))
def test_whatever_comes_is_a_message_or_refused(pdu: str) -> None:
    try:
        found = read_deliver(pdu)
    except PduError:
        return
    assert isinstance(found, Message)
    assert found.part is None or 1 <= found.part.number <= found.part.total


@given(GSM_TEXTS.map(lambda text: text[:60]), st.data())
def test_a_changed_octet_is_a_message_or_refused(text: str, data: st.DataObject) -> None:
    raw = bytearray.fromhex(centre.deliver("+79161234567", text, (1, 2, 1)))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_deliver(bytes(raw).hex()).text is not None
    except PduError:
        return
