import json
from functools import partial

from hypothesis import example, given
from hypothesis import strategies as st

from api.completion import Completion
from api.feed import feeding
from api.streaming import Chunks, frames
from experts.types import Chunk, Prompt
from orchestrator.types import Request
from tests.unit.api.scripted import ScriptedService, verdict


async def test_silence_is_filled_with_comments_until_there_is_something_to_say():
    service = ScriptedService((Chunk("It is\n"), 0.1, verdict()))
    async with feeding(partial(service.answer, Request(Prompt.of("why?")))) as feed:
        found = [frame async for frame in frames(feed, Chunks(Completion("auto")), 0.01)]
    assert found.count(b": working...\n\n") >= 2
    assert found[-1].endswith(b"data: [DONE]\n\n")


@given(st.text(), st.text(), st.booleans())
@example('"content":""', '"content":""', True)
@example("half an emoji", "\ud83d", False)
def test_a_piece_is_its_document_whatever_is_in_it(model, text, counted):
    completion = Completion(model, include_usage=counted)
    frame = Chunks(completion).piece(Chunk(text))
    assert json.loads(frame.removeprefix(b"data: ")) == completion.piece(Chunk(text))
    assert frame.count(b"\n") == 2
