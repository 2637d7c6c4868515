from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.keys.limits import (
    NANO,
    Amounts,
    Level,
    Limit,
    Limits,
    Period,
    Standing,
    Unit,
    refusal,
    shown,
    window,
)
from tests.keys import NOW, limits

MOMENTS = st.floats(min_value=0, max_value=4e9)


@pytest.mark.parametrize(
    ("unit", "text", "amount", "period"),
    [
        (Unit.REQUESTS, "60/minute", 60, Period.MINUTE),
        (Unit.TOKENS, "100000/day", 100_000, Period.DAY),
        (Unit.DOLLARS, "2.50/month", 2_500_000_000, Period.MONTH),
        (Unit.DOLLARS, "0.000000001/hour", 1, Period.HOUR),
    ],
)
def test_a_limit_is_read_and_written_back(unit, text, amount, period):
    limit = Limit.written(unit, text)
    assert limit == Limit(unit, amount, period)
    assert Limit.written(unit, str(limit)) == limit


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        (Unit.REQUESTS, "60"),
        (Unit.REQUESTS, "60/second"),
        (Unit.REQUESTS, "0/minute"),
        (Unit.REQUESTS, "-1/minute"),
        (Unit.TOKENS, "1.5/minute"),
        (Unit.TOKENS, "1e9/minute"),
        (Unit.DOLLARS, "1000001/day"),
        (Unit.DOLLARS, "nan/day"),
        (Unit.DOLLARS, "٣/day"),
    ],
)
def test_what_is_no_limit_is_told_with_an_example(unit, text):
    with pytest.raises(ValueError, match="such as 60/minute"):
        Limit.written(unit, text)


def test_two_limits_of_one_period_contradict_each_other():
    with pytest.raises(ValueError, match="keep the lower"):
        limits(requests=["5/day", "6/day"])


@given(st.sampled_from(Period), MOMENTS, MOMENTS)
def test_windows_cut_time_into_pieces_without_gap_or_overlap(period, one, other):
    first, second = window(period, one), window(period, other)
    assert first.ends > one
    assert (first.name == second.name) == (first.ends == second.ends)
    assert window(period, first.ends).name != first.name
    if one <= other < first.ends:
        assert second == first


def test_months_are_the_calendars():
    last = datetime(2027, 12, 31, 23, 59, tzinfo=UTC).timestamp()
    assert window(Period.MONTH, last).ends == datetime(2028, 1, 1, tzinfo=UTC).timestamp()


def standing(used, limit, in_flight=0, held=Amounts()):  # noqa: B008 - frozen
    return Standing((Level(limit, used, NOW + 40),), in_flight, held)


TOKENS = Limit(Unit.TOKENS, 100, Period.MINUTE)
BOUND = Limits((TOKENS,))


def test_what_fits_is_not_refused():
    assert refusal(BOUND, standing(60, TOKENS), Amounts(1, 40), NOW) is None


def test_what_does_not_fit_waits_for_the_end_of_the_window():
    error = refusal(BOUND, standing(61, TOKENS), Amounts(1, 40), NOW)
    assert (error.seconds, error.budget) == (40, False)
    assert "100/minute tokens leaves 39" in str(error)


def test_what_would_fit_if_others_give_back_waits_a_second():
    held = standing(100, TOKENS, 1, Amounts(1, 50))
    assert refusal(BOUND, held, Amounts(1, 40), NOW).seconds == 1


def test_what_never_fits_is_not_to_be_tried_again():
    error = refusal(BOUND, standing(0, TOKENS), Amounts(1, 101), NOW)
    assert error.seconds is None
    assert "lower max_tokens" in str(error)


def test_a_spent_limit_does_not_hold_up_who_wants_nothing_of_it():
    assert refusal(BOUND, standing(100, TOKENS), Amounts(requests=1), NOW) is None


def test_the_longest_wait_is_told():
    day = Limit(Unit.REQUESTS, 1, Period.DAY)
    both = Standing((Level(TOKENS, 100, NOW + 40), Level(day, 1, NOW + 4000)))
    assert refusal(Limits((TOKENS, day)), both, Amounts(1, 1), NOW).seconds == 4000


def test_as_many_in_flight_as_may_be_is_full():
    two = Limits(concurrent=2)
    assert refusal(two, Standing(in_flight=1), Amounts(1), NOW) is None
    assert refusal(two, Standing(in_flight=2), Amounts(1), NOW).seconds == 1


@given(st.integers(0, 10**15))
def test_dollars_are_shown_exactly(amount):
    whole, _, rest = shown(Unit.DOLLARS, amount).partition(".")
    assert int(whole) * NANO + int(rest.ljust(9, "0") or 0) == amount
