"""Digest authentication: the RFCs' own examples, then everything a stranger may try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.digest import (
    MAX_NONCES_IN_USE,
    NONCE_LIFE_MS,
    Algorithm,
    Authenticator,
    Credentials,
    Secrets,
    Verdict,
    expected_response,
    ha1,
    parse_credentials,
)

REALM = "cityline"


def secrets(user: str, password: str) -> Secrets:
    return Secrets(ha1(user, REALM, password, Algorithm.MD5), ha1(user, REALM, password, Algorithm.SHA256))


def authenticator(**options: object) -> Authenticator:
    # type: ignore[arg-type]
    return Authenticator(REALM, b"key of the test", {"201": secrets("201", "right")}, **options)


def fields_of(challenge: str) -> dict[str, str]:
    scheme, _, rest = challenge.partition(" ")
    assert scheme == "Digest"
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value.strip('"') for name, _, value in pairs}


def answer(
    challenge: str,
    *,
    user: str = "201",
    password: str = "right",
    method: str = "REGISTER",
    count: int = 1,
    qop: str = "auth",
) -> str:
    """What a telephone replies, in the shim's form."""
    asked = fields_of(challenge)
    algorithm = Algorithm(asked["algorithm"])
    credentials = Credentials(
        user,
        asked["realm"],
        asked["nonce"],
        "sip:cityline",
        "",
        algorithm,
        qop,
        "c" * bool(qop),
        count,
        f"{count:08x}",
    )
    response = expected_response(credentials, ha1(user, asked["realm"], password, algorithm), method)
    lines = [
        f'username="{user}"',
        f'realm="{asked["realm"]}"',
        f'nonce="{asked["nonce"]}"',
        'uri="sip:cityline"',
        f'response="{response}"',
        f"algorithm={algorithm.value}",
    ]
    if qop:
        lines += [f"qop={qop}", 'cnonce="c"', f"nc={count:08x}"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616_section_3_9_1(algorithm: Algorithm, response: str) -> None:
    credentials = parse_credentials(
        'username="Mufasa"\nrealm="http-auth@example.org"\nuri="/dir/index.html"\n'
        f"algorithm={algorithm.value}\n"
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"\nnc=00000001\n'
        'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"\nqop=auth\n'
        f'response="{response}"\nopaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert credentials is not None
    key = ha1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)
    assert expected_response(credentials, key, "GET") == response == credentials.response


def test_the_example_of_rfc_2617_section_3_5() -> None:
    credentials = parse_credentials(
        'username="Mufasa"\nrealm="testrealm@host.com"\nnonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"\n'
        'uri="/dir/index.html"\nqop=auth\nnc=00000001\ncnonce="0a4f113b"\n'
        'response="6629fae49393a05397450978507c4ef1"\nopaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert credentials is not None
    key = ha1("Mufasa", "testrealm@host.com", "Circle Of Life", Algorithm.MD5)
    assert expected_response(credentials, key, "GET") == credentials.response


@pytest.mark.parametrize("choice", [0, 1], ids=["SHA-256", "MD5"])
def test_the_right_secret_is_genuine_with_either_algorithm(choice: int) -> None:
    gate = authenticator()
    challenges = gate.challenges("201", 0)
    assert [fields_of(c)["algorithm"] for c in challenges] == ["SHA-256", "MD5"]
    assert gate.check(answer(challenges[choice]), "REGISTER", 10) == (Verdict.GENUINE, "201")


def test_only_algorithms_that_the_account_has_a_hash_for_are_offered_and_accepted() -> None:
    both = secrets("201", "right")
    gate = Authenticator(REALM, b"k", {"201": Secrets(both.ha1_md5, "")})
    (challenge,) = gate.challenges("201", 0)
    assert fields_of(challenge)["algorithm"] == "MD5"
    forged = challenge.replace("MD5", "SHA-256")
    assert gate.check(answer(forged), "REGISTER", 0)[0] is Verdict.WRONG


def test_an_algorithm_that_the_office_does_not_offer_is_not_accepted() -> None:
    gate = authenticator(algorithms=(Algorithm.SHA256,))
    (challenge,) = gate.challenges("201", 0)
    assert gate.check(answer(challenge.replace("SHA-256", "MD5")), "REGISTER", 0)[0] is Verdict.WRONG


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"user": "777"}, {"method": "INVITE"}],
    ids=["password", "user", "method"],
)
def test_anything_else_is_wrong(change: dict[str, str]) -> None:
    gate = authenticator()
    reply = answer(gate.challenges("201", 0)[0], **change)  # type: ignore[arg-type]
    assert gate.check(reply, "REGISTER", 0) == (Verdict.WRONG, "")


def test_a_stranger_is_asked_just_like_a_known_user() -> None:
    gate = authenticator()
    known, unknown = gate.challenges("201", 0), gate.challenges("777", 0)
    shape = [{**fields_of(c), "nonce": ""} for c in known]
    assert shape == [{**fields_of(c), "nonce": ""} for c in unknown]


def test_an_answer_cannot_be_used_twice() -> None:
    gate = authenticator()
    challenge = gate.challenges("201", 0)[0]
    reply = answer(challenge)
    assert gate.check(reply, "REGISTER", 0)[0] is Verdict.GENUINE
    assert gate.check(reply, "REGISTER", 1)[0] is Verdict.REPLAYED
    assert gate.check(answer(challenge, count=2), "REGISTER", 2)[0] is Verdict.GENUINE
    assert gate.check(answer(challenge, count=1), "REGISTER", 3)[0] is Verdict.REPLAYED


def test_a_telephone_without_qop_may_use_a_nonce_once() -> None:
    """RFC 2069 telephones exist; a nonce without a count is good for one request."""
    gate = authenticator()
    reply = answer(gate.challenges("201", 0)[1], qop="")
    assert gate.check(reply, "REGISTER", 0)[0] is Verdict.GENUINE
    assert gate.check(reply, "REGISTER", 1)[0] is Verdict.REPLAYED


def test_a_nonce_grows_stale_and_a_wrong_password_stays_wrong() -> None:
    gate = authenticator()
    challenge = gate.challenges("201", 1_000)[0]
    late_ms = 1_000 + NONCE_LIFE_MS
    assert gate.check(answer(challenge), "REGISTER", late_ms)[0] is Verdict.GENUINE
    assert gate.check(answer(challenge, count=2), "REGISTER", late_ms + 1)[0] is Verdict.STALE
    assert gate.check(answer(challenge, password="x"), "REGISTER", late_ms + 1)[0] is Verdict.WRONG
    assert "stale=true" in gate.challenges("201", late_ms, stale=True)[0]


def test_a_nonce_of_another_process_or_a_forged_one_is_stale() -> None:
    old = Authenticator(REALM, b"another key", {"201": secrets("201", "right")})
    gate = authenticator()
    assert gate.check(answer(old.challenges("201", 0)[0]), "REGISTER", 0)[0] is Verdict.STALE
    forged = gate.challenges("201", 0)[0].replace('nonce="', 'nonce="f')
    assert gate.check(answer(forged), "REGISTER", 0)[0] is Verdict.STALE


def test_credentials_for_another_realm_do_not_count() -> None:
    gate = authenticator()
    other = gate.challenges("201", 0)[0].replace('realm="cityline"', 'realm="elsewhere"')
    assert gate.check(answer(other), "REGISTER", 0) == (Verdict.ABSENT, "")
    both = answer(other) + "\n" + answer(gate.challenges("201", 0)[0])
    assert gate.check(both, "REGISTER", 0) == (Verdict.GENUINE, "201")


def test_the_memory_of_used_nonces_is_bounded() -> None:
    gate = authenticator(algorithms=(Algorithm.MD5,))
    for _ in range(MAX_NONCES_IN_USE + 10):
        assert gate.check(answer(gate.challenges("201", 0)[0]), "REGISTER", 0)[0] is Verdict.GENUINE
    assert len(gate._counts) == MAX_NONCES_IN_USE


@given(st.text(max_size=200))
def test_no_text_in_the_place_of_credentials_raises(text: str) -> None:
    assert authenticator().check(text, "REGISTER", 0)[1] == ""


NAMES = st.sampled_from(
    ["username", "realm", "nonce", "uri", "response", "algorithm", "qop", "nc", "cnonce", "x"]
)
VALUES = st.one_of(
    st.sampled_from(["201", REALM, "0.1.00", "auth", "MD5", "sha-256", "00000001", '"', "\\"]),
    st.text(max_size=12),
)


@given(st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=14))
def test_no_combination_of_parameters_raises_or_lets_in(parameters: list[tuple[str, str, bool]]) -> None:
    lines = "\n".join(
        f'{name}="{value}"' if quoted else f"{name}={value}" for name, value, quoted in parameters
    )
    assert authenticator().check(lines, "REGISTER", 0)[0] is not Verdict.GENUINE


@given(st.integers(0, 400), st.characters(codec="utf-8"))
def test_a_changed_answer_is_never_taken_for_another_one(position: int, character: str) -> None:
    """One character of a genuine answer replaced: never an exception, genuine only when nothing that
    counts changed.
    """
    gate = authenticator()
    reply = answer(gate.challenges("201", 0)[0])
    position %= len(reply)
    changed = reply[:position] + character + reply[position + 1 :]
    verdict, user = gate.check(changed, "REGISTER", 0)
    assert user in ("", "201")
    if verdict is Verdict.GENUINE:
        before, after = parse_credentials(reply), parse_credentials(changed)
        assert before is not None
        assert after is not None
        assert (before.username, before.nonce, before.response) == (
            after.username,
            after.nonce,
            after.response,
        )
