"""What embedding takes of a key, however it ends."""

import asyncio

import numpy as np
import pytest

from api.embedders.errors import NotEmbedded
from api.embedders.metered import MeteredModel
from api.embedders.model import Embedding, Terms, Wanted
from api.errors import Unfit
from api.keys.errors import OverLimit
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.visitor import Keys, Visitor
from experts.types import Cause, Failure
from orchestrator.policies import POLICIES
from tests.keys import NOW, Clock, Shared, limits, made

TERMS = Terms()
WANTED = Wanted(["the sea, the sky"])
WHOLE = TERMS.most(WANTED).tokens
FOUND = Embedding(np.ones((1, 3), np.float32), tokens=5)


class Model:
    """Ends as it is told to, once it may."""

    def __init__(self, outcome):
        self.terms = TERMS
        self.outcome = outcome
        self.may, self.asked = asyncio.Event(), asyncio.Event()

    async def embed(self, _wanted):
        self.asked.set()
        await self.may.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Case:
    def __init__(self, outcome, **bound):
        self.shared = Shared()
        key, _ = made(limits=limits(**bound or {"tokens": ["1000/day"]}))
        keys = Keys(Keeper(self.shared, self.shared, clock=Clock()), Estimator({}, POLICIES))
        self.visitor = Visitor(key, keys)
        self.model = Model(outcome)
        self.metered = MeteredModel(self.model, self.visitor)

    @property
    def used(self):
        return self.shared.accounts[self.visitor.key.id].standing(NOW).levels[0].used

    async def ended(self):
        self.model.may.set()
        return await self.metered.embed(WANTED)


async def test_all_it_may_take_is_reserved_and_then_what_it_took_is_settled():
    case = Case(FOUND)
    asking = asyncio.create_task(case.metered.embed(WANTED))
    await case.model.asked.wait()
    assert case.used == WHOLE
    case.model.may.set()
    assert await asking is FOUND
    assert case.used == FOUND.tokens
    assert case.visitor.standing.levels[0].used == WHOLE


def failed(cause):
    return NotEmbedded(Failure("small", cause, "no"))


@pytest.mark.parametrize(
    ("outcome", "used"),
    [
        (Unfit("input", "no"), 0),
        (failed(Cause.UNAVAILABLE), 0),
        (failed(Cause.REJECTED), 0),
        (failed(Cause.TIMEOUT), WHOLE),
        (failed(Cause.EMPTY), WHOLE),
        (ZeroDivisionError(), WHOLE),
    ],
    ids=str,
)
async def test_a_failure_takes_what_may_have_been_worked_on(outcome, used):
    case = Case(outcome)
    with pytest.raises(type(outcome)):
        await case.ended()
    assert case.used == used


async def test_whoever_hangs_up_pays_for_what_was_reserved():
    case = Case(FOUND)
    asking = asyncio.create_task(case.metered.embed(WANTED))
    await case.model.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert case.used == WHOLE


@pytest.mark.parametrize("bound", [{"tokens": [f"{WHOLE - 1}/day"]}, {"requests": ["1/day"]}])
async def test_above_the_limits_the_model_is_not_asked(bound):
    case = Case(FOUND, **bound)
    if "requests" in bound:
        await case.ended()
        case.model.asked.clear()
    with pytest.raises(OverLimit):
        await case.ended()
    assert not case.model.asked.is_set()
