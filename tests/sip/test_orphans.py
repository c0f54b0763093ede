"""What is said to the other party of a dialog whose process died."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.messages import Orphan
from gateway.sip.orphans import CSEQ_LEAP, Bye, Datagram, endings

CALLER = Orphan(
    outgoing=False,
    established=False,
    call_id="abc",
    local="<sip:600@cityline>;tag=ours",
    remote='"Anna" <sip:201@cityline>;tag=theirs',
    target="",
    route="",
    via="SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKa;rport=5062\nSIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb",
    cseq=2,
    source_address="192.0.2.1",
    source_port=5999,
    transport="udp",
)
CALLED = Orphan(
    outgoing=True,
    established=False,
    call_id="def",
    local="<sip:101@192.0.2.100>;tag=ours",
    remote="<sip:201@192.0.2.100>;tag=theirs",
    target="sip:201@192.0.2.1:5062",
    route="",
    via="SIP/2.0/UDP 192.0.2.100:5060;rport=5060;branch=z9hG4bKours;received=192.0.2.100",
    cseq=77,
    source_address="192.0.2.1",
    source_port=5062,
    transport="udp",
)


def lines(step: Bye | Datagram) -> list[str]:
    assert isinstance(step, Datagram)
    head, _, body = step.payload.decode().partition("\r\n\r\n")
    assert body == ""
    return head.split("\r\n")


def test_an_established_dialog_gets_a_bye_with_a_later_number() -> None:
    orphan = replace(CALLED, established=True, route="<sip:192.0.2.7;lr>")
    assert endings(orphan, 41) == [
        Bye("def", orphan.local, orphan.remote, orphan.target, orphan.route, 77 + CSEQ_LEAP, "Q.850;cause=41")
    ]


def test_a_bye_goes_back_to_where_the_other_party_was_heard_from_when_its_contact_is_behind_nat() -> None:
    for target, route, hop in (
        ("sip:201@192.168.7.7:5060", "", "sip:192.0.2.1:5062"),
        ("sip:201@192.168.7.7:5060", "<sip:192.0.2.7;lr>", ""),
        ("sip:201@192.0.2.1", "", ""),
    ):
        (bye,) = endings(replace(CALLED, established=True, target=target, route=route), 41)
        assert isinstance(bye, Bye)
        assert bye.next_hop == hop


def test_an_invite_of_ours_gets_the_cancel_that_belongs_to_it_and_then_a_bye() -> None:
    cancel, bye = endings(CALLED, 41)
    assert lines(cancel) == [
        "CANCEL sip:201@192.0.2.1:5062 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.100:5060;rport;branch=z9hG4bKours",
        "From: <sip:101@192.0.2.100>;tag=ours",
        "To: <sip:201@192.0.2.100>",
        "Call-ID: def",
        "CSeq: 77 CANCEL",
        "Max-Forwards: 70",
        "Reason: Q.850;cause=41",
        "Content-Length: 0",
    ]
    assert isinstance(cancel, Datagram)
    assert (cancel.address, cancel.port) == ("192.0.2.1", 5062)
    assert isinstance(bye, Bye)


def test_an_invite_that_nobody_has_heard_needs_nothing() -> None:
    assert endings(replace(CALLED, via="", remote="", local="", call_id="", cseq=0), 41) == []


def test_a_caller_gets_the_response_that_he_waits_for() -> None:
    (response,) = endings(CALLER, 41)
    assert lines(response) == [
        "SIP/2.0 503 Service Unavailable",
        "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKa;rport=5062",
        "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb",
        'From: "Anna" <sip:201@cityline>;tag=theirs',
        "To: <sip:600@cityline>;tag=ours",
        "Call-ID: abc",
        "CSeq: 2 INVITE",
        "Content-Length: 0",
    ]
    assert isinstance(response, Datagram)
    assert (response.address, response.port) == ("192.0.2.1", 5999), "rport: to where it came from"


def test_without_rport_the_response_goes_to_the_port_of_the_via() -> None:
    """RFC 3261 section 18.2.2."""
    for via, port in (
        ("SIP/2.0/UDP 192.0.2.1:5062;branch=x", 5062),
        ("SIP/2.0/UDP 192.0.2.1;branch=x", 5060),
    ):
        (response,) = endings(replace(CALLER, via=via), 41)
        assert isinstance(response, Datagram)
        assert (response.address, response.port) == ("192.0.2.1", port)


def test_over_tcp_only_an_early_dialog_of_ours_can_still_be_told() -> None:
    assert endings(replace(CALLER, transport="tcp"), 41) == []
    (bye,) = endings(replace(CALLED, transport="tcp"), 41)
    assert isinstance(bye, Bye)


TEXT = st.text(max_size=20)


@given(
    st.builds(
        Orphan,
        outgoing=st.booleans(),
        established=st.booleans(),
        call_id=TEXT,
        local=TEXT,
        remote=TEXT,
        target=TEXT,
        route=TEXT,
        via=TEXT,
        cseq=st.integers(0, 2**31),
        source_address=st.sampled_from(["192.0.2.1", "2001:db8::1"]),
        source_port=st.integers(1, 65535),
        transport=st.sampled_from(["udp", "tcp"]),
    )
)
def test_no_text_of_a_stranger_can_add_a_header(orphan: Orphan) -> None:
    for step in endings(orphan, 41):
        if isinstance(step, Datagram):
            head = step.payload.decode("utf-8", "surrogateescape")
            assert head.endswith("\r\n\r\n")
            names = [line.partition(":")[0].partition(" ")[0] for line in head[:-4].split("\r\n")]
            allowed = {"SIP/2.0", "CANCEL", "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Reason"}
            assert set(names) <= allowed | {"Content-Length"}
            assert 1 <= step.port <= 65535
