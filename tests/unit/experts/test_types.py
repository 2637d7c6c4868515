from dataclasses import replace

import pytest

from experts.types import Ability, Chunk, Message, Prompt, Sampling, Token
from tests.tools import PARIS, TOOLBOX

ASKED = Prompt.of("What is it like in Paris?")
CALLED = Prompt((*ASKED.messages, Message("assistant", "", (PARIS,))))
GIVEN = Prompt((*CALLED.messages, Message("tool", "mild", (), "call_1")))


@pytest.mark.parametrize(
    ("prompt", "needs"),
    [
        (ASKED, set()),
        (replace(ASKED, toolbox=TOOLBOX), {Ability.TOOLS}),
        (CALLED, {Ability.TOOLS}),
        (GIVEN, {Ability.TOOLS}),
        (Prompt.of("Why?", Sampling(logprobs=0)), {Ability.LOGPROBS}),
    ],
    ids=["a question", "tools", "a call", "a result", "log probabilities"],
)
def test_a_prompt_knows_what_it_needs(prompt, needs):
    assert prompt.needs == needs


def test_a_model_reads_tools_and_calls_as_well():
    read = " ".join(replace(GIVEN, toolbox=TOOLBOX).texts)
    for text in (ASKED.text, PARIS.arguments, "mild", "What it is like there.", '"object"'):
        assert text in read


def test_the_question_is_the_users_though_a_tool_spoke_last():
    assert GIVEN.text == ASKED.text


def test_a_chunk_is_blank_only_where_nothing_of_the_reply_is_in_it():
    assert Chunk("").blank
    for said in (Chunk("a"), Chunk("", "stop"), Chunk("", logprobs=(Token("", -1.0),))):
        assert not said.blank
