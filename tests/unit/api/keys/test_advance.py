import asyncio
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api.keys.account import Account
from api.keys.advance import MOST, PLACES, SHARE, Advance, Pace
from api.keys.errors import OverLimit
from api.keys.ledger import LEASE, Reservation, new_names
from api.keys.limits import Amounts, Limits
from tests.keys import NOW, limits, made

ONE = Amounts(1, 10)
BOUND = limits(requests=["6000/minute"], tokens=["64000/day"], concurrent=640)


def advance(count, wanted=ONE, bound=BOUND):
    """An advance, and the account that it was taken off."""
    key, _ = made(limits=bound)
    account, names = Account(bound), new_names(wanted, count)
    standing = account.reserve(names, wanted * count, NOW, LEASE)
    return Advance(Reservation(key, names, wanted * count, NOW, standing)), account


def settled(account, back):
    if back is not None:
        account.settle(back.names, back.at, back.wanted, Amounts())


def asked(often, pace=None, now=NOW):
    pace = pace or Pace()
    for _ in range(often):
        pace.count(now)
    return pace


def test_its_parts_are_what_was_taken_and_no_more():
    ahead, _ = advance(3)
    parts = [ahead.promise(ahead.whole.key, ONE, NOW) for _ in range(4)]
    assert parts[3] is None
    assert {name for part in parts[:3] for name in part.names} == {*ahead.whole.names}
    assert [part.standing.levels[1].used for part in parts[:3]] == [10, 20, 30]
    assert [part.standing.in_flight for part in parts[:3]] == [1, 2, 3]


def test_what_a_request_did_not_take_is_there_for_the_next():
    ahead, account = advance(2)
    key = ahead.whole.key
    for _ in range(9):
        part = ahead.promise(key, ONE, NOW)
        ahead.settle(part, Amounts(0, 1))
    assert ahead.promise(key, ONE, NOW) is not None  # 9 of 20 tokens are taken
    settled(account, ahead.rest())
    assert account.standing(NOW).levels[1].used == 9 + 10
    assert account.standing(NOW).in_flight == 1


def test_a_larger_request_another_key_a_later_window_and_a_closed_advance_have_none():
    ahead, _ = advance(2)
    key = ahead.whole.key
    assert ahead.promise(key, Amounts(1, 21), NOW) is None
    assert ahead.promise(replace(key), ONE, NOW) is None
    assert ahead.promise(key, ONE, NOW + 60) is None
    ahead.rest()
    assert ahead.promise(key, ONE, NOW) is None


def test_what_is_in_flight_when_it_closes_is_given_back_as_it_ends():
    ahead, account = advance(2)
    parts = [ahead.promise(ahead.whole.key, ONE, NOW) for _ in range(2)]
    assert ahead.rest() is None
    for part, flying, used in zip(parts, (1, 0), (10 + 4, 4 + 4), strict=True):
        ahead.settle(part, Amounts(1, 4))
        settled(account, ahead.rest())
        standing = account.standing(NOW)
        assert (standing.in_flight, standing.levels[1].used) == (flying, used)
    ahead.settle(parts[0], ONE)
    assert ahead.rest() is None


@given(
    st.lists(st.tuples(st.integers(1, 15), st.integers(0, 30), st.booleans()), max_size=30),
    st.sets(st.integers(0, 29)),
)
def test_what_is_used_in_the_end_is_what_requests_took(requests, rests):
    ahead, account = advance(4)
    key, open_, total = ahead.whole.key, [], 0
    for number, (wanted, taken, waits) in enumerate(requests):
        part = ahead.promise(key, Amounts(1, wanted), NOW)
        if part is not None:
            open_.append((part, Amounts(1, taken)))
            total += taken
        if open_ and not waits:
            ahead.settle(*open_.pop(0))
        if number in rests:
            settled(account, ahead.rest())
    for part, taken in open_:
        ahead.settle(part, taken)
    settled(account, ahead.rest())
    standing = account.standing(NOW)
    assert (standing.levels[1].used, standing.in_flight) == (total, 0)


def test_as_many_are_reserved_ahead_as_a_second_brings():
    free = Limits()
    assert asked(1).ahead(free, ONE, NOW) == 1
    assert asked(2).ahead(free, ONE, NOW) == 1
    assert asked(9).ahead(free, ONE, NOW) == 8
    assert asked(1, asked(20), NOW + 1).ahead(free, ONE, NOW + 1) == 20
    assert asked(1, asked(20), NOW + 2).ahead(free, ONE, NOW + 2) == 1
    assert asked(9999).ahead(free, ONE, NOW) == MOST


def test_no_more_than_a_small_part_of_what_limits_leave():
    pace = asked(100)
    pace.standing = Account(BOUND).standing(NOW)
    assert pace.ahead(BOUND, ONE, NOW) == 640 // PLACES
    assert pace.ahead(BOUND, Amounts(1, 500), NOW) == 64000 // 500 // SHARE
    assert pace.ahead(BOUND, Amounts(1, 5000), NOW) == 1
    assert pace.ahead(BOUND, ONE, NOW + 61) == 1  # nobody knows the new minute yet


async def test_while_one_asks_for_an_advance_the_others_wait():
    pace, waited = asked(100), []

    async def waits():
        await pace.advanced()
        waited.append(True)

    with suppress(OverLimit), pace.advancing():
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
        assert pace.ahead(Limits(), ONE, NOW) == 1
        assert not waited
        raise OverLimit("no room", budget=False, seconds=1)
    await waiting
    assert pace.ahead(Limits(), ONE, NOW) == 99
