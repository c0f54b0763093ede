"""The token buckets: rate, burst, independence of sources, bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.rate_limit import RateLimit, RateSettings


def test_a_burst_passes_and_then_the_rate_rules() -> None:
    limit = RateLimit(RateSettings(per_s=10, burst=3))
    assert [limit.take("a", 0) for _ in range(4)] == [True, True, True, False]
    assert not limit.take("a", 99)
    assert limit.take("a", 200)


def test_sources_do_not_disturb_one_another() -> None:
    limit = RateLimit(RateSettings(per_s=1, burst=1))
    assert limit.take("a", 0)
    assert not limit.take("a", 0)
    assert limit.take("b", 0)


def test_exhausted_takes_nothing() -> None:
    limit = RateLimit(RateSettings(per_s=1, burst=1))
    assert not limit.exhausted("a", 0)
    assert limit.take("a", 0)
    assert limit.exhausted("a", 0)
    assert limit.exhausted("a", 999)
    assert not limit.exhausted("a", 1000)
    assert limit.take("a", 1000)


def test_the_table_does_not_grow() -> None:
    limit = RateLimit(RateSettings(per_s=1, burst=1), max_sources=10)
    for number in range(1000):
        limit.take(f"10.0.{number // 250}.{number % 250}", number)
    assert len(limit) == 10


@given(st.floats(0.1, 100), st.integers(1, 20), st.lists(st.integers(0, 500), min_size=1, max_size=200))
def test_never_more_than_burst_and_rate_allow(per_s: float, burst: int, gaps_ms: list[int]) -> None:
    limit = RateLimit(RateSettings(per_s, burst))
    now_ms = passed = 0
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        passed += limit.take("a", now_ms)
        assert passed <= burst + per_s * now_ms / 1000 + 1e-6
