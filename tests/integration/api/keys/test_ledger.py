"""Reservations in a real Redis, by many at once."""

import asyncio
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.asyncio import Redis

from api.keys import names
from api.keys.account import Account
from api.keys.errors import OverLimit
from api.keys.ledger import LEASE, Ledger, new_names
from api.keys.limits import NANO, Amounts, Period, Unit, window
from api.keys.records import Records
from tests.keys import NOW, limits, made

CENT = NANO // 100


async def used(redis, key, unit=Unit.DOLLARS, period=Period.DAY, now=NOW):
    return int(await redis.get(names.used(key.id, unit, period, window(period, now).name)) or 0)


async def reserved(ledger, key, wanted, now):
    return await ledger.reserve(key, new_names(wanted), wanted, now)


async def spends(ledger, key, reserve, dice, seen=None):
    """Asks until the budget refuses; what was spent, which is at most what was reserved."""
    spent = 0
    while True:
        try:
            reservation = await reserved(ledger, key, Amounts(1, 0, reserve), NOW)
        except OverLimit as error:
            if error.seconds != 1:  # not because others hold what they may give back
                return spent
            continue
        if seen is not None:
            seen.append(reservation.standing.levels[0].used)
        taken = dice.randint(0, reserve)
        await asyncio.sleep(0)
        await ledger.settle(reservation, Amounts(1, 0, taken))
        spent += taken


def test_32_threads_against_one_budget_never_exceed_it(url_of_a_server):
    key, _ = made(limits=limits(dollars=["1/day"]))

    async def worker(seed):
        async with Redis.from_url(url_of_a_server) as redis:
            seen = []
            spent = await spends(Ledger(redis), key, 7 * CENT, random.Random(seed), seen)
            return spent, seen, await used(redis, key)

    with ThreadPoolExecutor(32) as threads:
        ended = list(threads.map(lambda seed: asyncio.run(worker(seed)), range(32)))
    spent = sum(spent for spent, _, _ in ended)
    assert max(level for _, seen, _ in ended for level in seen) <= NANO
    assert NANO - 7 * CENT < spent <= NANO
    assert max(told for _, _, told in ended) <= NANO
    assert ended[-1][2] <= NANO


async def test_two_workers_share_every_limit(ledgers, redis):
    key, _ = made(limits=limits(requests=["50/minute"]))

    async def one(ledger):
        try:
            reservation = await reserved(ledger, key, Amounts(1), NOW)
        except OverLimit:
            return 0
        await ledger.settle(reservation, Amounts(1))
        return 1

    assert sum(await asyncio.gather(*(one(ledgers[i % 2]) for i in range(100)))) == 50
    assert await used(redis, key, Unit.REQUESTS, Period.MINUTE) == 50


async def test_no_more_are_in_flight_than_may_be(ledgers):
    key, _ = made(limits=limits(concurrent=3))
    now_in, most = 0, 0

    async def one(ledger):
        nonlocal now_in, most
        while True:
            try:
                reservation = await reserved(ledger, key, Amounts(1), NOW)
                break
            except OverLimit:
                await asyncio.sleep(0)
        now_in += 1
        most = max(most, now_in)
        await asyncio.sleep(0.001)
        now_in -= 1
        await ledger.settle(reservation, Amounts(1))

    await asyncio.gather(*(one(ledgers[i % 2]) for i in range(40)))
    assert most == 3


async def test_a_reservation_is_seen_by_all_and_settled_once(ledgers, redis):
    one, other = ledgers
    key, _ = made(limits=limits(dollars=["1/day"]))
    reservation = await reserved(one, key, Amounts(1, 0, NANO), NOW)
    with pytest.raises(OverLimit) as refused:
        await reserved(other, key, Amounts(1, 0, 1), NOW)
    assert refused.value.seconds == 1
    for _ in range(2):
        await one.settle(reservation, Amounts(1, 0, CENT))
    assert await used(redis, key) == CENT


async def test_a_worker_that_dies_frees_its_place_and_not_its_money(ledgers, redis):
    one, other = ledgers
    key, _ = made(limits=limits(dollars=["1/day"], concurrent=1))
    await reserved(one, key, Amounts(1, 0, CENT), NOW)
    with pytest.raises(OverLimit, match="in flight"):
        await reserved(other, key, Amounts(1, 0, CENT), NOW + LEASE - 1)
    await reserved(other, key, Amounts(1, 0, CENT), NOW + LEASE)
    assert await used(redis, key) == 2 * CENT


async def test_what_is_settled_late_is_settled_in_its_own_window(ledgers, redis):
    key, _ = made(limits=limits(tokens=["100/minute"]))
    reservation = await reserved(ledgers[0], key, Amounts(1, 100), NOW)
    await reserved(ledgers[0], key, Amounts(1, 100), NOW + 60)
    await ledgers[0].settle(reservation, Amounts(1, 1))
    assert await used(redis, key, Unit.TOKENS, Period.MINUTE) == 1
    assert await used(redis, key, Unit.TOKENS, Period.MINUTE, NOW + 60) == 100


async def test_counters_do_not_stay_for_ever(ledgers, redis):
    key, _ = made(limits=limits(tokens=["100/minute"], dollars=["1/month"]))
    await reserved(ledgers[0], key, Amounts(1, 1, 1), NOW)
    assert all([await redis.ttl(name) > 0 async for name in redis.scan_iter("convene:keys:*")])


async def test_large_amounts_are_counted_to_the_last_nanodollar(ledgers, redis):
    key, _ = made(limits=limits(dollars=["1000000/month"]))
    whole = 999_999_999_999_999
    await reserved(ledgers[0], key, Amounts(1, 0, whole), NOW)
    assert await used(redis, key, period=Period.MONTH) == whole
    await reserved(ledgers[0], key, Amounts(1, 0, 1), NOW)
    with pytest.raises(OverLimit):
        await reserved(ledgers[0], key, Amounts(1, 0, 1), NOW)


def outcome(account, names, wanted, now):
    try:
        standing = account.reserve(names, wanted, now, LEASE)
    except OverLimit as error:
        return str(error), error.budget, error.seconds
    return standing.levels, standing.in_flight


async def outcome_in_redis(ledger, key, names, wanted, now):
    """The same, and the reservation if there is one."""
    try:
        reservation = await ledger.reserve(key, names, wanted, now)
    except OverLimit as error:
        return (str(error), error.budget, error.seconds), None
    return (reservation.standing.levels, reservation.standing.in_flight), reservation


@pytest.mark.parametrize("seed", range(8))
async def test_redis_counts_as_the_account_does(ledgers, seed):
    dice = random.Random(seed)
    bound = limits(
        requests=["6/minute", "20/day"], tokens=["300/hour"], dollars=["0.000001/day"], concurrent=3
    )
    key, _ = made(limits=bound)
    account, now, open_, kinds = Account(bound), NOW, [], set()
    for step in range(150):
        action, ledger = dice.random(), ledgers[step % 2]
        if action < 0.15:
            now += dice.randint(1, 200)
        elif action < 0.6:
            each = Amounts(dice.randint(0, 1), dice.randint(0, 120), dice.randint(0, 400))
            count = dice.choice([1, 1, 1, 2])
            wanted, names = each * count, new_names(each, count)
            ours = outcome(account, names, wanted, now)
            theirs, reservation = await outcome_in_redis(ledger, key, names, wanted, now)
            assert theirs == ours
            kinds.add(reservation is None)
            if reservation is not None:
                open_.append(reservation)
        elif open_:
            reservation = open_.pop(dice.randrange(len(open_)))
            wanted = reservation.wanted
            taken = Amounts(wanted.requests, wanted.tokens // 2, wanted.nanodollars // 3)
            account.settle(reservation.names, reservation.at, wanted, taken)
            await ledger.settle(reservation, taken)
    assert kinds == {True, False}


SPENDER = """
import asyncio, sys
from redis.asyncio import Redis
from api.keys.keeper import Keeper
from api.keys.errors import OverLimit
from api.keys.ledger import Ledger
from api.keys.limits import Amounts
from api.keys.records import Records

async def spend(keeper, key):
    spent = 0
    while True:
        try:
            reservation = await keeper.reserve(key, Amounts(1, 0, 500))
        except OverLimit:
            return spent
        await asyncio.sleep(0.001)
        keeper.settle_soon(reservation, Amounts(1, 0, 300))
        spent += 300

async def main(url, id):
    async with Redis.from_url(url) as redis:
        records = Records(redis)
        key, keeper = await records.find(id), Keeper(records, Ledger(redis))
        spent = sum(await asyncio.gather(*(spend(keeper, key) for _ in range(8))))
        await keeper.close()
        print(spent)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_four_processes_of_eight_at_once_never_spend_more_than_the_budget(url, redis):
    budget = 100_000  # nanodollars
    key, _ = made(limits=limits(dollars=["0.0001/month"]))
    await Records(redis).add(key)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", SPENDER, url, key.id, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = await asyncio.gather(*(process.communicate() for process in processes))
    spent = sum(int(out) for out, _ in said)
    assert budget - 32 * 500 < spent <= budget
    assert await used(redis, key, period=Period.MONTH, now=time.time()) == spent
