"""The events of one item of an output, as it comes: it has begun, goes on, is done."""

from typing import Any

from api.responses.items import Answered, Called, Said, document, output_text

Event = tuple[str, dict[str, Any]]  # its kind and its fields


def begun(item: Answered, index: int) -> list[Event]:
    """`item` is empty yet; `index` is its place in the output."""
    told = {"output_index": index, "item": document(item, "in_progress")}
    added: Event = ("response.output_item.added", told)
    if isinstance(item, Called):
        return [added]
    part = {**_place(item, index), "part": output_text("")}
    return [added, ("response.content_part.added", part)]


def going_on(item: Answered, index: int, said: str) -> Event:
    told = {**_place(item, index), "delta": said}
    if isinstance(item, Called):
        return "response.function_call_arguments.delta", told
    return "response.output_text.delta", {**told, "logprobs": []}


def done(item: Answered, index: int, status: str) -> list[Event]:
    place, told = _place(item, index), document(item, status)
    ended: Event = ("response.output_item.done", {"output_index": index, "item": told})
    if isinstance(item, Called):
        whole = {**place, "name": item.call.name, "arguments": item.call.arguments}
        return [("response.function_call_arguments.done", whole), ended]
    text = {**place, "text": item.text, "logprobs": []}
    part = {**place, "part": output_text(item.text)}
    return [("response.output_text.done", text), ("response.content_part.done", part), ended]


def _place(item: Answered, index: int) -> dict[str, Any]:
    part = {"content_index": 0} if isinstance(item, Said) else {}
    return {"item_id": item.id, "output_index": index, **part}
