import json

import pytest

from api.bodies import ChatBody
from api.tools import LARGEST, MOST
from experts.types import Tool, Toolbox
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def tool(name="weather", **function):
    return {"type": "function", "function": {"name": name, **function}}


def only(name):
    return {"type": "function", "function": {"name": name}}


def toolbox(**body):
    return ChatBody.model_validate(asking(**body)).toolbox


def test_tools_are_passed_on_as_they_came():
    told = toolbox(
        tools=[tool(description="It tells.", parameters=SCHEMA, strict=True), tool("time")],
        parallel_tool_calls=False,
    )
    weather = Tool("weather", "It tells.", json.dumps(SCHEMA), True)
    assert told == Toolbox((weather, Tool("time")), parallel=False)


def test_a_choice_is_a_way_or_a_tool():
    assert toolbox(tools=[tool()], tool_choice="required").choice == "required"
    assert toolbox(tools=[tool()], tool_choice=only("weather")).only == "weather"


def test_no_tools_are_no_toolbox_whatever_else_is_said_of_them():
    for body in ({}, {"tools": []}, {"tool_choice": "none"}, {"parallel_tool_calls": True}):
        assert toolbox(**body) is None


WRONG = {
    "of another type": ({"tools": [{"type": "custom", "custom": {}}]}, "tools.0.type"),
    "without a function": ({"tools": [{"type": "function"}]}, "tools.0.function"),
    "a name with a space": ({"tools": [tool("the weather")]}, "tools.0.function.name"),
    "no schema": ({"tools": [tool(parameters="object")]}, "tools.0.function.parameters"),
    "too many": ({"tools": [tool(f"t{n}") for n in range(MOST + 1)]}, "tools"),
    "too large": ({"tools": [tool(description="x" * LARGEST)]}, "tools"),
    "a choice of none": ({"tools": [tool()], "tool_choice": only("time")}, "tool_choice"),
    "a choice without tools": ({"tool_choice": "required"}, "tool_choice"),
    "another choice": ({"tools": [tool()], "tool_choice": "any"}, "tool_choice"),
}


@pytest.mark.parametrize(("body", "param"), WRONG.values(), ids=WRONG)
async def test_what_cannot_be_offered_is_refused_naming_it(body, param):
    async with client_of(app_of(ScriptedService(), max_body=1 << 20)) as client:
        response = await client.post("/v1/chat/completions", json=asking(**body))
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


def test_the_schema_of_a_tool_may_be_no_deeper_than_can_be_written():
    deep = {}
    for _ in range(10_000):
        deep = {"items": deep}
    with pytest.raises(ValueError, match="nested too deep"):
        toolbox(tools=[tool(parameters=deep)])
