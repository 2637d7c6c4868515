"""Batches: each round asks every expert once, and nobody's verdict depends on the others."""

from collections.abc import AsyncIterator, Sequence

from experts.scripted import ScriptedExpert
from experts.types import Cause, Chunk, Prompt, Reply
from orchestrator.batch import Case, deliberate_all
from orchestrator.deliberation import Deliberation
from orchestrator.errors import PanelFailed
from orchestrator.panel import Panel
from orchestrator.policies import Policy
from orchestrator.types import Request
from routing.router import Recruiting
from tests.routes import route_of

VOTE = Policy(Recruiting("vote"))
EARLY = Policy(Recruiting("auto"), confidence=0.8)
SYNTHESIZE = Policy(Recruiting("synthesize"), "synthesize")


class Counting:
    """Any expert, and how many prompts each of its `ask`s had."""

    def __init__(self, inner: ScriptedExpert) -> None:
        self.name = inner.name
        self.groups: list[int] = []
        self._inner = inner

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        self.groups.append(len(prompts))
        return await self._inner.ask(prompts)

    def stream(self, prompt: Prompt) -> AsyncIterator[Chunk]:
        return self._inner.stream(prompt)


def counting(**said):
    return {name: Counting(ScriptedExpert(name, default=text)) for name, text in said.items()}


def case(competence, policy=VOTE, panel=None, text="Why?"):
    return Case(Request(Prompt.of(text)), Deliberation(route_of(competence, panel), policy))


async def verdicts(cases, panel, comparer=None):
    return dict([item async for item in deliberate_all(cases, panel, comparer)])


async def test_each_round_asks_each_expert_once():
    experts = counting(ada="1", ben="2", cleo="2")
    competence = {"ada": 0.7, "ben": 0.6, "cleo": 0.5}
    cases = [case(competence, EARLY) for _ in range(5)] + [case({"ben": 0.5})]
    found = await verdicts(cases, Panel(experts))
    assert len(found) == 6
    # all first ask ada and ben, who disagree; cleo comes second
    assert {name: e.groups for name, e in experts.items()} == {"ada": [5], "ben": [6], "cleo": [5]}


async def test_the_aggregator_is_asked_once_a_round_and_only_if_there_is_something_to_write():
    experts = counting(ada="1", ben="2", zoe="3")
    competence = {"ada": 0.7, "ben": 0.6}
    panel = Panel({"ada": experts["ada"], "ben": experts["ben"]}, experts["zoe"])
    await verdicts([case(competence)] * 1, panel)
    assert experts["zoe"].groups == []
    found = await verdicts([case(competence, SYNTHESIZE) for _ in range(3)], panel)
    assert experts["zoe"].groups == [3]
    assert [verdict.author for verdict in found.values()] == ["zoe"] * 3


async def test_a_tie_is_broken_the_same_alone_and_beside_a_question_of_another_order():
    experts = counting(ada="1", ben="2")
    competence = {"ada": 0.6, "ben": 0.6}
    alone = (await verdicts([case(competence)], Panel(experts)))[0]
    beside = await verdicts(
        [case(competence, panel=("ben", "ada")), case(competence)], Panel(experts)
    )
    assert beside[1].author == alone.author == "ada"
    assert [reply.expert for reply in beside[1].replies] == ["ada", "ben"]
    assert beside[0].author == "ben"


async def test_a_question_whose_panel_fails_costs_only_itself():
    experts = counting(ada=Cause.UNAVAILABLE, ben="2")
    found = await verdicts([case({"ada": 0.9}), case({"ben": 0.5})], Panel(experts))
    assert isinstance(found[0], PanelFailed)
    assert found[1].answer == "2"


async def test_an_expert_drawn_twice_is_sampled_the_second_time():
    ada = ScriptedExpert("ada", default="1")
    found = await verdicts([case({"ada": 0.6}, panel=("ada", "ada"))], Panel({"ada": ada}))
    assert found[0].calls == 2
    assert [prompt.sampling.temperature for prompt in ada.asked] == [0.0, 0.7]


async def test_no_questions_have_no_verdicts():
    assert await verdicts([], Panel({})) == {}


async def test_each_expert_is_asked_each_question_of_a_large_batch_once():
    experts = {name: ScriptedExpert(name, default=name) for name in ("ada", "ben", "cleo")}
    competence = {"ada": 0.7, "ben": 0.6, "cleo": 0.5}
    found = await verdicts([case(competence) for _ in range(2_000)], Panel(experts))
    assert len(found) == 2_000
    assert [len(expert.asked) for expert in experts.values()] == [2_000] * 3


class FirstOnly:
    """A comparer to which all answers to a question are the same. Keeps what it was asked."""

    def __init__(self):
        self.asked = []

    async def alike(self, questions):
        self.asked.append([list(answers) for answers in questions])
        return [dict.fromkeys(answers, answers[0]) for answers in questions]


async def test_open_answers_of_a_round_are_compared_together_and_choices_never():
    experts = counting(ada="Paris", ben="Rome")
    chosen = Request(Prompt.of("Where?"), options=("Paris", "Rome"))
    route = route_of({"ada": 0.7, "ben": 0.6})
    cases = [case({"ada": 0.7, "ben": 0.6}) for _ in range(3)]
    cases += [case({"ada": 0.5}), Case(chosen, Deliberation(route, VOTE, chosen.options))]
    comparer = FirstOnly()
    found = await verdicts(cases, Panel(experts), comparer)
    assert [asked for asked in comparer.asked if asked] == [[["paris", "rome"]] * 3]
    assert [found[place].agreement for place in range(5)] == [1.0, 1.0, 1.0, 1.0, 0.5]


async def test_without_a_comparer_answers_are_the_same_by_what_is_written():
    experts = counting(ada="1/2", ben="0.5", cleo="7")
    found = await verdicts([case({"ada": 0.5, "ben": 0.5, "cleo": 0.6})], Panel(experts))
    assert (found[0].answer, found[0].agreement) == ("1/2", 2 / 3)
