import json

import pytest

from api.responses.body import ResponseBody
from experts.types import Tool, Toolbox
from tests.responses import Shelf
from tests.unit.api.scripted import ScriptedService, app_of, client_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
ONLY = {"type": "function", "name": "weather"}


def tool(name="weather", **more):
    return {"type": "function", "name": name, **more}


def body(**more):
    return ResponseBody.model_validate({"input": "why?", **more})


def test_tools_are_passed_on_as_they_came():
    tools = [tool(description="It tells.", parameters=SCHEMA, strict=True), tool("time")]
    weather = Tool("weather", "It tells.", json.dumps(SCHEMA), True)
    given = body(tools=tools, parallel_tool_calls=False).toolbox
    assert given == Toolbox((weather, Tool("time")), parallel=False)
    assert body(tools=tools, tool_choice="required").toolbox.choice == "required"
    assert body(tools=tools, tool_choice=ONLY).toolbox.only == "weather"
    assert body(parallel_tool_calls=True).toolbox is None


def test_a_response_tells_them_again():
    given = tool(description="It tells.", parameters=SCHEMA, strict=False)
    told = body(tools=[given], tool_choice=ONLY, parallel_tool_calls=False).told_of_tools
    assert told == {"tools": [given], "tool_choice": ONLY, "parallel_tool_calls": False}
    nothing = {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}
    assert body().told_of_tools == nothing


HOSTED = ("web_search", "file_search", "code_interpreter", "image_generation", "custom")
WRONG = {
    "chat's shape": ({"tools": [{"type": "function", "function": tool()}]}, "tools.0.name"),
    "a server": (
        {"tools": [{"type": "mcp", "server_label": "x", "server_url": "http://x"}]},
        "tools.0.type",
    ),
    "called by programs": ({"tools": [tool(allowed_callers=["programmatic"])]}, "tools.0"),
    "a choice of none": ({"tools": [tool("time")], "tool_choice": ONLY}, "tool_choice"),
    "a choice without tools": ({"tool_choice": "required"}, "tool_choice"),
    "a hosted choice": (
        {"tools": [tool()], "tool_choice": {"type": "web_search"}},
        "tool_choice.type",
    ),
    **{kind: ({"tools": [tool(), {"type": kind}]}, "tools.1.type") for kind in HOSTED},
}


@pytest.mark.parametrize(("more", "param"), WRONG.values(), ids=WRONG)
async def test_what_cannot_be_offered_is_refused_naming_it(more, param):
    service = ScriptedService()
    async with client_of(app_of(service, responses=Shelf())) as client:
        response = await client.post("/v1/responses", json={"input": "why?", **more})
    assert response.status_code == 400
    assert response.json()["error"]["param"].startswith(param)
    assert not service.asked
