"""What was answered to an HTTP request can be judged under that request's id."""

import pytest

from api.access import REQUEST
from api.feedback.errors import UnknownAnswer
from api.feedback.judgeable import Judgeable
from api.feedback.settings import FeedbackSettings
from api.feedback.taking import Feedback
from orchestrator.feedback import Judgement
from tests.feedback import Kept, experts, request
from tests.routes import service_of
from tests.streams import streamed

ID = "req_0123456789abcdef01234567"


async def ask_plain(service):
    await service.answer(request())


async def ask_streamed(service):
    assert await streamed(service, request())


async def ask_sampled(service):
    await service.answer_each([request(), request()])


@pytest.mark.parametrize("ask", [ask_plain, ask_streamed, ask_sampled])
async def test_however_it_was_answered_it_can_be_judged(ask):
    taker = Feedback(Kept(), FeedbackSettings())
    token = REQUEST.set(ID)
    await ask(Judgeable(service_of(experts()), taker))
    REQUEST.reset(token)
    assert (await taker.give("acme", ID, Judgement(answer="5")))["cleo"] == 1.0


async def test_what_answers_no_http_request_is_not_remembered():
    store = Kept()
    taker = Feedback(store, FeedbackSettings())
    service = Judgeable(service_of(experts()), taker)
    await ask_plain(service)
    assert [place async for place, _ in service.answer_all([request()])] == [0]
    with pytest.raises(UnknownAnswer):
        await taker.give("acme", "-", Judgement(1.0))
    assert not store.asked


async def test_it_is_the_service_it_is_around():
    inside = service_of(experts())
    service = Judgeable(inside, Feedback(Kept(), FeedbackSettings()))
    assert (service.policies, service.experts) == (inside.policies, inside.experts)
    assert service.writers == inside.writers
    assert (await service.route(request())).panel == ("ada", "ben", "cleo")
