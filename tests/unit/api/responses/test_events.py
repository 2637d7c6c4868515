from dataclasses import replace

import pytest

from api.responses.body import ResponseBody
from api.responses.document import Draft
from api.responses.events import Events
from experts.calls import pieces
from experts.types import CallPiece, Chunk, ToolCall
from tests.responses import told
from tests.tools import LIMA, PARIS
from tests.unit.api.scripted import verdict

DRAFT = Draft(ResponseBody.model_validate({"input": "why?"}))
STARTED = ["created", "in_progress"]
SPEAKING = ["output_item.added", "content_part.added"]
DONE = ["output_text.done", "content_part.done", "output_item.done", "completed"]


async def ended(verdict, output):
    return DRAFT.finished(verdict, output)


def kinds(events):
    return [event.type.removeprefix("response.") for event in events]


async def test_the_events_of_a_response_come_in_openais_order_and_numbered():
    say = Events(DRAFT, ended)
    frames = [say.opening(), say.piece(Chunk("It is\n")), say.piece(Chunk("**42**. 🙂"))]
    frames.append(await say.ending(verdict()))
    events = told(b"".join(frames).decode())
    delta = ["output_text.delta"] * 2
    assert kinds(events) == [*STARTED, *SPEAKING, *delta, *DONE]
    assert [event.sequence_number for event in events] == list(range(10))
    assert "".join(event.delta for event in events[4:6]) == events[-1].response.output_text
    assert events[6].text == events[7].part.text == events[-1].response.output_text
    assert {event.item_id for event in events[3:8]} == {events[-1].response.output[0].id}
    assert {events[0].response.id, events[-1].response.id} == {DRAFT.id}
    assert events[0].response.status == "in_progress"


async def test_a_text_of_nothing_has_its_item_too():
    say = Events(DRAFT, ended)
    events = told((say.opening() + await say.ending(verdict(text=""))).decode())
    assert kinds(events) == [*STARTED, *SPEAKING, *DONE]


async def test_a_failure_ends_the_events():
    say = Events(DRAFT, ended)
    events = told((say.opening() + say.piece(Chunk("It")) + say.failure(ValueError("x"))).decode())
    assert kinds(events) == [*STARTED, *SPEAKING, "output_text.delta", "failed"]
    assert events[-1].response.error.code == "server_error"


CALLING = ["output_item.added", "function_call_arguments.delta"]
CALLED = ["function_call_arguments.done", "output_item.done"]
SAID = ["output_text.delta", "output_text.done", "content_part.done", "output_item.done"]


async def streamed(*pieces, text="", calls=(PARIS, LIMA)):
    say = Events(DRAFT, ended)
    frames = [say.opening(), *map(say.piece, pieces)]
    frames.append(await say.ending(replace(verdict(text), tool_calls=calls)))
    return told(b"".join(frames).decode())


def called(index, call):
    """The pieces of a streamed call, its arguments in two."""
    said = call.arguments
    yield Chunk("", calls=(CallPiece(index, "", call.id, call.name),))
    yield from (Chunk("", calls=(CallPiece(index, part),)) for part in (said[:4], said[4:]))


async def test_items_are_told_one_after_the_other():
    said = [Chunk("I ask."), *called(0, PARIS), *called(1, LIMA)]
    events = await streamed(*said, text="I ask.")
    one = [*CALLING, CALLING[1], *CALLED]
    assert kinds(events) == [*STARTED, *SPEAKING, *SAID, *one, *one, "completed"]
    output = events[-1].response.output
    assert [e.output_index for e in events[2:-1]] == [0] * 6 + [1] * 5 + [2] * 5
    assert [e.item for e in events if e.type.endswith("item.done")] == output
    assert [(i.call_id, i.name, i.arguments) for i in output[1:]] == [
        (call.id, call.name, call.arguments) for call in (PARIS, LIMA)
    ]


async def test_all_at_once_is_told_in_the_same_order():
    events = await streamed(Chunk("I ask.", calls=pieces((PARIS, LIMA))), text="I ask.")
    one = [*CALLING, *CALLED]
    assert kinds(events) == [*STARTED, *SPEAKING, *SAID, *one, *one, "completed"]


async def test_calls_alone_have_no_message():
    events = await streamed(Chunk("", calls=pieces((PARIS,))), calls=(PARIS,))
    assert [item.type for item in events[-1].response.output] == ["function_call"]


async def test_a_text_after_a_call_is_an_item_of_its_own():
    events = await streamed(
        Chunk("I"), *called(0, PARIS), Chunk(" ask."), text="I ask.", calls=(PARIS,)
    )
    types = [item.type for item in events[-1].response.output]
    assert types == ["message", "function_call", "message"]
    assert events[-1].response.output_text == "I ask."


async def test_a_call_is_told_once_its_name_is_known():
    late = [CallPiece(0, "{", "call_1"), CallPiece(0, "", name="time"), CallPiece(0, "}")]
    events = await streamed(
        *(Chunk("", calls=(piece,)) for piece in late), calls=(ToolCall("call_1", "time", "{}"),)
    )
    assert events[2].item.name == "time"
    assert [e.delta for e in events if e.type.endswith("arguments.delta")] == ["{", "}"]


async def test_a_call_without_arguments_has_no_pieces_of_them():
    call = ToolCall("call_1", "time", "")
    events = await streamed(Chunk("", calls=pieces((call,))), calls=(call,))
    assert kinds(events) == [*STARTED, CALLING[0], *CALLED, "completed"]


async def test_a_call_that_goes_on_when_it_is_done_is_no_stream_to_trust():
    first, second = called(0, PARIS), called(1, LIMA)
    with pytest.raises(RuntimeError, match="after another item"):
        await streamed(next(first), next(second), next(first))
    with pytest.raises(RuntimeError, match="not the verdict's"):
        await streamed(*called(0, PARIS))
