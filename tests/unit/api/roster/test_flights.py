"""It is known when nobody is being answered any more, however they ask."""

from contextlib import aclosing

import pytest

from api.roster.flights import Counted
from orchestrator.errors import UnknownModel
from tests.feedback import experts, request
from tests.routes import service_of


async def test_every_call_is_counted_while_it_lasts():
    service = Counted(service_of(experts()))
    assert service.idle.is_set()
    await service.answer(request())
    await service.answer_each([request(), request()])
    await service.route(request())
    async with aclosing(service.answer_all([request()])) as calls:
        await anext(calls)
        assert not service.idle.is_set()
    assert service.idle.is_set()


async def test_a_call_that_fails_is_over_too():
    service = Counted(service_of({}))
    with pytest.raises(UnknownModel):
        await service.answer(request().__class__(request().prompt, "nobody"))
    assert service.idle.is_set()
