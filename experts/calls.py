"""Tool calls: in pieces, as they are streamed, whole, and as JSON."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from experts.types import CallPiece, ToolCall


def extended(calls: tuple[ToolCall, ...], pieces: Iterable[CallPiece]) -> tuple[ToolCall, ...]:
    """The calls as they stand after some more pieces. Each call begins after those before it."""
    grown = list(calls)
    for piece in pieces:
        if piece.index == len(grown):
            grown.append(ToolCall("", "", ""))
        call = grown[piece.index]
        grown[piece.index] = replace(
            call,
            id=piece.id or call.id,
            name=piece.name or call.name,
            arguments=call.arguments + piece.arguments,
        )
    return tuple(grown)


def pieces(calls: Iterable[ToolCall]) -> tuple[CallPiece, ...]:
    """Each call as one piece."""
    return tuple(CallPiece(i, call.arguments, call.id, call.name) for i, call in enumerate(calls))


def written(call: ToolCall) -> dict[str, Any]:
    """A call as OpenAI's API has it."""
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}
