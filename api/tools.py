"""The tools of a request: what may be called, and how."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from api.strict import WHOLE, Body, problem
from experts.types import Tool, Toolbox

MOST = 128  # tools of a request, and calls of a turn
LARGEST = 200_000  # characters of all tools together

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def _functions_only(value: Any) -> Any:
    if isinstance(value, str) and value != "function":
        raise PydanticCustomError(
            "unsupported_parameter", "only tools of type 'function' are supported"
        )
    return value


def _writable(schema: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(schema, allow_nan=False)
    except (ValueError, RecursionError) as error:
        told = "is nested too deep, or holds a number that JSON does not know"
        raise PydanticCustomError("invalid_value", told) from error
    return schema


OnlyFunctions = Annotated[Literal["function"], BeforeValidator(_functions_only)]


class Function(Body):
    """A function's name, what it is for, and the JSON schema of its arguments."""

    name: Name
    description: Annotated[str, WHOLE] | None = None
    parameters: Annotated[dict[str, Any], AfterValidator(_writable)] | None = None
    strict: bool | None = None


class Offered(Body):
    """A tool that a reply may call."""

    type: OnlyFunctions
    function: Function

    @property
    def tool(self) -> Tool:
        told = self.function
        parameters = None if told.parameters is None else json.dumps(told.parameters)
        return Tool(told.name, told.description, parameters, told.strict)


class Named(Body):
    name: Name


class Only(Body):
    """The tool that must be called."""

    type: OnlyFunctions
    function: Named


def _kind(value: Any) -> str:
    return "<tool>" if isinstance(value, dict) else "<mode>"


Choice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("<mode>")] | Annotated[Only, Tag("<tool>")],
    Discriminator(_kind),
]


class Tooled(Body):
    """What a request may say of tools."""

    tools: Annotated[list[Offered], Field(max_length=MOST)] = Field(default_factory=list)
    tool_choice: Choice = "auto"
    parallel_tool_calls: bool | None = None

    @model_validator(mode="after")
    def _can_be_chosen(self) -> Self:
        if sum(len("".join(_texts(each.tool))) for each in self.tools) > LARGEST:
            told = f"more than {LARGEST} characters; shorten descriptions, or send fewer tools"
            raise problem("string_above_max_length", told, "tools")
        names = [each.function.name for each in self.tools]
        chosen = self.tool_choice
        if isinstance(chosen, Only) and chosen.function.name not in names:
            raise problem("invalid_value", "names none of the tools", "tool_choice")
        if chosen == "required" and not names:
            raise problem("invalid_value", "there are no tools to call", "tool_choice")
        return self

    @property
    def toolbox(self) -> Toolbox | None:
        """None where there is no tool to call."""
        if not self.tools:
            return None
        tools = tuple(each.tool for each in self.tools)
        parallel = self.parallel_tool_calls
        if isinstance(self.tool_choice, Only):
            return Toolbox(tools, only=self.tool_choice.function.name, parallel=parallel)
        return Toolbox(tools, self.tool_choice, parallel=parallel)


def _texts(tool: Tool) -> tuple[str, ...]:
    return tool.name, tool.description or "", tool.parameters or ""
