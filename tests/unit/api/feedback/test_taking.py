"""What a worker answered can be judged, once, by whom it was answered for."""

import asyncio

import pytest

from api.errors import Unfit
from api.feedback.errors import FeedbackAway, UnknownAnswer
from api.feedback.settings import FeedbackSettings
from api.feedback.taking import BACKLOG, Feedback, taking
from api.redis_circuit import RedisCircuit
from orchestrator.feedback import Judgement
from tests.feedback import Kept, request, verdict
from tests.waiting import until

ID = "req_0123456789abcdef01234567"
RIGHT = Judgement(answer="4")


async def taker(store=None, **settings):
    made = Feedback(store or Kept(), FeedbackSettings(**settings))
    made.remember(ID, request(), [await verdict()])
    return made


def counted(found, tenant="acme"):
    learned = found.learned.of(tenant)
    return {
        name: (wins, losses)
        for name, wins, losses in zip(
            learned.experts, learned.wins.sum(axis=1), learned.losses.sum(axis=1), strict=True
        )
    }


async def test_feedback_counts_its_weight_for_the_tenant_and_a_second_replaces_the_first():
    found = await taker(weight=0.5)
    assert await found.give("acme", ID, RIGHT) == {"ada": 1.0, "ben": 1.0, "cleo": 0.0}
    await found.refresh()
    assert counted(found) == {"ada": (0.5, 0), "ben": (0.5, 0), "cleo": (0, 0.5)}
    for _ in range(3):
        await found.give("acme", ID, Judgement(0.25))
    await found.refresh()
    assert counted(found) == {"ada": (0.125, 0.375), "ben": (0.125, 0.375)}
    assert found.learned.of("") is None


@pytest.mark.parametrize(("tenant", "id"), [("umbrella", ID), ("", ID), ("acme", ID[:-1] + "8")])
async def test_another_tenants_answer_is_one_that_is_not_known(tenant, id):
    found = await taker()
    with pytest.raises(UnknownAnswer, match="x-request-id"):
        await found.give(tenant, id, RIGHT)
    await found.refresh()
    assert found.learned.of(tenant) is None


async def test_an_expert_that_did_not_reply_cannot_be_judged_and_nothing_is_replaced():
    found = await taker()
    await found.give("acme", ID, RIGHT)
    with pytest.raises(Unfit, match="zoe gave no reply"):
        await found.give("acme", ID, Judgement(0.0, expert="zoe"))
    await found.refresh()
    assert set(counted(found)) == {"ada", "ben", "cleo"}


async def test_where_feedback_is_switched_off_nothing_is_kept():
    store = Kept()
    found = await taker(store, hours=0)
    with pytest.raises(UnknownAnswer, match="switched off"):
        await found.give("acme", ID, RIGHT)
    assert not store.asked


async def test_two_workers_take_feedback_on_each_others_answers_and_learn_from_it():
    store = Kept()
    one, other = await taker(store), Feedback(store, FeedbackSettings())
    await one.close()
    await other.give("acme", ID, RIGHT)
    await one.refresh()
    assert counted(one)["ada"] == (0.25, 0)


async def test_an_answer_that_another_worker_has_yet_to_write_is_waited_for():
    store = Kept()
    one, other = await taker(store), Feedback(store, FeedbackSettings())
    giving = asyncio.create_task(other.give("acme", ID, RIGHT))
    await until(lambda: store.recalled)
    await one.close()
    assert await giving == {"ada": 1.0, "ben": 1.0, "cleo": 0.0}


async def test_without_redis_it_says_so_and_what_was_answered_is_written_later():
    store = Kept(there=False)
    found = Feedback(store, FeedbackSettings(), circuit=RedisCircuit("feedback", pause=0.0))
    found.remember(ID, request(), [await verdict()])
    with pytest.raises(FeedbackAway):
        await found.give("acme", ID, RIGHT)
    store.there = True
    assert await found.give("acme", ID, RIGHT)


async def test_a_redis_that_lost_everything_is_believed():
    store = Kept()
    found = await taker(store)
    await found.give("acme", ID, RIGHT)
    await found.refresh()
    store.given.clear()
    store.versions.clear()
    store.at = 0
    await found.refresh()
    assert found.learned.of("acme") is None


async def test_at_work_it_writes_at_once_and_the_rest_at_the_end():
    store = Kept()
    said = await verdict()
    async with taking(store, FeedbackSettings()) as found:
        found.remember(ID, request(), [said])
        await until(lambda: len(store.asked) == 1)
        await found.give("acme", ID, RIGHT)
        await until(lambda: found.learned.of("acme") is not None)
        found.remember(ID + "x", request(), [said])
    assert len(store.asked) == 2


async def test_while_redis_is_away_a_bounded_number_of_answers_waits():
    store = Kept(there=False)
    found = await taker(store)
    said = await verdict()
    for number in range(BACKLOG + 10):
        found.remember(f"req_{number}", request(), [said])
    store.there = True
    async with asyncio.timeout(60):
        await found.close()
    assert len(store.asked) == BACKLOG
