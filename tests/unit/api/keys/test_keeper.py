import asyncio
from contextlib import suppress

import pytest

from api.keys.errors import BadKey, KeysAway, OverLimit
from api.keys.keeper import Keeper
from api.keys.limits import Amounts
from api.redis_circuit import RedisCircuit
from tests.keys import NOW, Clock, Shared, limits, made
from tests.virtual_time import in_virtual_time
from tests.waiting import until

ONE = Amounts(1, 10)


@pytest.fixture
def shared():
    return Shared()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keeper(shared, clock):
    return Keeper(shared, shared, grace=60, clock=clock)


async def test_a_whole_current_key_is_admitted(keeper, shared):
    key, token = made(expires=NOW + 1)
    shared.add(key)
    assert await keeper.admit(token) == key


async def test_every_wrong_key_is_refused_in_the_same_words(keeper, shared):
    key, token = made()
    revoked, revoked_token = made(revoked=NOW - 1)
    expired, expired_token = made(expires=NOW)
    shared.add(key, revoked, expired)
    _, unknown = made()
    forged = token[:-4] + "AAAA"
    words = set()
    for wrong in (
        None,
        "",
        "none",
        unknown,
        forged,
        revoked_token,
        expired_token,
        key.seals[0].hash,
    ):
        with pytest.raises(BadKey) as refused:
            await keeper.admit(wrong)
        words.add(str(refused.value))
    assert len(words) == 1


async def test_what_is_no_key_costs_no_look_up(keeper, shared):
    for odd in (None, "none", "convene_*_" + "x" * 43):
        with pytest.raises(BadKey):
            await keeper.admit(odd)
    assert shared.asked == 0


async def test_a_revoked_key_is_refused_at_once(keeper, shared):
    key, token = made()
    shared.add(key)
    await keeper.admit(token)
    shared.keys.clear()
    with pytest.raises(BadKey):
        await keeper.admit(token)


async def test_without_redis_a_key_verified_lately_goes_on_and_others_wait(keeper, shared, clock):
    key, token = made()
    other, other_token = made("other")
    shared.add(key, other)
    await keeper.admit(token)
    shared.there = False
    clock.now += 60
    assert await keeper.admit(token) == key
    for wrong in (other_token, token[:-4] + "AAAA"):
        with pytest.raises(KeysAway):
            await keeper.admit(wrong)
    clock.now += 1
    with pytest.raises(KeysAway):
        await keeper.admit(token)


async def test_without_redis_a_key_that_expires_is_refused(keeper, shared, clock):
    key, token = made(expires=NOW + 5)
    shared.add(key)
    await keeper.admit(token)
    shared.there = False
    clock.now += 5
    with pytest.raises(KeysAway):
        await keeper.admit(token)


async def test_a_redis_that_hangs_is_waited_for_once(keeper, shared):
    key, token = made()
    shared.add(key)
    await keeper.admit(token)
    shared.hangs = 3600
    for _ in range(20):
        assert await keeper.admit(token) == key
    assert shared.asked == 2


async def test_without_redis_each_worker_counts_from_nothing(keeper, shared):
    key, _ = made(limits=limits(requests=["2/minute"], concurrent=1))
    await keeper.settle(await keeper.reserve(key, ONE), ONE)
    shared.there = False
    for _ in range(2):
        reservation = await keeper.reserve(key, ONE)
        with pytest.raises(OverLimit, match=r"in flight|leaves 0"):
            await keeper.reserve(key, ONE)
        await keeper.settle(reservation, ONE)


async def test_without_redis_no_money_is_spent(keeper, shared):
    key, _ = made(limits=limits(dollars=["5/day"]))
    shared.there = False
    with pytest.raises(KeysAway, match="budget"):
        await keeper.reserve(key, ONE)


async def test_what_could_not_be_settled_is_once_redis_is_back(shared, clock):
    key, _ = made(limits=limits(tokens=["100/day"], concurrent=1))
    keeper = Keeper(shared, shared, clock=clock, circuit=RedisCircuit("keys", pause=0.0))
    reservation = await keeper.reserve(key, Amounts(0, 50))
    shared.there = False
    await keeper.settle(reservation, Amounts(0, 5))
    assert shared.accounts[key.id].standing(NOW).levels[0].used == 50
    shared.there = True
    other, _ = made()
    await keeper.reserve(other, ONE)
    assert shared.accounts[key.id].standing(NOW).levels[0].used == 5
    assert (await keeper.reserve(key, Amounts(0, 50))).standing.in_flight == 1


async def test_a_settlement_is_finished_though_whoever_waits_for_it_is_cancelled(shared, keeper):
    key, _ = made(limits=limits(concurrent=1))
    reservation = await keeper.reserve(key, ONE)
    settling = asyncio.create_task(keeper.settle(reservation, ONE))
    await asyncio.sleep(0)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    await keeper.close()
    assert shared.accounts[key.id].standing(NOW).in_flight == 0


@pytest.mark.parametrize("cancelled", [True, False], ids=["hung up", "Redis was slow"])
async def test_a_reservation_that_nobody_heard_of_is_given_back(shared, clock, cancelled):
    key, _ = made(limits=limits(dollars=["1/day"], concurrent=1))
    keeper = Keeper(
        shared, shared, clock=clock, circuit=RedisCircuit("keys", pause=0.0, patience=0.01)
    )
    shared.late, shared.hangs = True, 3600
    reserving = asyncio.create_task(keeper.reserve(key, Amounts(1, 0, 5)))
    if cancelled:
        await until(lambda: shared.asked)
        reserving.cancel()
    [error] = await asyncio.gather(reserving, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError if cancelled else KeysAway)
    assert shared.accounts[key.id].standing(NOW).in_flight == 1
    shared.hangs = 0.0
    reservation = await keeper.reserve(key, Amounts(1, 0, 5))
    assert (reservation.standing.in_flight, reservation.standing.levels[0].used) == (1, 5)


async def test_an_outage_leaves_only_what_redis_may_have_to_be_made_up_for(shared, clock):
    key, _ = made(limits=limits(requests=["100/minute"]))
    keeper = Keeper(shared, shared, clock=clock)
    before = await keeper.reserve(key, ONE)
    shared.there = False
    for _ in range(5):
        await keeper.settle(await keeper.reserve(key, ONE), ONE)
    await keeper.settle(before, ONE)
    assert keeper.owed == 2  # the one before, and the first that found Redis gone


async def test_making_up_for_an_outage_survives_a_client_that_hangs_up(shared, clock):
    key, _ = made(limits=limits(concurrent=1))
    keeper = Keeper(shared, shared, clock=clock, circuit=RedisCircuit("keys", pause=0.0))
    before = await keeper.reserve(key, ONE)
    shared.there = False
    await keeper.settle(before, ONE)
    shared.there, shared.hangs, asked = True, 3600, shared.asked
    reserving = asyncio.create_task(keeper.reserve(key, ONE))
    await until(lambda: shared.asked > asked)
    reserving.cancel()
    await asyncio.gather(reserving, return_exceptions=True)
    shared.hangs = 0.0
    assert (await keeper.reserve(key, ONE)).standing.in_flight == 1


async def asks(keeper, key, often):
    """One after the other; each takes a tenth of what it reserves."""
    for _ in range(often):
        await keeper.settle(await keeper.reserve(key, Amounts(1, 10)), Amounts(1, 1))


async def test_requests_of_a_busy_key_seldom_ask_redis(keeper, shared):
    key, _ = made(limits=limits(requests=["100000/day"], tokens=["1000000/day"], concurrent=1000))
    await asks(keeper, key, 500)
    assert shared.asked < 50
    await keeper.close()
    standing = shared.accounts[key.id].standing(NOW)
    assert [level.used for level in standing.levels] == [500, 500]
    assert standing.in_flight == 0


async def test_near_its_limits_every_request_of_a_key_asks_redis(keeper, shared):
    key, _ = made(limits=limits(tokens=["40/day"]))
    for used in range(30):
        reservation = await keeper.reserve(key, Amounts(1, 10))
        assert reservation.standing.levels[0].used == used + 10
        await keeper.settle(reservation, Amounts(1, 1))
    assert shared.asked == 60
    reservation = await keeper.reserve(key, Amounts(1, 10))
    with pytest.raises(OverLimit):
        await keeper.reserve(key, Amounts(1, 10))


@in_virtual_time
async def test_what_is_taken_ahead_is_given_back_a_second_later():
    shared, clock = Shared(), Clock()
    keeper = Keeper(shared, shared, clock=clock)
    key, _ = made(limits=limits(tokens=["1000000/day"]))
    await asks(keeper, key, 20)
    flying = await keeper.reserve(key, Amounts(1, 10))
    account = shared.accounts[key.id]
    assert account.standing(NOW).levels[0].used > 20 + 10
    await asyncio.sleep(1.1)
    assert (account.standing(NOW).levels[0].used, account.standing(NOW).in_flight) == (20 + 10, 1)
    await keeper.settle(flying, Amounts(1, 1))
    await asyncio.sleep(0.1)
    assert (account.standing(NOW).levels[0].used, account.standing(NOW).in_flight) == (21, 0)


async def served_without(keeper, key, wanted):
    """Requests until the budget cannot be checked."""
    served = 0
    with suppress(KeysAway):
        while True:
            await keeper.settle(await keeper.reserve(key, wanted), wanted)
            served += 1
    return served


async def test_what_was_taken_ahead_is_spent_without_redis_and_settled_when_it_is_back(clock):
    shared = Shared()
    keeper = Keeper(shared, shared, clock=clock, circuit=RedisCircuit("keys", pause=0.0))
    key, _ = made(limits=limits(dollars=["5/day"]))
    dollars = Amounts(1, 0, 1000)
    for _ in range(20):
        await keeper.settle(await keeper.reserve(key, dollars), dollars)
    shared.there = False
    served = await served_without(keeper, key, dollars)
    assert 0 < served < 20
    await keeper.close()
    shared.there = True
    await keeper.settle(await keeper.reserve(key, dollars), dollars)
    await keeper.close()
    assert shared.accounts[key.id].standing(NOW).in_flight == 0
