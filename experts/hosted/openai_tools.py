"""Tools in the chat completions format: what is offered, and the calls that come back."""

import json
import secrets
from typing import Any

from experts.errors import BackendRejected
from experts.hosted.shapes import at, items
from experts.types import CallPiece, Tool, Toolbox, ToolCall


def offered(toolbox: Toolbox) -> dict[str, Any]:
    """The parameters of a request that bring the tools."""
    choice: Any = toolbox.choice
    if toolbox.only is not None:
        choice = {"type": "function", "function": {"name": toolbox.only}}
    parallel = {} if toolbox.parallel is None else {"parallel_tool_calls": toolbox.parallel}
    tools = [{"type": "function", "function": _function(tool)} for tool in toolbox.tools]
    return {"tools": tools, "tool_choice": choice, **parallel}


def _function(tool: Tool) -> dict[str, Any]:
    told = {
        "name": tool.name,
        "description": tool.description,
        "parameters": None if tool.parameters is None else json.loads(tool.parameters),
        "strict": tool.strict,
    }
    return {key: value for key, value in told.items() if value is not None}


def calls_of(raw: Any) -> tuple[ToolCall, ...]:
    """The calls of a whole reply. Raises `BackendRejected` for one without a name."""
    return tuple(
        ToolCall(
            _text(at(call, "id")) or _new_id(),
            _known(_name(call)),
            _arguments(at(call, "function", "arguments")),
        )
        for call in items(raw)
    )


class CallReader:
    """The calls of a streamed reply, piece by piece. Servers differ in how they tell one call from
    the next: by its index, or where they give all the same index or none, by a new id."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}  # a server's index: the call it means, counted by us
        self._ids: list[str] = []
        self._named: list[bool] = []

    def take(self, raw: Any) -> tuple[CallPiece, ...]:
        """The pieces in one event."""
        return tuple(map(self._piece, items(raw)))

    def end(self) -> None:
        """Raises `BackendRejected` for a call that got no name."""
        if not all(self._named):
            raise _nameless()

    @property
    def count(self) -> int:
        return len(self._ids)

    def _piece(self, raw: Any) -> CallPiece:
        index, id_, name = _text(at(raw, "index")), _text(at(raw, "id")), _name(raw)
        arguments = _arguments(at(raw, "function", "arguments"))
        known = self._places.get(index)
        another = bool(id_ and name and known is not None and id_ != self._ids[known])
        if known is None or another:
            known = self._places[index] = len(self._ids)
            self._ids.append(id_ or _new_id())
            self._named.append(bool(name))
            return CallPiece(known, arguments, self._ids[known], name or None)
        told = name if name and not self._named[known] else None
        self._named[known] = self._named[known] or bool(name)
        return CallPiece(known, arguments, name=told)


def _new_id() -> str:
    return f"call_{secrets.token_hex(12)}"


def _known(name: str) -> str:
    if not name:
        raise _nameless()
    return name


def _nameless() -> BackendRejected:
    return BackendRejected("the server's reply calls a tool without naming it")


def _name(call: Any) -> str:
    return _text(at(call, "function", "name"))


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _arguments(raw: Any) -> str:
    """Some servers send the JSON itself where a text of it belongs."""
    if raw is None:
        return ""
    return raw if isinstance(raw, str) else json.dumps(raw)
