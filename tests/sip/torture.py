"""Messages that hurt: after the kinds of RFC 4475, and mutants of good ones, as bytes."""

import random
from collections.abc import Iterator

VIA = "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}"


def message(start: str, *lines: str, body: str = "", n: int = 0, port: int = 9) -> bytes:
    """A message with the usual headers, which ``lines`` may repeat or spoil."""
    head = [
        start,
        VIA.format(n=n, port=port),
        f"From: <sip:201@x>;tag=f{n}",
        "To: <sip:101@x>",
        f"Call-ID: torture{n}",
        f"CSeq: 1 {start.split(' ', maxsplit=1)[0]}",
        "Max-Forwards: 70",
        "Contact: <sip:201@127.0.0.1:9>",
        *lines,
    ]
    if not any(line.lower().startswith(("content-length", "l:")) for line in lines):
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


INVITE = "INVITE sip:101@x SIP/2.0"
REGISTER = "REGISTER sip:x SIP/2.0"
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"

STARTS = (
    "!interesting-Method0123456789_*+`.%indeed'~ sip:x SIP/2.0",
    "INVITE sip:101@x SIP/7.0",
    "INVITE  sip:101@x  SIP/2.0",
    "INVITE <sip:101@x> SIP/2.0",
    "INVITE sip:101@x; lr SIP/2.0",
    "INVITE sip:101@x SIP/2.0  ",
    "INVITE sip:sip%3A%00user%40example.com@x SIP/2.0",
    "INVITE sip:u%00%ff%zz@x SIP/2.0",
    "INVITE nobodyKnowsThisScheme:totallyopaque SIP/2.0",
    "INVITE tel:+74951234567 SIP/2.0",
    "INVITE sip:101@[::1 SIP/2.0",
    "INVITE sip:" + "u" * 8_000 + "@x SIP/2.0",
    "INVITE sip:x?Route=%3Csip:192.0.2.1%3E SIP/2.0",
    "OPTIONS sip:x;transport=unknown SIP/2.0",
    "SIP/2.0 200 ",
    "SIP/2.0 4294967301 better not break the receiver",
    "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e",
    "ACK sip:101@x SIP/2.0",
    "CANCEL sip:101@x SIP/2.0",
    "BYE sip:101@x SIP/2.0",
    "PRACK sip:101@x SIP/2.0",
    "SUBSCRIBE sip:101@x SIP/2.0",
    "NOTIFY sip:101@x SIP/2.0",
    "REFER sip:101@x SIP/2.0",
    "MESSAGE sip:101@x SIP/2.0",
    "UPDATE sip:101@x SIP/2.0",
    "PUBLISH sip:101@x SIP/2.0",
    "INFO sip:101@x SIP/2.0",
)

SPOILERS = (
    "Content-Length: -999",
    "Content-Length: 4294967295",
    "Content-Length: 5\r\nContent-Length: 13",
    "CSeq: 36893488147419103232 INVITE",
    "CSeq: 8 OPTIONS",
    "Max-Forwards: 0",
    "Max-Forwards: 300000000000000",
    "Expires: 1000000000000000000000000",
    "Contact: *",
    'Contact: sip:a?Route=%3Csip:b%3E, <sip:c>;expires=9999999999999, "unbalanced <sip:d>',
    'To: "Mr. J. User <sip:j@x>',
    "To: Bell, Alexander <sip:a@x>;tag=43",
    "From: <>;tag=",
    'From: "\\\\\\"" <sip:a@x> ;tag = "q"',
    "Date: Fri, 01 Jan 2010 16:00:00 EST",
    "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23",
    "Via: SIP / 2.0\r\n /UDP\r\n    192.0.2.2;branch=",
    "Via: SIP/2.0/UNKNOWN t1.example.org;branch=z9hG4bKkdjuw;received=x;rport=99999999",
    "Via: " + ", ".join(f"SIP/2.0/TCP h{i}.example;branch=z9hG4bK{i}" for i in range(300)),
    "Record-Route: <sip:" + "r" * 4_000 + ";lr>",
    "Route: <sip:192.0.2.1;lr>",
    "Require: nothingSupportsThis, nothingSupportsThisEither",
    "Proxy-Require: noProxiesSupportThis",
    "Authorization: NoOneKnowsThisScheme opaque=stuff",
    'Authorization: Digest username="' + "a" * 20_000 + '"',
    "Authorization: Digest " + ", ".join(f'x{i}="\\\\"' for i in range(500)),
    'Authorization: Digest ,,,=,"',
    'Reason: Q.850;cause=999999999999;text=""',
    "Content-Type: application/sdp\r\nContent-Encoding: gzip",
    "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
    "Session-Expires: 1\r\nMin-SE: 99999999",
    "Replaces: a;to-tag=b;from-tag=c",
    "Subject: " + "\r\n ".join("fold" for _ in range(500)),
    "X: \x00\x01\x02",
    "X: \udcff\udcfe",
    ":",
    "NoColon",
)


def classics(port: int) -> Iterator[bytes]:
    """Each bad start and each spoiled header, with and without a body."""
    n = 0
    for start in STARTS:
        for body in ("", SDP):
            n += 1
            extra = ("Content-Type: application/sdp",) if body else ()
            yield message(start, *extra, body=body, n=n, port=port)
    for start in (INVITE, REGISTER):
        for spoiler in SPOILERS:
            n += 1
            yield message(start, spoiler, body=SDP, n=n, port=port)
    yield from (b"", b"\r\n\r\n", b"\r\n" * 500, b"\0" * 1_500, b"SIP/2.0", INVITE.encode(), b"\xff" * 65_000)
    yield message(INVITE, n=n, port=port) + message(REGISTER, n=n + 1, port=port)


def mutants(seed: int, count: int, port: int) -> Iterator[bytes]:
    """Good messages with a few bytes or lines changed; the same for the same seed."""
    chance = random.Random(seed)
    for n in range(count):
        start = chance.choice(
            (INVITE, REGISTER, "BYE sip:x SIP/2.0", "CANCEL sip:x SIP/2.0", "ACK sip:x SIP/2.0")
        )
        extra = chance.sample(SPOILERS, chance.randint(0, 2))
        data = bytearray(
            message(start, *extra, body=chance.choice(("", SDP)), n=10_000 + n, port=port)[:60_000]
        )
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            match chance.randint(0, 3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 40)]
                case 2:
                    data[at:at] = bytes(chance.choices(b'\r\n\t ,;:"<>@=%\0\xff09', k=chance.randint(1, 9)))
                case _:
                    data[at:at] = data[at : at + chance.randint(1, 80)]
            if not data:
                data = bytearray(b"\r\n")
        yield bytes(data)
