"""A key that pays for lines: never more than its limits, no places taken, nothing lost."""

import asyncio

import pytest

from api.batches.purse import IN_FLIGHT, Accounts, KeyPurse, Nobody, NotYet
from api.keys.errors import OverLimit
from api.keys.estimates import Estimator
from experts.cards import ScriptedCard
from experts.types import Cause, Failure, Prompt
from orchestrator.errors import PanelFailed
from orchestrator.policies import POLICIES
from orchestrator.types import Request
from tests.keys import NOW, Clock, Shared, limits, made
from tests.unit.api.scripted import verdict

ESTIMATOR = Estimator({name: ScriptedCard(kind="scripted") for name in ("ada", "bob")}, POLICIES)
ASKED = Request(Prompt.of("What is 6 x 7?"), "ada")
WHOLE = ESTIMATOR.estimate(ASKED).whole.tokens


def purse(bound, clock=None):
    key, _ = made(limits=bound)
    shared = Shared()
    shared.add(key)
    return KeyPurse(Accounts(shared, shared, ESTIMATOR, clock or Clock()), key), shared


def used(shared):
    (account,) = shared.accounts.values()
    return {unit.value: amount for (unit, _, _), amount in account.used.items()}


async def test_a_line_reserves_the_most_and_settles_what_it_took():
    paying, shared = purse(limits(tokens=[f"{WHOLE}/day"]))
    ticket = await paying.reserve(ASKED)
    assert used(shared) == {"tokens": WHOLE}
    await paying.settle(ticket, verdict())
    assert used(shared) == {"tokens": 27}


async def test_a_line_that_was_cut_short_stays_paid_in_full_and_is_settled_once():
    paying, shared = purse(limits(tokens=[f"{WHOLE}/day"]))
    ticket = await paying.reserve(ASKED)
    for _ in range(2):
        await paying.settle(ticket, None)
    assert used(shared) == {"tokens": WHOLE}


async def test_no_more_is_reserved_than_the_limit_and_who_finds_no_room_is_told_when():
    clock = Clock(NOW + 10)
    paying, shared = purse(limits(requests=["2/minute"]), clock)
    tickets = [await paying.reserve(ASKED) for _ in range(2)]
    with pytest.raises(NotYet, match="in 1 s"):  # others may give back what they reserved
        await paying.reserve(ASKED)
    for ticket in tickets:
        await paying.settle(ticket, PanelFailed([Failure("ada", Cause.REJECTED, "")]))
    with pytest.raises(NotYet) as refused:
        await paying.reserve(ASKED)
    assert refused.value.seconds == 50
    clock.now = NOW + 60
    await paying.reserve(ASKED)
    assert used(shared) == {"requests": 1}


async def test_what_no_window_has_room_for_is_refused_for_ever():
    paying, _ = purse(limits(tokens=["5/day"]))
    with pytest.raises(OverLimit, match="raise the limit"):
        await paying.reserve(ASKED)


async def test_lines_take_none_of_the_keys_places():
    paying, _ = purse(limits(requests=["9/minute"], concurrent=1))
    await asyncio.gather(*(paying.reserve(ASKED) for _ in range(9)))


async def test_only_so_many_lines_are_reserved_for_at_once():
    paying, shared = purse(limits(requests=["100000/day"]))
    tickets = [await paying.reserve(ASKED) for _ in range(IN_FLIGHT)]
    waiting = asyncio.create_task(paying.reserve(ASKED))
    await asyncio.sleep(0)
    assert not waiting.done()
    await paying.settle(tickets[0], verdict())
    await asyncio.wait_for(waiting, 5)
    assert used(shared) == {"requests": IN_FLIGHT + 1}


async def test_while_redis_is_away_a_line_waits():
    paying, shared = purse(limits(tokens=[f"{WHOLE}/day"]))
    shared.there = False
    waiting = asyncio.create_task(paying.reserve(ASKED))
    async with asyncio.timeout(5):
        while not shared.asked:  # noqa: ASYNC110 - counted by a plain number
            await asyncio.sleep(0)
    shared.there = True
    await asyncio.wait_for(waiting, 5)
    assert used(shared) == {"tokens": WHOLE}


async def test_a_key_without_limits_and_nobody_pay_without_counting():
    paying, shared = purse(limits())
    for whose in (paying, Nobody()):
        await whose.settle(await whose.reserve(ASKED), verdict())
    assert shared.accounts == {}


async def test_a_key_that_counts_no_more_is_none():
    paying, shared = purse(limits())
    assert await paying.accounts.usable(paying.key.id) is not None
    gone, _ = made(revoked=NOW)
    shared.add(gone)
    assert await paying.accounts.usable(gone.id) is None
    assert await paying.accounts.usable("nobody") is None
