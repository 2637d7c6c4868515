"""Who is asked where not everybody can do what a request needs."""

from dataclasses import replace

import pytest

from experts.scripted import ScriptedExpert
from experts.types import Message, Prompt, Sampling
from orchestrator.errors import Unable
from orchestrator.policies import POLICIES
from orchestrator.types import Control, Request
from tests.routes import service_of
from tests.tools import PARIS, TOOLBOX, ToolUser

ASK = Prompt.of("What is it like in Paris?")
TOOLS = replace(ASK, toolbox=TOOLBOX)
LIKELY = Prompt.of("Why?", Sampling(logprobs=0))
RESULTS = Prompt(
    (
        Message("user", "?"),
        Message("assistant", "", (PARIS,)),
        Message("tool", "mild", (), "call_1"),
    )
)


def experts(**users):
    found = {"ada": ScriptedExpert("ada", default="1"), "ben": ToolUser("ben", "1")}
    return service_of({**found, "cleo": ToolUser("cleo", "1"), **users})


@pytest.mark.parametrize("model", POLICIES)
@pytest.mark.parametrize("prompt", [TOOLS, RESULTS], ids=["tools", "results"])
async def test_no_policy_asks_anybody_to_call_tools_who_cannot(model, prompt):
    route = await experts().route(Request(prompt, model))
    assert set(route.panel) <= {"ben", "cleo"}
    assert route.notes[0] == "ada cannot call tools"


async def test_what_needs_nothing_is_asked_of_all():
    assert "ada" in (await experts().route(Request(ASK, "everyone"))).panel


async def test_where_nobody_can_the_parameter_is_named():
    lonely = service_of({"ada": ScriptedExpert("ada", default="1")})
    with pytest.raises(Unable, match="ada cannot call tools; ask an expert that can") as unable:
        await lonely.answer(Request(TOOLS, "vote"))
    assert unable.value.param == "tools"
    with pytest.raises(Unable, match="ada cannot tell log probabilities") as unable:
        await experts().answer(Request(LIKELY, "ada"))
    assert unable.value.param == "logprobs"


async def test_whoever_may_be_asked_and_can_is_asked():
    route = await experts().route(
        Request(TOOLS, "everyone", control=Control(deny=frozenset({"ben"})))
    )
    assert route.panel == ("cleo",)
    with pytest.raises(Unable):
        await experts().route(Request(TOOLS, control=Control(allow=frozenset({"ada"}))))


@pytest.mark.parametrize(
    ("model", "size"),
    [("ben", None), ("single", None), ("random", None), ("vote", 1)],
)
async def test_log_probabilities_are_told_where_one_expert_answers(model, size):
    verdict = await experts().answer(Request(LIKELY, model, control=Control(size=size)))
    assert len(verdict.logprobs) == 1


@pytest.mark.parametrize("model", ["auto", "everyone", "symbolic-moe", "vote"])
async def test_log_probabilities_of_a_panel_are_refused(model):
    with pytest.raises(Unable, match=f"{model} may ask several experts"):
        await experts().answer(Request(LIKELY, model))


async def test_one_request_of_a_batch_that_nobody_can_answer_costs_only_itself():
    requests = [Request(LIKELY, "vote"), Request(ASK, "ada")]
    results = dict([result async for result in experts().answer_all(requests)])
    assert isinstance(results[0], Unable)
    assert results[1].text == "1"
