"""POST /v1/feedback as clients meet it."""

from contextlib import asynccontextmanager

import pytest

from api.app import create_app
from api.feedback.judgeable import Judgeable
from api.feedback.settings import FeedbackSettings
from api.feedback.taking import Feedback
from api.running import Running
from tests.feedback import Kept, experts
from tests.routes import service_of
from tests.unit.api.scripted import asking, client_of, healthy


def app(store=None, **settings):
    taker = Feedback(store or Kept(), FeedbackSettings(**settings))

    @asynccontextmanager
    async def opened():
        yield Running(Judgeable(service_of(experts()), taker), healthy, feedback=taker)

    return create_app(opened)


async def given(client, **said):
    answered = await client.post("/v1/chat/completions", json=asking(model="everyone"))
    id = answered.headers["x-request-id"]
    return await client.post("/v1/feedback", json={"request_id": id, **said})


@pytest.mark.parametrize(
    ("said", "credited"),
    [
        ({"answer": "5"}, {"ada": 0.0, "ben": 0.0, "cleo": 1.0}),
        ({"score": 0.5}, {"ada": 0.5, "ben": 0.5}),
        ({"correct": False}, {"ada": 0.0, "ben": 0.0}),
        ({"correct": True, "expert": "cleo"}, {"cleo": 1.0}),
        ({"score": 1, "answer": None}, {"ada": 1.0, "ben": 1.0}),
    ],
    ids=str,
)
async def test_it_says_who_is_credited(said, credited):
    async with client_of(app()) as client:
        response = await given(client, **said)
    assert (response.status_code, response.json()["credited"]) == (200, credited)


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({}, "score"),
        ({"score": 1.0, "correct": True}, "score"),
        ({"score": 1.5}, "score"),
        ({"score": "good"}, "score"),
        ({"answer": ""}, "answer"),
        ({"answer": "5", "expert": "ada"}, "expert"),
        ({"score": 1.0, "expert": "zoe"}, "expert"),
        ({"score": 1.0, "tenant": "umbrella"}, "tenant"),
    ],
    ids=str,
)
async def test_what_it_cannot_take_is_refused_by_name(said, param):
    async with client_of(app()) as client:
        response = await given(client, **said)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_an_id_that_nobody_gave_is_not_found():
    async with client_of(app()) as client:
        body = {"request_id": "mine", "score": 1.0}
        response = await client.post("/v1/feedback", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (404, "answer_not_found")


async def test_without_redis_it_is_to_be_sent_again():
    async with client_of(app(Kept(there=False))) as client:
        response = await given(client, score=1.0)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


async def test_a_comment_is_logged_where_content_may_be_and_kept_nowhere(caplog):
    caplog.set_level("INFO")
    store = Kept()
    async with client_of(app(store)) as client:
        await given(client, score=1.0, comment="quite lovely")
    assert "quite lovely" not in str(vars(store))
    lines = [r for r in caplog.records if getattr(r, "comment", None)]
    assert [line.comment for line in lines] == ["quite lovely"]
    assert "lovely" not in lines[0].getMessage()
