import asyncio

import pytest

from api.errors import Unfit
from api.samples import answers, sampled, together
from experts.scripted import Hang, ScriptedExpert
from experts.types import Answer, Cause, Prompt, Sampling, Usage
from orchestrator.errors import PanelFailed
from orchestrator.types import Control, Request
from tests.routes import service_of


class Sampled(ScriptedExpert):
    """Says its seed."""

    async def _answer(self, prompt):
        self.asked.append(prompt)
        return Answer(self.name, f"seed {prompt.sampling.seed or 0}", Usage(3, 2))


def service(**experts):
    return service_of(experts or {"ada": Sampled("ada"), "ben": Sampled("ben")})


@pytest.mark.parametrize("model", ["ada", "single"])
async def test_where_one_expert_answers_it_is_sampled(model):
    verdicts = await answers(service(), Request(Prompt.of("why?"), model), 3)
    assert sorted(v.text for v in verdicts) == ["seed 0", "seed 1", "seed 2"]
    assert {v.author for v in verdicts} == {"ada"}
    all_ = together(verdicts)
    assert (all_.calls, all_.usage, all_.text) == (3, Usage(9, 6), "seed 0")


async def test_where_a_panel_answers_there_is_one_verdict():
    with pytest.raises(Unfit, match="n: ada, ben give one verdict together"):
        await answers(service(), Request(Prompt.of("why?"), "vote"), 2)
    assert len(await answers(service(), Request(Prompt.of("why?"), "vote"), 1)) == 1


async def test_a_sample_that_fails_ends_the_others():
    class Failing(ScriptedExpert):
        async def _said(self, prompt):
            if prompt.sampling.seed == 1:
                return await ScriptedExpert(self.name, default=Cause.REJECTED)._said(prompt)
            return await super()._said(prompt)

    ada = Failing("ada", default=Hang.FOREVER)
    async with asyncio.timeout(5):
        with pytest.raises(PanelFailed):
            await answers(service(ada=ada), Request(Prompt.of("why?"), "ada"), 3)
    assert ada.running == 0


@pytest.mark.parametrize(("given", "drawn"), [(0.0, 0.7), (0.2, 0.2), (1.5, 1.5)])
def test_samples_after_the_first_are_not_greedy(given, drawn):
    request = Request(Prompt.of("why?", Sampling(temperature=given, seed=5)))
    first, second = (sampled(request, place, 2).prompt.sampling for place in (0, 1))
    assert (first.temperature, first.seed) == (given, 5)
    assert (second.temperature, second.seed) == (drawn, 6)


def test_samples_share_the_dollars():
    request = Request(Prompt.of("why?"), control=Control(dollars=0.04))
    assert sampled(request, 0, 4).control.dollars == 0.01
