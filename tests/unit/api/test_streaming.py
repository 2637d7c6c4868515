from api.completion import Completion
from api.feed import feeding
from api.streaming import frames
from experts.types import Prompt
from orchestrator.types import Request, Text
from tests.unit.api.scripted import ScriptedService, verdict


async def test_silence_is_filled_with_comments_until_there_is_something_to_say():
    service = ScriptedService((Text("It is\n"), 0.1, verdict()))
    async with feeding(service.stream(Request(Prompt.of("why?")))) as feed:
        found = [frame async for frame in frames(feed, Completion("auto"), silence=0.01)]
    assert found.count(b": working...\n\n") >= 2
    assert found[-1].endswith(b"data: [DONE]\n\n")
