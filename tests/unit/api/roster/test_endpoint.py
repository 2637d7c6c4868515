"""/v1/experts as admins meet it."""

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from api.app import create_app
from api.keys.visitor import needed
from api.roster.posted import Posted
from tests.rosters import Roster, Shop, live, scripted
from tests.unit.api.scripted import asking, client_of

HOSTED = {"kind": "hosted", "model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key": "sk-1"}


@asynccontextmanager
async def client(roster=None, locked=False):
    @asynccontextmanager
    async def opened():
        async with live(Shop(), roster=roster or Roster()) as here:
            if locked:
                here.world = replace(here.world, running=replace(here.running, locked=True))
            yield here.running

    async with client_of(create_app(opened)) as found:
        yield found


async def named(found):
    listed = (await found.get("/v1/experts")).json()["data"]
    return {each["name"]: (each["source"], each["state"]) for each in listed}


async def test_an_expert_that_is_posted_answers_the_next_question():
    async with client() as here:
        body = {"name": "zoe", "card": scripted("The answer is 6.")}
        posted = await here.post("/v1/experts", json=body)
        assert (posted.status_code, posted.json()["source"]) == (201, "posted")
        answered = await here.post("/v1/chat/completions", json=asking(model="zoe"))
        assert answered.json()["choices"][0]["message"]["content"] == "The answer is 6."
        assert await named(here) == {
            "ada": ("file", "serving"),
            "ben": ("file", "serving"),
            "zoe": ("posted", "serving"),
        }
        deleted = await here.delete("/v1/experts/zoe")
        assert (deleted.status_code, deleted.json()["deleted"]) == (200, True)
        gone = await here.post("/v1/chat/completions", json=asking(model="zoe"))
        assert gone.status_code == 404


async def test_no_answer_holds_a_key():
    async with client() as here:
        shop = await here.post("/v1/experts", json={"name": "zoe", "card": {**scripted()}})
        assert "api_key" not in shop.text
        refused = await here.post(
            "/v1/experts", json={"name": "eve", "card": {**HOSTED, "concurrency": "sk-1"}}
        )
        assert refused.status_code == 400
        assert "sk-1" not in refused.text


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"name": "ada", "card": scripted()}, 409, "name"),
        ({"name": "auto", "card": scripted()}, 400, "name"),
        ({"name": "No Name", "card": scripted()}, 400, "name"),
        ({"name": "zoe", "card": {"kind": "vllm", "model": "m"}}, 400, "card.kind"),
        ({"name": "zoe", "card": {**scripted(), "x": 1}}, 400, "card.x"),
        ({"name": "zoe", "card": []}, 400, "card"),
        ({"card": scripted()}, 400, "name"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_by_name(body, status, param):
    async with client() as here:
        response = await here.post("/v1/experts", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param)


async def test_the_files_experts_and_strangers_are_not_deleted():
    async with client() as here:
        of_file = await here.delete("/v1/experts/ada")
        unknown = await here.delete("/v1/experts/nobody")
    assert (of_file.status_code, of_file.json()["error"]["code"]) == (409, "expert_of_the_file")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "expert_not_found")


async def test_what_was_posted_and_cannot_be_any_more_can_be_deleted():
    roster = Roster({"old": Posted("old", {"kind": "gone"}, 1.0)})
    async with client(roster) as here:
        assert set(await named(here)) == {"ada", "ben"}
        assert (await here.delete("/v1/experts/old")).status_code == 200
    assert not roster.posted


async def test_where_anybody_may_ask_nobody_changes_experts():
    roster = Roster()
    async with client(roster, locked=True) as here:
        posted = await here.post("/v1/experts", json={"name": "zoe", "card": scripted()})
        deleted = await here.delete("/v1/experts/ada")
    assert posted.status_code == deleted.status_code == 403
    assert not roster.posted


async def test_without_redis_it_is_to_be_tried_again():
    roster = Roster()
    async with client(roster) as here:
        roster.there = False
        response = await here.post("/v1/experts", json={"name": "zoe", "card": scripted()})
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("path", ["/v1/experts", "/v1/experts/", "/v1/experts/zoe"])
def test_only_admins_get_there(path):
    assert needed(path) is needed("/metrics")
    assert needed("/v1/expertsx") is needed("/v1/feedback") is needed("/v1/models")
