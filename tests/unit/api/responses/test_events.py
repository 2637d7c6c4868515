from api.responses.body import ResponseBody
from api.responses.document import Draft
from api.responses.events import Events
from orchestrator.types import Text
from tests.responses import told
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
    frames = [say.opening(), say.piece(Text("It is\n")), say.piece(Text("**42**. 🙂"))]
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
    events = told((say.opening() + say.piece(Text("It")) + say.failure(ValueError("x"))).decode())
    assert kinds(events) == [*STARTED, *SPEAKING, "output_text.delta", "failed"]
    assert events[-1].response.error.code == "server_error"
