import asyncio
from dataclasses import replace
from functools import partial

import pytest

from api.feed import feeding
from api.keys.errors import OverLimit
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.limits import Amounts
from api.keys.metered import Metered
from api.keys.visitor import Keys, Visitor
from api.samples import answers
from experts.cards import ScriptedCard
from experts.types import Cause, Chunk, Failure, Prompt
from orchestrator.errors import OutOfTime, PanelFailed, UnknownModel
from orchestrator.policies import POLICIES
from orchestrator.types import Request, Verdict
from tests.keys import NOW, Clock, Shared, limits, made
from tests.streams import streamed
from tests.unit.api.scripted import ScriptedService, verdict

ESTIMATOR = Estimator({name: ScriptedCard(kind="scripted") for name in ("ada", "bob")}, POLICIES)
ASKED = Request(Prompt.of("What is 6 x 7?"))
WHOLE = ESTIMATOR.estimate(ASKED).whole.tokens
ALONE = ESTIMATOR.estimate(replace(ASKED, model="ada")).whole.tokens
SPENT = 27  # tokens of the scripted verdict
CUT = Failure("ada", Cause.TIMEOUT, "the request's time was over")
LATE = PanelFailed([Failure("ada", Cause.TIMEOUT, "late"), Failure("bob", Cause.REJECTED, "no")])


class Case:
    """A metered service over a script, and what its key has used."""

    def __init__(self, *script, **bound):
        self.shared, bound = Shared(), bound or {"tokens": ["100000/day"]}
        key, _ = made(limits=limits(**bound))
        self.visitor = Visitor(
            key, Keys(Keeper(self.shared, self.shared, clock=Clock()), ESTIMATOR)
        )
        self.scripted = Batching(*((script,) if script else ()))
        self.service = Metered(self.scripted, self.visitor)

    async def counted(self):
        """What is used and how many are in flight, once all that is on its way is settled."""
        await self.visitor.keys.keeper.close()
        standing = self.shared.accounts[self.visitor.key.id].standing(NOW)
        return standing.levels[0].used, standing.in_flight


class Batching(ScriptedService):
    """Answers a batch as it is read; a request of model `broken` ends it with a bug."""

    async def answer_all(self, requests):
        place = 0
        async for request in requests:
            if request.model == "broken":
                raise ZeroDivisionError
            yield place, verdict() if request.model == "auto" else UnknownModel("x", ())
            place += 1


async def test_while_it_is_asked_everything_is_reserved_and_then_what_it_took_is_settled():
    case = Case(0.01, verdict())
    asking = asyncio.create_task(case.service.answer(ASKED))
    await case.scripted.started.wait()
    assert await case.counted() == (WHOLE, 1)
    await asking
    assert await case.counted() == (SPENT, 0)
    assert case.visitor.standing.levels[0].used == WHOLE


async def test_a_stream_is_settled_by_its_verdict():
    case = Case()
    events = await streamed(case.service, ASKED)
    assert isinstance(events[-1], Verdict)
    assert await case.counted() == (SPENT, 0)


async def test_a_client_that_hangs_up_pays_for_what_was_reserved():
    case = Case(Chunk("It "), 3600.0, verdict())
    async with feeding(partial(case.service.answer, ASKED)) as feed:
        assert await feed.next(5) == [Chunk("It ")]
    assert case.scripted.cancelled.is_set()
    assert await case.counted() == (WHOLE, 0)


async def test_an_answer_that_is_cancelled_is_paid_for_too():
    case = Case(3600.0, verdict())
    asking = asyncio.create_task(case.service.answer(ASKED))
    await case.scripted.started.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await case.counted() == (WHOLE, 0)


@pytest.mark.parametrize(
    ("script", "error", "tokens"),
    [
        ((LATE,), PanelFailed, ESTIMATOR.estimate(ASKED).call.tokens),
        ((UnknownModel("x", ()),), UnknownModel, 0),
        ((OutOfTime(1, [CUT]),), OutOfTime, WHOLE),
        ((OutOfTime(1, []),), OutOfTime, 0),
        ((ZeroDivisionError(),), ZeroDivisionError, WHOLE),
    ],
    ids=["failed panel", "unknown model", "cut short", "late", "bug"],
)
async def test_a_failure_costs_what_it_may_have_taken(script, error, tokens):
    case = Case(*script)
    with pytest.raises(error):
        await case.service.answer(ASKED)
    assert await case.counted() == (tokens, 0)


async def test_nobody_is_asked_beyond_the_limit():
    case = Case(requests=["1/day"])
    await case.service.route(ASKED)
    for refused in (case.service.answer(ASKED), case.service.route(ASKED)):
        with pytest.raises(OverLimit):
            await refused
    with pytest.raises(OverLimit):
        await streamed(case.service, ASKED)
    assert len(case.scripted.asked) == 1


async def test_samples_are_reserved_for_together_and_each_is_settled():
    case = Case(0.01, verdict(), tokens=[f"{3 * ALONE}/day"])
    asking = asyncio.create_task(answers(case.service, replace(ASKED, model="ada"), 3))
    await case.scripted.started.wait()
    assert await case.counted() == (3 * ALONE, 1)
    assert len(await asking) == 3
    assert await case.counted() == (3 * SPENT, 0)


async def test_of_samples_that_the_limit_has_no_room_for_none_is_asked():
    case = Case(tokens=[f"{3 * ALONE - 1}/day"])
    with pytest.raises(OverLimit):
        await answers(case.service, replace(ASKED, model="ada"), 3)
    assert case.scripted.asked == []


@pytest.mark.parametrize(
    ("error", "used"), [(LATE, 3 * ALONE), (UnknownModel("x", ()), 0)], ids=["failed", "refused"]
)
async def test_samples_without_a_verdict_cost_what_they_may_have_taken(error, used):
    case = Case(error)
    with pytest.raises(type(error)):
        await answers(case.service, replace(ASKED, model="ada"), 3)
    assert await case.counted() == (used, 0)


async def test_a_batch_is_counted_line_by_line_and_ends_where_the_limit_does():
    case = Case(requests=["2/day"])
    batch = case.service.answer_all([ASKED] * 3)
    assert [(await anext(batch))[0] for _ in range(2)] == [0, 1]
    with pytest.raises(OverLimit):
        await anext(batch)
    assert await case.counted() == (2, 0)


async def test_a_batch_settles_what_was_answered_refused_and_broken():
    case = Case()
    lines = [ASKED, replace(ASKED, model="nobody"), replace(ASKED, model="broken")]
    with pytest.raises(ZeroDivisionError):
        [result async for result in case.service.answer_all(iter(lines))]
    assert await case.counted() == (SPENT, 0)


async def test_a_request_is_the_tenants_of_its_key_whatever_it_says():
    case = Case()
    await case.service.answer(replace(ASKED, tenant="somebody else"))
    await case.service.route(ASKED)
    assert {request.tenant for request in case.scripted.asked} == {case.visitor.tenant}


def test_the_names_are_the_services_own():
    case = Case()
    assert (case.service.policies, case.service.experts) == (("auto", "vote"), ("ada", "bob"))
    assert case.service.writers == ("ada", "bob", "zoe")
    assert Amounts(1) + Amounts(1) == Amounts(1) * 2
