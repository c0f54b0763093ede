"""Session descriptions: what telephones really send, offers and answers by RFC 3264, and fuzz."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.sdp import (
    WIDE,
    WIDE_WITH_OPUS,
    Agreement,
    Description,
    Direction,
    LocalMedia,
    Refusal,
    SdpRefused,
    agree,
    parse_description,
    write_answer,
    write_offer,
)
from gateway.model.numbers import Codec

BARESIP = """v=0
o=- 3383135136 544020635 IN IP4 10.213.7.2
s=-
c=IN IP4 10.213.7.2
t=0 0
a=tool:baresip 1.0.0
m=audio 20074 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
a=label:1
a=rtcp-rsize
a=ssrc:587710959 cname:sip:201@10.213.7.1:5080
a=minptime:20
a=ptime:20
"""

VIDEO = """v=0
o=desk 1 1 IN IP6 2001:db8::5
s=Desk
b=AS:84
t=0 0
a=sendrecv
m=audio 0 RTP/AVP 9
m=audio 30000 RTP/SAVP 8
m=video 30004 RTP/AVP 96
c=IN IP6 2001:db8::6
a=rtpmap:96 H264/90000
m=audio 30002 RTP/AVP 9 8 96 18
c=IN IP6 2001:DB8::7
a=rtpmap:9 G722/8000
a=rtpmap:96 telephone-event/8000
a=ptime:30
a=recvonly
"""

OURS = LocalMedia("192.0.2.1", 16_384, session_id=5)
OURS_WIDE = LocalMedia("192.0.2.1", 16_384, session_id=5, codecs=WIDE, wideband=True)


def offer(*, head: str = "c=IN IP4 192.0.2.9", media: str = "m=audio 4000 RTP/AVP 8", tail: str = "") -> str:
    return "\r\n".join(
        line for line in ("v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", head, "t=0 0", media, tail) if line
    )


def test_a_soft_phones_offer() -> None:
    theirs = parse_description(BARESIP)
    assert (theirs.address, theirs.port) == ("10.213.7.2", 20_074)
    assert theirs.codecs == (Codec.PCMU, Codec.PCMA)
    assert (theirs.telephone_event, theirs.frame_ms, theirs.direction) == (101, 20, Direction.SENDRECV)
    assert not theirs.on_hold
    assert agree(theirs, OURS) == Agreement(
        ("10.213.7.2", 20_074), Codec.PCMU, 101, 20, sends=True, receives=True
    )


def test_the_usable_audio_stream_is_found_among_others() -> None:
    theirs = parse_description(VIDEO)
    assert (theirs.audio, theirs.address, theirs.port) == (3, "2001:db8::7", 30_002)
    assert theirs.codecs == (Codec.G722, Codec.PCMA)
    assert (theirs.telephone_event, theirs.frame_ms, theirs.direction) == (96, 30, Direction.RECVONLY)
    agreement = agree(theirs, OURS)
    assert (agreement.sends, agreement.receives) == (True, False)


def test_the_answer_repeats_every_stream_and_refuses_the_others_with_port_0() -> None:
    """RFC 3264 section 6."""
    theirs = parse_description(VIDEO)
    answer = write_answer(theirs, agree(theirs, OURS), OURS)
    media = [line for line in answer.split("\r\n") if line.startswith("m=")]
    assert media == [
        "m=audio 0 RTP/AVP 9",
        "m=audio 0 RTP/SAVP 8",
        "m=video 0 RTP/AVP 96",
        "m=audio 16384 RTP/AVP 8 96",
    ]
    assert "a=sendonly\r\n" in answer
    assert "a=ptime:30\r\n" in answer
    assert parse_description(answer).telephone_event == 96


def test_our_offer_as_it_stands() -> None:
    assert write_offer(OURS) == (
        "v=0\r\no=- 5 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        "m=audio 16384 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


# --- comfort noise (RFC 3389)

QUIET = replace(OURS, comfort_noise=True)


def test_comfort_noise_is_offered_where_it_is_wanted() -> None:
    text = write_offer(QUIET)
    assert "m=audio 16384 RTP/AVP 8 0 13 101\r\n" in text
    assert "a=rtpmap:13 CN/8000\r\n" in text
    assert parse_description(text).comfort_noise
    assert not parse_description(write_offer(OURS)).comfort_noise


@pytest.mark.parametrize(
    ("media", "tail", "theirs_takes"),
    [
        ("m=audio 4000 RTP/AVP 8 13", "", True),
        ("m=audio 4000 RTP/AVP 8 13", "a=rtpmap:13 CN/8000", True),
        ("m=audio 4000 RTP/AVP 8 13", "a=rtpmap:13 cn/8000/1", True),
        ("m=audio 4000 RTP/AVP 8 13", "a=rtpmap:13 CN/16000", False),
        ("m=audio 4000 RTP/AVP 8 13", "a=rtpmap:13 G729/8000", False),
        ("m=audio 4000 RTP/AVP 8 130", "", False),
        ("m=audio 4000 RTP/AVP 8", "a=rtpmap:13 CN/8000", False),
    ],
)
def test_silence_is_sent_as_comfort_noise_only_if_both_want_it(
    media: str, tail: str, theirs_takes: bool
) -> None:
    theirs = parse_description(offer(media=media, tail=tail))
    assert theirs.comfort_noise == theirs_takes
    assert not agree(theirs, OURS).comfort_noise
    agreement = agree(theirs, QUIET)
    assert agreement.comfort_noise == theirs_takes
    answer = write_answer(theirs, agreement, QUIET)
    assert (" 13" in answer.split("m=audio")[1].split("\r\n")[0]) == theirs_takes
    assert parse_description(answer).comfort_noise == theirs_takes


def test_comfort_noise_alone_is_no_codec() -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 13"))
    with pytest.raises(SdpRefused):
        agree(theirs, QUIET)


@pytest.mark.parametrize("direction", list(Direction))
def test_the_four_directions_meet_as_in_rfc_3264_section_6_1(direction: Direction) -> None:
    theirs = parse_description(offer(tail=f"a={direction.value}"))
    agreement = agree(theirs, OURS)
    assert agreement.sends == direction.receives
    assert agreement.receives == direction.sends
    mirrored = {
        Direction.SENDRECV: "sendrecv",
        Direction.SENDONLY: "recvonly",
        Direction.RECVONLY: "sendonly",
        Direction.INACTIVE: "inactive",
    }
    assert f"a={mirrored[direction]}\r\n" in write_answer(theirs, agreement, OURS)
    assert theirs.on_hold == (not direction.receives)


def test_we_hold_them() -> None:
    theirs = parse_description(offer())
    holding = LocalMedia("192.0.2.1", 16_384, 5, 2, direction=Direction.SENDONLY)
    agreement = agree(theirs, holding)
    assert (agreement.sends, agreement.receives) == (True, False)
    assert "a=sendonly" in write_offer(holding)
    assert "o=- 5 2 IN" in write_offer(holding)


@pytest.mark.parametrize("connection", ["c=IN IP4 0.0.0.0", "c=IN IP6 ::"])
def test_the_old_way_of_holding(connection: str) -> None:
    """RFC 3264 section 8.4: no RTP to nowhere, but the stream stays."""
    theirs = parse_description(offer(head=connection))
    assert theirs.on_hold
    agreement = agree(theirs, OURS)
    assert (agreement.remote, agreement.sends, agreement.receives) == (None, False, True)
    assert "a=recvonly" in write_answer(theirs, agreement, OURS)


def test_a_direction_of_the_session_holds_for_a_stream_that_has_none() -> None:
    theirs = parse_description(offer(head="c=IN IP4 192.0.2.9\r\na=sendonly"))
    assert theirs.direction is Direction.SENDONLY


def test_a_dynamic_type_8_that_is_not_a_law_is_not_taken_for_it() -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 8 0", tail="a=rtpmap:8 L16/8000"))
    assert theirs.codecs == (Codec.PCMU,)


@pytest.mark.parametrize(
    ("text", "frame_ms"), [("10", 10), ("40", 40), ("25", 20), ("0", 20), ("²", 20), ("x", 20)]
)
def test_packet_times_that_we_cannot_send_are_taken_as_20_ms(text: str, frame_ms: int) -> None:
    assert parse_description(offer(tail=f"a=ptime:{text}")).frame_ms == frame_ms


def test_line_ends_may_be_bare() -> None:
    assert parse_description(offer().replace("\r\n", "\n")) == parse_description(offer() + "\r\n")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", Refusal.MALFORMED),
        ("v=1\r\n", Refusal.MALFORMED),
        ("hello", Refusal.MALFORMED),
        (offer(tail="no equals sign"), Refusal.MALFORMED),
        (offer(tail="a=\x00"), Refusal.MALFORMED),
        (offer(media="m=audio 70000 RTP/AVP 8"), Refusal.MALFORMED),
        (offer(media="m=audio x RTP/AVP 8"), Refusal.MALFORMED),
        (offer(media="m=audio 4000 RTP/AVP"), Refusal.MALFORMED),
        (offer(head=""), Refusal.MALFORMED),
        (offer(head="c=IN IP4"), Refusal.MALFORMED),
        (offer().replace("o=", "i="), Refusal.MALFORMED),
        (offer(tail="o=- 1 1 IN IP4 192.0.2.9"), Refusal.MALFORMED),
        (offer(media=""), Refusal.NO_AUDIO),
        (offer(media="m=video 4000 RTP/AVP 96"), Refusal.NO_AUDIO),
        (offer(media="m=audio 0 RTP/AVP 8"), Refusal.NO_AUDIO),
        (offer(media="m=audio 4000 RTP/SAVP 8"), Refusal.TRANSPORT),
        (offer(media="m=audio 4000 UDP/TLS/RTP/SAVPF 8"), Refusal.TRANSPORT),
        (offer(head="c=IN IP4 desk.example"), Refusal.ADDRESS),
        (offer(head="c=IN IP4 224.2.1.1/127"), Refusal.ADDRESS),
        (offer(head="c=IN IP4 255.255.255.255"), Refusal.ADDRESS),
        (offer(head="c=IN IP6 192.0.2.9"), Refusal.ADDRESS),
        (offer(head="c=IN IP6 fe80::1%eth0"), Refusal.ADDRESS),
        (offer(tail="a=x\r\n" * 500), Refusal.TOO_LARGE),
        (offer(tail="a=" + "x" * 20_000), Refusal.TOO_LARGE),
        (offer(media="m=audio 4000 RTP/AVP 8\r\n" * 17), Refusal.TOO_LARGE),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(text: str, refusal: Refusal) -> None:
    with pytest.raises(SdpRefused) as caught:
        parse_description(text)
    assert caught.value.refusal is refusal
    assert caught.value.status in (400, 413, 488)
    assert refusal.sentence in str(caught.value)


def test_no_common_codec_is_refused_when_it_comes_to_agreeing() -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 18 9"))
    with pytest.raises(SdpRefused) as caught:
        agree(theirs, OURS)
    assert caught.value.refusal is Refusal.NO_COMMON_CODEC
    with pytest.raises(SdpRefused):
        agree(
            parse_description(offer(media="m=audio 4000 RTP/AVP 0")),
            LocalMedia("192.0.2.1", 2, 1, codecs=(Codec.PCMA,)),
        )


def test_our_wideband_offer_as_it_stands() -> None:
    """RFC 3551 section 4.5.2: the clock of G.722 is written as 8000."""
    text = write_offer(OURS_WIDE)
    assert "m=audio 16384 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n" in text


@pytest.mark.parametrize(
    ("formats", "wideband", "codec"),
    [
        ("9 8 0", True, Codec.G722),
        ("8 0 9", True, Codec.G722),  # between two that can, whatever they like best otherwise
        ("0 8", True, Codec.PCMU),
        ("9 8 0", False, Codec.PCMA),  # nobody would hear it
        ("9 0 8", False, Codec.PCMU),
        ("9", False, Codec.G722),  # better than no call
    ],
)
def test_wideband_is_taken_where_somebody_would_hear_it(formats: str, wideband: bool, codec: Codec) -> None:
    theirs = parse_description(offer(media=f"m=audio 4000 RTP/AVP {formats}"))
    ours = LocalMedia("192.0.2.1", 16_384, 5, codecs=WIDE, wideband=wideband)
    agreement = agree(theirs, ours)
    assert agreement.codec is codec
    answered = parse_description(write_answer(theirs, agreement, ours))
    assert answered.codecs == (codec,)


@pytest.mark.parametrize(
    ("rtpmap", "taken"),
    [
        ("a=rtpmap:9 G722/8000", True),
        ("a=rtpmap:9 g722/8000/1", True),
        ("", True),  # a static type needs none
        ("a=rtpmap:9 G722/16000", False),  # a codec that nobody has: G.722's clock is 8000
        ("a=rtpmap:9 G722/8000/2", True),  # no such map is read: the static type stands
        ("a=rtpmap:9 G7221/8000", False),
    ],
)
def test_type_9_is_g722_unless_its_map_says_otherwise(rtpmap: str, taken: bool) -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 9 8", tail=rtpmap))
    assert (Codec.G722 in theirs.codecs) is taken


@pytest.mark.parametrize("offered", [True, False])
def test_rtcp_shares_the_port_where_they_offer_it(offered: bool) -> None:
    """RFC 5761 section 5.1.1: only an offer's attribute is answered with the attribute."""
    theirs = parse_description(offer(tail="a=rtcp-mux" if offered else "a=rtcp:4001"))
    agreement = agree(theirs, OURS)
    assert agreement.rtcp_mux is offered
    assert ("a=rtcp-mux\r\n" in write_answer(theirs, agreement, OURS)) is offered
    assert "rtcp-mux" not in write_offer(OURS)


# --- fuzz: accepted, or refused with a type; never anything else


def check(text: str) -> Description | None:
    try:
        theirs = parse_description(text)
        agreement = agree(theirs, OURS)
        assert agree(theirs, OURS_WIDE).codec in theirs.codecs
        assert agree(theirs, WITH_OPUS).codec in theirs.codecs
    except SdpRefused:
        return None
    answer = write_answer(theirs, agreement, OURS)
    again = parse_description(answer)
    assert again.codecs == (agreement.codec,)
    assert again.direction.sends in (agreement.sends, False) or theirs.address is None
    assert len(again.media) == len(theirs.media)
    assert 0 < theirs.port < 65_536
    return theirs


@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    check(text)


LINES = st.one_of(
    st.sampled_from([line for text in (BARESIP, VIDEO) for line in text.splitlines()]),
    st.from_regex(r"[a-z]=[ -~]{0,40}", fullmatch=True),
    st.builds("a=rtpmap:{} {}/{}".format, st.integers(-1, 300), st.text(max_size=6), st.integers(-1, 99999)),
    st.builds("m=audio {} RTP/AVP {}".format, st.integers(-1, 70_000), st.text(max_size=12)),
    st.builds("c=IN IP4 {}".format, st.ip_addresses()),
)


@given(st.lists(LINES, max_size=30))
def test_any_lines(lines: list[str]) -> None:
    check("\r\n".join(lines))
    check("\r\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.9", "c=IN IP4 192.0.2.9", *lines]))


@given(st.sampled_from([BARESIP, VIDEO, offer()]), st.data())
def test_any_damage_to_a_good_description(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(st.text(max_size=6)) + text[end:]
    check(text)


@given(
    st.sampled_from([(Codec.PCMA, Codec.PCMU), (Codec.PCMU, Codec.PCMA), (Codec.PCMU,), WIDE, (Codec.G722,)]),
    st.sampled_from(list(Direction)),
    st.sampled_from(range(10, 61, 10)),
    st.ip_addresses().filter(
        lambda a: not a.is_multicast and not a.is_unspecified and str(a) != "255.255.255.255"
    ),
    st.integers(1, 65_535),
)
def test_our_offer_is_understood_as_it_was_meant(
    codecs: tuple[Codec, ...], direction: Direction, frame_ms: int, address: object, port: int
) -> None:
    local = LocalMedia(str(address), port, 1, 1, codecs, frame_ms, direction)
    theirs = parse_description(write_offer(local))
    assert (theirs.address, theirs.port, theirs.codecs) == (str(address), port, codecs)
    assert (theirs.direction, theirs.frame_ms, theirs.telephone_event) == (direction, frame_ms, 101)


# --- Opus


OPUS = "\n".join(
    (
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:126 telephone-event/8000",
        "a=rtpmap:110 telephone-event/48000",
    )
)
WITH_OPUS = LocalMedia("192.0.2.1", 16_384, 5, codecs=WIDE_WITH_OPUS, wideband=True)


def test_opus_is_answered_with_their_payload_type_and_digits_of_its_clock() -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 111 8 110 126", tail=OPUS))
    assert theirs.codecs == (Codec.OPUS, Codec.PCMA)
    agreement = agree(theirs, WITH_OPUS)
    assert (agreement.codec, agreement.opus_type) == (Codec.OPUS, 111)
    assert (agreement.telephone_event, agreement.telephone_event_48k) == (110, True)
    answer = write_answer(theirs, agreement, WITH_OPUS)
    assert "m=audio 16384 RTP/AVP 111 110\r\n" in answer
    assert "a=rtpmap:111 opus/48000/2\r\n" in answer  # RFC 7587 section 7: always two channels
    assert "a=rtpmap:110 telephone-event/48000\r\n" in answer


def test_beside_g711_digits_have_its_clock() -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 111 8 110 126", tail=OPUS))
    agreement = agree(theirs, LocalMedia("192.0.2.1", 16_384, 5))
    assert (agreement.codec, agreement.opus_type) == (Codec.PCMA, None)
    assert (agreement.telephone_event, agreement.telephone_event_48k) == (126, False)


@pytest.mark.parametrize(
    "rtpmap",
    ["a=rtpmap:111 opus/48000", "a=rtpmap:111 opus/16000/2", "a=rtpmap:111 opu/48000/2", ""],
)
def test_what_is_not_mapped_as_rfc_7587_says_is_no_opus(rtpmap: str) -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 111 8", tail=rtpmap))
    assert theirs.codecs == (Codec.PCMA,)
    assert theirs.opus_type is None


def test_a_static_type_cannot_be_opus() -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 20 8", tail="a=rtpmap:20 opus/48000/2"))
    assert theirs.codecs == (Codec.PCMA,)


@pytest.mark.parametrize(("asked_ms", "sent_ms"), [(20, 20), (30, 20), (40, 40), (50, 20), (60, 60)])
def test_opus_has_no_frames_of_30_and_50_ms(asked_ms: int, sent_ms: int) -> None:
    theirs = parse_description(offer(media="m=audio 4000 RTP/AVP 111", tail=f"{OPUS}\na=ptime:{asked_ms}"))
    assert agree(theirs, WITH_OPUS).frame_ms == sent_ms


def test_our_offer_is_read_by_us_and_names_g722_before_opus() -> None:
    offered = parse_description(write_offer(WITH_OPUS))
    assert offered.codecs == WIDE_WITH_OPUS
    assert (offered.opus_type, offered.telephone_event, offered.telephone_event_48k) == (107, 101, 102)
    assert "opus" not in write_offer(OURS_WIDE)
