import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.keys.account import Account
from api.keys.errors import OverLimit
from api.keys.limits import Amounts
from tests.keys import NOW, limits

ONE = Amounts(1, 10)
LEASE = 900.0
BOUND = limits(tokens=["100/minute"], concurrent=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(1, 60)),
        st.tuples(st.just("settle"), st.integers(0, 60)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=40,
)


def used(account, now=NOW):
    return account.standing(now).levels[0].used


def test_a_reservation_counts_until_it_is_settled_and_then_what_was_taken():
    account = Account(BOUND)
    account.reserve(["a"], Amounts(1, 60), NOW, LEASE)
    assert used(account) == 60
    account.settle(["a"], NOW, Amounts(1, 60), Amounts(1, 7))
    assert used(account) == 7
    assert account.standing(NOW).in_flight == 0


def test_settling_twice_and_reserving_twice_change_nothing():
    account = Account(BOUND)
    for _ in range(2):
        account.reserve(["a"], Amounts(1, 60), NOW, LEASE)
    assert used(account) == 60
    for _ in range(2):
        account.settle(["a"], NOW, Amounts(1, 60), Amounts(1, 7))
    assert used(account) == 7


def test_all_is_taken_or_nothing():
    account = Account(limits(requests=["9/minute"], tokens=["100/minute"]))
    with pytest.raises(OverLimit):
        account.reserve(["a"], Amounts(1, 101), NOW, LEASE)
    assert [level.used for level in account.standing(NOW).levels] == [0, 0]


def test_a_new_minute_starts_from_nothing():
    account = Account(BOUND)
    account.reserve(["a"], Amounts(1, 100), NOW, LEASE)
    assert used(account, NOW + 60) == 0
    account.reserve(["b"], Amounts(1, 100), NOW + 60, LEASE)
    account.settle(["a"], NOW, Amounts(1, 100), Amounts(1, 0))  # of the minute before
    assert used(account, NOW + 60) == 100


def test_what_nobody_settles_stays_used_and_leaves_the_flight():
    account = Account(limits(tokens=["100/day"], concurrent=1))
    account.reserve(["a"], ONE, NOW, lease=5)
    with pytest.raises(OverLimit, match="in flight"):
        account.reserve(["b"], ONE, NOW + 4, lease=5)
    account.reserve(["b"], ONE, NOW + 6, lease=5)
    assert used(account, NOW + 6) == 20


@given(STEPS)
def test_no_limit_is_ever_exceeded_where_no_estimate_is_too_low(steps):
    account, now, open_ = Account(BOUND), NOW, {}
    for number, (step, amount) in enumerate(steps):
        if step == "wait":
            now += amount
        elif step == "reserve":
            try:
                account.reserve([str(number)], Amounts(1, amount), now, LEASE)
                open_[str(number)] = (now, amount)
            except OverLimit:
                assert used(account, now) + amount > 100 or len(open_) == 3
        elif open_:
            name, (at, most) = open_.popitem()
            account.settle([name], at, Amounts(1, most), Amounts(1, min(amount, most)))
        assert 0 <= used(account, now) <= 100
        assert account.standing(now).in_flight == len(open_) <= 3


def test_several_are_reserved_together_or_not_at_all_and_settled_in_any_parts():
    account = Account(limits(tokens=["100/minute"], concurrent=3))
    with pytest.raises(OverLimit, match="in flight"):
        account.reserve([*"abcd"], Amounts(4, 80), NOW, LEASE)
    standing = account.reserve([*"abc"], Amounts(3, 90), NOW, LEASE)
    assert (standing.in_flight, standing.held.tokens, used(account)) == (3, 90, 90)
    account.settle(["a", "b"], NOW, Amounts(2, 60), Amounts(2, 5))
    assert (account.standing(NOW).in_flight, used(account)) == (1, 35)
