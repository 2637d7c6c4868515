"""The tools of a request: what may be called, and how."""

import json
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

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


class Typed(Body):
    """What says which type of tool it is. That is looked at first: tools of other types have other
    parameters, and complaints about these would mislead."""

    type: OnlyFunctions


class Function(Body):
    """A function's name, what it is for, and the JSON schema of its arguments."""

    name: Name
    description: Annotated[str, WHOLE] | None = None
    parameters: Annotated[dict[str, Any], AfterValidator(_writable)] | None = None
    strict: bool | None = None

    @property
    def tool(self) -> Tool:
        parameters = None if self.parameters is None else json.dumps(self.parameters)
        return Tool(self.name, self.description, parameters, self.strict)


class Offered(Typed):
    """A tool that a reply may call."""

    function: Function

    @property
    def tool(self) -> Tool:
        return self.function.tool


class Named(Body):
    name: Name


class Only(Typed):
    """The tool that must be called."""

    function: Named

    @property
    def name(self) -> str:
        return self.function.name


OfferedT = TypeVar("OfferedT", bound=Offered | Function)  # as the API has it
OnlyT = TypeVar("OnlyT", bound=Only | Named)


def _kind(value: Any) -> str:
    return "<tool>" if isinstance(value, dict) else "<mode>"


class Tooled(Body, Generic[OfferedT, OnlyT]):
    """What a request may say of tools."""

    tools: Annotated[list[OfferedT], Field(max_length=MOST)] = Field(default_factory=list)
    tool_choice: Annotated[
        Annotated[Literal["auto", "none", "required"], Tag("<mode>")]
        | Annotated[OnlyT, Tag("<tool>")],
        Discriminator(_kind),
    ] = "auto"
    parallel_tool_calls: bool | None = None

    @model_validator(mode="after")
    def _can_be_chosen(self) -> Self:
        tools = [each.tool for each in self.tools]
        if sum(len("".join(_texts(tool))) for tool in tools) > LARGEST:
            told = f"more than {LARGEST} characters; shorten descriptions, or send fewer tools"
            raise problem("string_above_max_length", told, "tools")
        chosen = self.tool_choice
        if not isinstance(chosen, str) and chosen.name not in [tool.name for tool in tools]:
            raise problem("invalid_value", "names none of the tools", "tool_choice")
        if chosen == "required" and not tools:
            raise problem("invalid_value", "there are no tools to call", "tool_choice")
        return self

    @property
    def toolbox(self) -> Toolbox | None:
        """None where there is no tool to call."""
        if not self.tools:
            return None
        tools = tuple(each.tool for each in self.tools)
        parallel = self.parallel_tool_calls
        if isinstance(self.tool_choice, str):
            return Toolbox(tools, self.tool_choice, parallel=parallel)
        return Toolbox(tools, only=self.tool_choice.name, parallel=parallel)


def _texts(tool: Tool) -> tuple[str, ...]:
    return tool.name, tool.description or "", tool.parameters or ""
