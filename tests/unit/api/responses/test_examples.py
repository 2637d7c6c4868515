from openai.types.responses import Response
from openai.types.responses.response_item_list import ResponseItemList

from api.responses.body import ResponseBody
from api.responses.document import Draft, items
from api.responses.examples import ASKED, FORGOTTEN, LISTED, OFFERED, TOLD
from tests.unit.api.scripted import ScriptedService, app_of, verdict


def test_the_examples_are_what_they_show():
    told = Draft(ResponseBody.model_validate(ASKED)).finished(verdict(), items(verdict()))
    assert Response.model_validate(TOLD).output_text == "4"
    assert told.keys() == TOLD.keys()
    assert told["usage"].keys() == TOLD["usage"].keys()
    assert told["convene"].keys() >= TOLD["convene"].keys()
    assert ResponseItemList.model_validate(LISTED).data[0].role == "user"


def test_the_example_of_tools_is_what_experts_are_asked_with_them():
    body = ResponseBody.model_validate(OFFERED)
    request = body.request((), ScriptedService())
    assert [message.role for message in request.prompt.messages] == ["user", "assistant", "tool"]
    assert request.prompt.toolbox == body.toolbox
    assert body.told_of_tools["tools"] == OFFERED["tools"]


def test_the_published_description_shows_them():
    paths = app_of(ScriptedService()).openapi()["paths"]
    shown = {
        (path, method): operation["responses"]["200"]["content"]["application/json"]["example"]
        for path, operations in paths.items()
        if path.startswith("/v1/responses")
        for method, operation in operations.items()
    }
    one = "/v1/responses/{response_id}"
    assert shown == {
        ("/v1/responses", "post"): TOLD,
        (one, "get"): TOLD,
        (one, "delete"): FORGOTTEN,
        (f"{one}/input_items", "get"): LISTED,
    }
