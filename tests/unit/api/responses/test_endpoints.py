import pytest
from openai.types.responses import Response

from api.responses.items import Said
from experts.types import Cause, Chunk, Failure, Message
from orchestrator.errors import PanelFailed
from orchestrator.types import Working
from tests.responses import Shelf, told
from tests.unit.api.scripted import ScriptedService, app_of, client_of, verdict

FAILED = PanelFailed([Failure("ada", Cause.TIMEOUT, "no reply")])
PATH = "/v1/responses"


async def exchange(service, *calls, shelf=None):
    """The answers to (method, path, body), in order. A path may name the id of an earlier one."""
    answers = []
    async with client_of(app_of(service, responses=shelf or Shelf())) as client:
        for method, path, body in calls:
            ids = [answer.json().get("id") for answer in answers]
            answers.append(await client.request(method, path.format(*ids), json=body))
    return answers


def posting(input="why?", **more):
    return "POST", PATH, {"input": input, **more}


async def test_a_response_is_kept_as_it_was_told():
    made, found = await exchange(ScriptedService(), posting(), ("GET", PATH + "/{0}", None))
    assert (made.status_code, found.status_code) == (200, 200)
    assert made.json() == found.json()
    assert Response.model_validate(found.json()).output_text == verdict().text
    assert made.headers["x-convene-calls"] == "2"


async def test_a_conversation_goes_on_without_the_instructions_before():
    service, shelf = ScriptedService(), Shelf()
    (made,) = await exchange(service, posting("hi", instructions="Sing."), shelf=shelf)
    more = {"previous_response_id": made.json()["id"], "instructions": "Be brief."}
    (again,) = await exchange(service, posting("why?", **more), shelf=shelf)
    assert again.json()["previous_response_id"] == made.json()["id"]
    assert service.asked[-1].prompt.messages == (
        Message("system", "Be brief."),
        Message("user", "hi"),
        Message("assistant", verdict().text),
        Message("user", "why?"),
    )


async def test_what_is_not_stored_is_nowhere():
    shelf = Shelf(away={"reach", "keep", "find"})
    (made,) = await exchange(ScriptedService(), posting(store=False), shelf=shelf)
    assert made.status_code == 200
    assert not made.json()["store"]
    assert not shelf.kept


async def test_a_response_is_deleted_once():
    gone = PATH + "/{0}"
    answers = await exchange(
        ScriptedService(), posting(), ("DELETE", gone, None), ("DELETE", gone, None)
    )
    made, deleted, again = answers
    id = made.json()["id"]
    assert deleted.json() == {"id": id, "object": "response", "deleted": True}
    assert (again.status_code, again.json()["error"]["code"]) == (404, "response_not_found")


@pytest.mark.parametrize("path", ["", "/input_items"])
async def test_an_unknown_response_is_not_found(path):
    (answer,) = await exchange(ScriptedService(), ("GET", f"{PATH}/resp_x{path}", None))
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Response with id 'resp_x' not found."


async def test_a_conversation_that_is_unknown_cannot_go_on():
    service = ScriptedService()
    (answer,) = await exchange(service, posting(previous_response_id="resp_x"))
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "previous_response_id")
    assert error["code"] == "previous_response_not_found"
    assert not service.asked


@pytest.mark.parametrize(
    "call",
    [posting(), posting(previous_response_id="resp_x"), ("GET", PATH + "/resp_x", None)],
    ids=["to be kept", "goes on", "looked for"],
)
@pytest.mark.parametrize("shelf", [Shelf(away={"reach", "find"}), None], ids=["away", "none"])
async def test_nobody_is_asked_where_nothing_can_be_kept(call, shelf):
    service = ScriptedService()
    async with client_of(app_of(service, responses=shelf)) as client:
        answer = await client.request(call[0], call[1], json=call[2])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["error"]["code"] == "responses_away"
    assert not service.asked


@pytest.mark.parametrize(
    ("shelf", "why"),
    [(Shelf(away={"keep"}), "Redis does not answer"), (Shelf(room=0), "response_mib")],
    ids=["away", "too large"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_an_answer_that_cannot_be_kept_is_told_all_the_same(shelf, why, stream):
    (made,) = await exchange(ScriptedService(), posting(stream=stream), shelf=shelf)
    response = told(made.text)[-1].response if stream else Response.model_validate(made.json())
    assert response.output_text == verdict().text
    assert not response.model_extra["store"]
    assert why in response.model_extra["convene"]["notes"][-1]


async def test_a_stream_ends_with_what_is_kept():
    shelf = Shelf()
    (made,) = await exchange(ScriptedService(), posting(stream=True), shelf=shelf)
    assert made.headers["content-type"].startswith("text/event-stream")
    assert ": working... asking ada, bob" in made.text
    events = told(made.text)
    assert events[-1].type == "response.completed"
    ((_, id), record) = next(iter(shelf.kept.items()))
    assert id == events[0].response.id
    assert Response.model_validate(record.response) == events[-1].response


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_panel_that_fails_at_once_has_a_status_and_nothing_is_kept(stream):
    shelf = Shelf()
    (made,) = await exchange(ScriptedService((FAILED,)), posting(stream=stream), shelf=shelf)
    assert (made.status_code, made.json()["error"]["code"]) == (502, "panel_failed")
    assert not shelf.kept


async def test_a_panel_that_fails_later_ends_the_stream():
    shelf, service = Shelf(), ScriptedService((Working("asking"), Chunk("It"), FAILED))
    (made,) = await exchange(service, posting(stream=True), shelf=shelf)
    assert made.status_code == 200
    events = told(made.text)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.failed")
    assert [e.delta for e in events if e.type == "response.output_text.delta"] == ["It"]
    assert not shelf.kept


async def test_the_items_of_a_response_are_paged_newest_first_unless_told():
    turns = [{"role": "user", "content": str(n)} for n in range(3)]
    items = PATH + "/{0}/input_items"
    made, all_, first = await exchange(
        ScriptedService(),
        posting(turns),
        ("GET", items, None),
        ("GET", items + "?order=asc&limit=2", None),
    )
    shelf_ids = [item["id"] for item in all_.json()["data"]]
    assert [item["content"][0]["text"] for item in all_.json()["data"]] == ["2", "1", "0"]
    assert not all_.json()["has_more"]
    assert [item["id"] for item in first.json()["data"]] == shelf_ids[:0:-1]
    assert (first.json()["has_more"], first.json()["last_id"]) == (True, shelf_ids[1])
    assert made.status_code == 200


async def test_a_page_goes_on_after_an_item():
    shelf = Shelf()
    (made,) = await exchange(ScriptedService(), posting(), shelf=shelf)
    id = made.json()["id"]
    (item,) = shelf.kept["", id].asked
    after = f"{PATH}/{id}/input_items?after="
    end, wrong = await exchange(
        ScriptedService(),
        ("GET", after + item.id, None),
        ("GET", after + "msg_x", None),
        shelf=shelf,
    )
    assert (end.json()["data"], end.json()["has_more"], end.json()["last_id"]) == ([], False, None)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "after")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "order=up", "stream=true"])
async def test_a_query_that_makes_no_sense_is_refused_by_name(query):
    path = f"{PATH}/resp_x" + ("" if "stream" in query else "/input_items")
    (answer,) = await exchange(ScriptedService(), ("GET", f"{path}?{query}", None))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == query.partition("=")[0]


async def test_a_model_that_is_unknown_is_not_found():
    (answer,) = await exchange(ScriptedService(), posting(model="gpt-9"))
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "model")


async def test_items_are_kept_with_ids_that_the_conversation_keeps():
    shelf, service = Shelf(), ScriptedService()
    (made,) = await exchange(service, posting("hi"), shelf=shelf)
    first = made.json()["id"]
    (again,) = await exchange(service, posting("why?", previous_response_id=first), shelf=shelf)
    before, after = shelf.kept["", first], shelf.kept["", again.json()["id"]]
    assert after.asked[:2] == before.conversation
    assert isinstance(after.asked[2], Said)
    assert made.json()["output"][0]["id"] == before.answer[0].id
