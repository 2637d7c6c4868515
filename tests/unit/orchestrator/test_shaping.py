"""Replies that must be JSON: checked, asked for once more, or a failure."""

import json

import pytest

from experts.scripted import ScriptedExpert
from experts.types import Answer, Cause, Chunk, Failure, JsonFormat, Prompt, Sampling, Usage
from orchestrator.shaping import ask_shaped
from orchestrator.types import Request
from tests.routes import service_of
from tests.streams import streamed

LEGS = {"type": "object", "properties": {"legs": {"type": "integer"}}, "required": ["legs"]}
WANTED = JsonFormat(json.dumps(LEGS))


class Replying(ScriptedExpert):
    """Says one thing after the other."""

    def __init__(self, name, *said):
        super().__init__(name)
        self.said = list(said)

    async def _answer(self, prompt):
        self.asked.append(prompt)
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        return await ScriptedExpert(self.name, default=said)._answer(prompt)


def prompt(wanted=WANTED):
    return Prompt.of("How many legs has a spider?", Sampling(format=wanted))


async def ask(expert, wanted=WANTED):
    (reply,) = await ask_shaped(expert, [prompt(wanted)])
    return reply


@pytest.mark.parametrize(
    "said",
    ['{"legs": 8}', '```json\n{"legs": 8}\n```', ' <think>{</think>{"legs": 8}\n'],
    ids=["plain", "fenced", "thought"],
)
async def test_a_valid_reply_is_its_json_alone(said):
    ada = Replying("ada", said)
    assert (await ask(ada)).text == '{"legs": 8}'
    assert len(ada.asked) == 1


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("Eight.", "no valid JSON"),
        ('{"legs": "eight"}', "'eight' is not of type 'integer'"),
        ('{"legs": NaN}', "NaN is no JSON"),
        ('{"legs": 1e999}', "too large a number"),
        ("[" * 100_000, "no valid JSON"),
    ],
    ids=["prose", "invalid", "nan", "infinite", "deep"],
)
async def test_an_invalid_reply_is_asked_for_once_more_and_told_why(said, complaint):
    ada = Replying("ada", said, '{"legs": 8}')
    reply = await ask(ada)
    assert (reply.text, reply.usage.completion_tokens > 2) == ('{"legs": 8}', True)
    *_, shown, told = ada.asked[1].messages
    assert (shown.role, shown.content) == ("assistant", said[:2000])
    assert complaint in told.content


async def test_a_reply_that_stays_invalid_is_a_failure():
    ada = Replying("ada", "Eight.")
    reply = await ask(ada)
    assert (reply.cause, len(ada.asked)) == (Cause.REJECTED, 2)
    assert "not the JSON asked for: no valid JSON" in reply.message


async def test_a_reply_that_was_cut_says_what_to_do():
    class Cut(Replying):
        async def ask(self, prompts):
            return [Answer(self.name, '{"legs": 88', Usage(1, 4), finish="length") for _ in prompts]

    reply = await ask(Cut("ada"))
    assert reply.message.endswith("it was cut, permit more tokens")


async def test_one_try_is_one_try():
    ada = Replying("ada", "Eight.")
    assert isinstance(await ask(ada, JsonFormat(tries=1)), Failure)
    assert len(ada.asked) == 1


@pytest.mark.parametrize(("said", "valid"), [("{}", True), ("[]", False), ("8", False)])
async def test_without_a_schema_any_object_will_do(said, valid):
    assert isinstance(await ask(Replying("ada", said), JsonFormat()), Answer) is valid


async def test_a_backend_that_refuses_the_parameter_is_asked_in_words():
    class Refusing(ScriptedExpert):
        async def ask(self, prompts):
            if any(p.sampling.format for p in prompts):
                message = "HTTP 400: unknown field response_format"
                return [Failure(self.name, Cause.REJECTED, message) for _ in prompts]
            return [Answer(self.name, "{}", Usage(1, 1)) for _ in prompts]

    assert (await ask(Refusing("ada"), JsonFormat())).text == "{}"


async def test_only_what_is_wrong_in_a_group_is_asked_again():
    ada = ScriptedExpert("ada", {"one": "{}", "two": "no"}, default="{}")
    prompts = [Prompt.of(text, Sampling(format=JsonFormat())) for text in ("one", "two")]
    plain = Prompt.of("two")
    replies = await ask_shaped(ada, [*prompts, plain])
    assert [r.text for r in replies] == ["{}", "{}", "no"]
    assert len(ada.asked) == 4


@pytest.mark.parametrize("aggregator", [None, Replying("zoe", "hm", '{"legs": 8}')])
async def test_a_panel_votes_over_json_as_it_is_whatever_its_spelling(aggregator):
    experts = {
        "ada": Replying("ada", '{"legs": 6}'),
        "ben": Replying("ben", '{"legs":8}'),
        "cleo": Replying("cleo", '{ "legs": 8 }'),
    }
    made = service_of(experts, aggregator)
    request = Request(prompt(), "synthesize")
    verdict = await made.answer(request)
    assert (verdict.answer, json.loads(verdict.text)) == ('{"legs":8}', {"legs": 8})
    assert verdict.agreement == pytest.approx(2 / 3)
    assert "JSON schema" in experts["ada"].asked[0].messages[0].content


async def test_nothing_is_streamed_before_it_is_known_to_be_valid():
    made = service_of({"ada": Replying("ada", "Eight.", '{"legs": 8}')})
    *events, verdict = await streamed(made, Request(prompt(), "ada"))
    assert [e.text for e in events if isinstance(e, Chunk)] == [verdict.text] == ['{"legs": 8}']
