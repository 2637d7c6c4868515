"""The turns of a conversation: items as experts read them, calls with the answer they belong to."""

from collections.abc import Sequence
from itertools import chain

from api.conversation import loose
from api.errors import Unfit
from api.responses.items import Called, Item, Output, Said, joined
from experts.types import Message, Role, ToolCall

Turn = tuple[Item, ...]


def messages(before: Sequence[Item], asked: Sequence[Item]) -> list[Message]:
    """What the items come to. Raises `Unfit`, naming the item of those `asked`, for a call without
    its output or an output without its call."""
    turns = _turns((*before, *asked))
    told = [_message(turn) for turn in turns]
    if found := loose(told):
        place = sum(map(len, turns[: found.place]))
        place += next(at for at, item in enumerate(turns[found.place]) if _has(item, found.id))
        raise _unfit(found.id, place - len(before), is_result=found.is_result)
    return told


def _turns(items: Sequence[Item]) -> list[Turn]:
    """An assistant's items are one turn where one of them is a call of a tool."""
    turns: list[Turn] = []
    for item in items:
        if turns and _together(turns[-1][-1], item):
            turns[-1] += (item,)
        else:
            turns.append((item,))
    return turns


def _together(last: Item, item: Item) -> bool:
    return last.role == item.role == "assistant" and (last.calls_tools or item.calls_tools)


def _message(turn: Turn) -> Message:
    first = turn[0]
    if isinstance(first, Output):
        return Message("tool", first.text, answers=first.call_id)
    role: Role = "system" if first.role == "developer" else first.role
    parts = chain.from_iterable(item.parts for item in turn if isinstance(item, Said))
    calls = tuple(item.call for item in turn if isinstance(item, Called))
    return Message(role, joined(parts), calls)


def _has(item: Item, call_id: str) -> bool:
    match item:
        case Called(_, ToolCall(id)) | Output(_, id):
            return id == call_id
        case _:
            return False


def _unfit(call_id: str, place: int, *, is_result: bool) -> Unfit:
    """`place` is negative of an item that is not sent but gone on from."""
    if is_result:
        told = "answers no call; send the item of type 'function_call' before it"
        return Unfit(f"input.{place}.call_id", told)
    told = f"an item of type 'function_call_output' must follow with the call_id {call_id}"
    return Unfit("input" if place < 0 else f"input.{place}.call_id", told)
