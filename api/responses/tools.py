"""Tools as the Responses API has them: functions, without chat's inner object."""

from typing import Any, ClassVar

from api.tools import Function, Named, Tooled, Typed


class ResponseTool(Function, Typed):
    """A tool that a reply may call."""

    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {
        "allowed_callers": (["direct"],),
        "defer_loading": (False,),
        "output_schema": (),
    }


class ResponseToolChoice(Named, Typed):
    """The tool that must be called."""


class Offering(Tooled[ResponseTool, ResponseToolChoice]):
    """What a request says of tools, and is told again in its response."""

    @property
    def told_of_tools(self) -> dict[str, Any]:
        chosen = self.tool_choice
        return {
            "parallel_tool_calls": self.parallel_tool_calls is not False,
            "tool_choice": chosen if isinstance(chosen, str) else chosen.model_dump(),
            "tools": [tool.model_dump() for tool in self.tools],
        }
