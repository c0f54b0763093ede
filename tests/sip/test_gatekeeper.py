"""Who comes in: every way through the gate, and that nothing else passes it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.digest import Algorithm
from gateway.sip.gatekeeper import Gatekeeper, Output, Request, Respond, header_lines, plain_name
from gateway.sip.messages import Account, Bound, Configure, Invited, Limits, RestoreBinding, Unbound
from tests.sip.test_digest import answer, secrets

DESK = "sip:201@192.0.2.1:5060"
LIMITS = Limits(requests_per_s=10, requests_burst=20, failures_per_s=1, failures_burst=3, min_expires_s=60)


def configure(*extensions: str, **changes: object) -> Configure:
    keys = {extension: secrets(extension, "right") for extension in extensions or ("201", "202")}
    base = Configure(
        address="192.0.2.100",
        port=5060,
        realm="cityline",
        transports=("udp",),
        accounts=tuple(Account(x, key.ha1_md5, key.ha1_sha256) for x, key in keys.items()),
        trusted=(),
        algorithms=tuple(a.value for a in Algorithm),
        limits=LIMITS,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def gate(**changes: object) -> Gatekeeper:
    return Gatekeeper(configure(**changes), b"key")


def request(**changes: object) -> Request:
    base = Request(
        id=7,
        source_address="192.0.2.1",
        source_port=5060,
        transport="udp",
        request_user="101",
        from_user="201",
        from_name='"Anna"',
        to_user="201",
        call_id="c",
        cseq=1,
        authorization="",
        proxy_authorization="",
        contacts=f"{DESK} -\n",
        expires_s=600,
        content_type="application/sdp",
        body="v=0\r\n",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def challenge_in(outputs: list[Output]) -> str:
    (respond,) = outputs
    assert isinstance(respond, Respond)
    assert respond.status == 401
    return respond.headers[0].removeprefix("WWW-Authenticate: ")


def proved(keeper: Gatekeeper, method: str, now_ms: int = 0, user: str = "201", **changes: object) -> Request:
    """A request with the right answer to a fresh challenge."""
    asked = request(**{**changes, "from_user": user, "authorization": ""})
    outputs = keeper.register(asked, now_ms) if method == "REGISTER" else keeper.invite(asked, now_ms)
    reply = answer(challenge_in(outputs), method=method, user=user)
    return request(**{**changes, "authorization": reply, "from_user": user})


def test_a_registration_passes_at_the_second_attempt() -> None:
    keeper = gate()
    outputs = keeper.register(proved(keeper, "REGISTER"), 0)
    assert outputs == [
        Respond(7, 200, (f"Contact: <{DESK}>;expires=600",)),
        Bound("201", DESK, "192.0.2.1", 5060, "udp", "c", 1, 600),
    ]


def test_both_algorithms_are_offered_the_better_first() -> None:
    (respond,) = gate().register(request(), 0)
    assert isinstance(respond, Respond)
    assert ["SHA-256" in header for header in respond.headers] == [True, False]


def test_a_registration_for_somebody_else_is_refused() -> None:
    keeper = gate()
    assert keeper.register(proved(keeper, "REGISTER", to_user="202"), 0) == [Respond(7, 403)]


def test_a_call_passes_with_the_name_of_the_account_not_of_the_from_header() -> None:
    keeper = gate()
    asked = replace(proved(keeper, "INVITE"), from_user="101")
    assert keeper.invite(asked, 0) == [Invited(7, "201", "Anna", "101", "v=0\r\n")]


def test_the_answer_to_a_challenge_for_register_does_not_open_a_call() -> None:
    keeper = gate()
    assert keeper.invite(proved(keeper, "REGISTER"), 0) == [Respond(7, 403)]


def test_proxy_authorization_counts_too() -> None:
    keeper = gate()
    asked = proved(keeper, "INVITE")
    moved = replace(asked, proxy_authorization=asked.authorization, authorization="")
    assert isinstance(keeper.invite(moved, 0)[0], Invited)


def test_a_replayed_call_is_asked_again() -> None:
    keeper = gate()
    asked = proved(keeper, "INVITE")
    assert isinstance(keeper.invite(asked, 0)[0], Invited)
    (again,) = keeper.invite(replace(asked, id=8), 0)
    assert isinstance(again, Respond)
    assert (again.status, "stale=true" in again.headers[0]) == (401, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"request_user": ""}, 404),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(changes: dict[str, object], status: int) -> None:
    keeper = gate()
    (respond,) = keeper.invite(proved(keeper, "INVITE", **changes), 0)
    assert isinstance(respond, Respond)
    assert respond.status == status


def test_a_call_without_a_body_passes() -> None:
    """The telephone wants our offer (RFC 3261 section 13.2.1)."""
    keeper = gate()
    asked = proved(keeper, "INVITE", body="", content_type="")
    assert keeper.invite(asked, 0) == [Invited(7, "201", "Anna", "101", "")]


def test_a_gateway_that_does_not_read_gets_no_more_calls() -> None:
    keeper = gate()
    (respond,) = keeper.invite(proved(keeper, "INVITE"), 0, congested=True)
    assert isinstance(respond, Respond)
    assert respond.status == 503


def test_a_trusted_trunk_needs_no_digest_and_only_from_its_address() -> None:
    keeper = gate(trusted=("192.0.2.50",))
    trunk = request(source_address="192.0.2.50", from_user="4951234567")
    assert keeper.invite(trunk, 0) == [Invited(7, "4951234567", "Anna", "101", "v=0\r\n")]
    assert challenge_in(keeper.invite(request(source_address="192.0.2.51"), 0))
    assert challenge_in(keeper.register(trunk, 0)), "it may call, not register"


def test_guessing_passwords_ends_soon_and_does_not_lock_out_others() -> None:
    keeper = gate()
    statuses = []
    for _ in range(5):
        asked = proved(keeper, "REGISTER") if not keeper._failures.exhausted("192.0.2.1", 0) else request()
        wrong = replace(asked, authorization=asked.authorization.replace("response=", "response= 0") or "x")
        broken = wrong.authorization.replace('response= 0"', 'response="0')
        (respond,) = keeper.register(replace(wrong, authorization=broken), 0)
        assert isinstance(respond, Respond)
        statuses.append(respond.status)
    assert statuses == [403, 403, 403, 503, 503]
    assert keeper.limited == 2
    assert challenge_in(keeper.register(request(source_address="192.0.2.9"), 0))
    assert challenge_in(keeper.register(request(), 1_000)), "one more guess a second later"


def test_a_flood_of_requests_is_cut_off_by_source() -> None:
    keeper = gate()
    statuses = [keeper.invite(request(), 0)[0] for _ in range(25)]
    assert [getattr(s, "status", 0) for s in statuses] == [401] * 20 + [503] * 5
    assert challenge_in(keeper.invite(request(source_address="192.0.2.9"), 0))


def test_too_short_a_registration_is_told_the_shortest() -> None:
    keeper = gate()
    assert keeper.register(proved(keeper, "REGISTER", expires_s=5), 0) == [
        Respond(7, 423, ("Min-Expires: 60",))
    ]


def test_an_expired_binding_is_reported() -> None:
    keeper = gate()
    keeper.register(proved(keeper, "REGISTER"), 0)
    assert keeper.expire(599_999) == []
    assert keeper.expire(600_000) == [Unbound("201", DESK)]


def test_an_account_that_is_taken_away_loses_its_telephones() -> None:
    keeper = gate()
    keeper.register(proved(keeper, "REGISTER"), 0)
    assert keeper.configure(configure("202")) == [Unbound("201", DESK)]
    assert challenge_in(keeper.register(request(), 0))


def test_restored_bindings_can_be_found_and_unknown_accounts_are_not_restored() -> None:
    keeper = gate()
    for extension in ("201", "999"):
        keeper.restore(RestoreBinding(extension, DESK, "192.0.2.1", 5060, "udp", "c", 1, 30), 1_000)
    binding = keeper.registrar.find("201", DESK)
    assert binding is not None
    assert binding.expires_at_ms == 31_000
    assert keeper.registrar.of("999") == ()


@pytest.mark.parametrize(
    ("display", "name"),
    [
        ('"Anna"', "Anna"),
        ("Anna", "Anna"),
        ('"A \\"B\\" \\\\ C"', 'A "B" \\ C'),
        ('"', '"'),
        ("", ""),
        ('"a\tb\x7f"', "ab"),
        ("x" * 99, "x" * 64),
        ('"Анна"', "Анна"),
    ],
)
def test_names_lose_their_quotes(display: str, name: str) -> None:
    assert plain_name(display) == name


def test_header_lines_end_as_on_the_wire() -> None:
    assert header_lines(("A: 1", "B: 2")) == "A: 1\r\nB: 2\r\n"
    assert header_lines(()) == ""


TEXT = st.text(max_size=30)


@given(
    st.builds(
        Request,
        id=st.integers(0, 2**32 - 1),
        source_address=st.sampled_from(["192.0.2.1", "", "::1"]),
        source_port=st.integers(0, 65535),
        transport=st.sampled_from(["udp", "tcp", ""]),
        request_user=TEXT,
        from_user=TEXT,
        from_name=TEXT,
        to_user=TEXT,
        call_id=TEXT,
        cseq=st.integers(0, 2**32 - 1),
        authorization=TEXT,
        proxy_authorization=TEXT,
        contacts=TEXT,
        expires_s=st.one_of(st.none(), st.integers(0, 2**33)),
        content_type=TEXT,
        body=TEXT,
    ),
    st.booleans(),
)
def test_no_stranger_passes_and_every_request_is_answered_once(asked: Request, invite: bool) -> None:
    keeper = gate()
    (respond,) = keeper.invite(asked, 0) if invite else keeper.register(asked, 0)
    assert isinstance(respond, Respond)
    assert respond.id == asked.id
    assert respond.status in (401, 403)
    assert not any("\r" in header or "\n" in header for header in respond.headers)
