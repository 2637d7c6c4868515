"""Keys in a real Redis."""

import asyncio
from dataclasses import replace

import pytest

from api.keys import names
from api.keys.credentials import new_token, sealed
from api.keys.demand import demanded, keeping
from api.keys.errors import BadKey, NameTaken, OverLimit, UnknownKey
from api.keys.limits import Amounts
from api.keys.records import Records
from api.listening import CannotListen, Demand
from tests.keys import NOW, limits, made


@pytest.fixture
def records(redis):
    return Records(redis)


async def test_a_key_is_found_as_it_was_added(records):
    key, _ = made(limits=limits(requests=["5/day"], concurrent=2))
    assert not await records.any()
    await records.add(key)
    assert await records.any()
    assert await records.find(key.id) == key
    assert await records.find("000000000000") is None
    assert list(await records.all()) == [key]


async def test_redis_holds_no_secret(records, redis):
    key, token = made()
    await records.add(key)
    kept = await redis.get(names.record(key.id))
    assert token.rpartition("_")[2].encode() not in kept
    assert key.seals[0].hash.encode() in kept


async def test_a_name_is_taken_until_its_key_is_revoked(records):
    key, _ = made("app")
    again, _ = made("app")
    await records.add(key)
    with pytest.raises(NameTaken):
        await records.add(again)
    await records.change(key.id, lambda key: replace(key, revoked=NOW))
    await records.add(again)
    assert await records.named("app") == again
    assert (await records.named(key.id)).id == key.id
    with pytest.raises(UnknownKey, match="convene keys list"):
        await records.named("nobody")


async def test_changes_at_the_same_time_are_all_made(records):
    key, _ = made()
    await records.add(key)
    await asyncio.gather(
        records.change(key.id, lambda key: replace(key, revoked=NOW)),
        records.change(key.id, lambda key: replace(key, tenant="other")),
    )
    changed = await records.find(key.id)
    assert (changed.revoked, changed.tenant) == (NOW, "other")


async def test_a_change_in_redis_holds_for_a_running_keeper_at_once(records, redis):
    key, token = made()
    await records.add(key)
    fresh = new_token(key.id)
    async with keeping(redis, Demand.IF_ANY, grace=60) as keeper:
        assert await keeper.admit(token) == key
        await records.change(key.id, lambda key: key.rotated(sealed(fresh), NOW, 0))
        with pytest.raises(BadKey):
            await keeper.admit(token)
        assert (await keeper.admit(fresh)).id == key.id
        await records.change(key.id, lambda key: replace(key, revoked=NOW))
        with pytest.raises(BadKey):
            await keeper.admit(fresh)


async def test_keys_are_asked_for_where_they_must_be_and_where_there_are_any(records, redis):
    async def asks(demand):
        async with keeping(redis, demand, grace=60) as keeper:
            return keeper is not None

    assert not await asks(Demand.IF_ANY)
    assert await asks(Demand.ALWAYS)
    key, _ = made()
    await records.add(key)
    await records.change(key.id, lambda key: replace(key, revoked=NOW))
    assert await asks(Demand.IF_ANY)  # revoking the last opens nothing
    assert not await asks(Demand.NEVER)


async def test_a_host_that_others_reach_needs_a_key_that_counts(records, redis):
    with pytest.raises(CannotListen, match="convene keys create"):
        await demanded(redis, "0.0.0.0")
    key, _ = made()
    await records.add(key)
    await demanded(redis, "0.0.0.0")
    await records.change(key.id, lambda key: replace(key, revoked=NOW))
    with pytest.raises(CannotListen):
        await demanded(redis, "0.0.0.0")


async def test_a_thousand_at_once_are_admitted_counted_and_settled(records, redis):
    key, token = made(limits=limits(requests=["1000/day"], dollars=["1/day"]))
    await records.add(key)

    async def one(keeper):
        admitted = await keeper.admit(token)
        await keeper.settle(await keeper.reserve(admitted, Amounts(1, 0, 1000)), Amounts(1, 0, 10))

    async with keeping(redis, Demand.ALWAYS, grace=60) as keeper:
        await asyncio.gather(*(one(keeper) for _ in range(1000)))
        with pytest.raises(OverLimit, match="1000/day requests leaves 0"):
            await keeper.reserve(key, Amounts(1))
