"""Batches: grouped by expert, nobody waits for a round, and no verdict depends on the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.scripted import Hang, ScriptedExpert
from experts.types import Answer, Cause, Chunk, Failure, Prompt, Reply, Sampling
from orchestrator.batch import LIMITS, Case, deliberate_all
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done
from orchestrator.errors import PanelFailed, UnknownModel
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.policies import Policy
from orchestrator.queues import Limits
from orchestrator.types import Request, Timings
from routing.router import Recruiting
from tests.routes import route_of
from tests.waiting import until

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

    def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        return self._inner.stream(prompt)


def counting(**said):
    return {name: Counting(ScriptedExpert(name, default=text)) for name, text in said.items()}


def case(competence, policy=VOTE, panel=None, text="Why?"):
    return Case(Request(Prompt.of(text)), Deliberation(route_of(competence, panel), policy))


async def sliced(cases, size=256):
    """Numbered, in slices. `cases` may be any iterable."""
    together = []
    for place, its in enumerate(cases):
        together.append((place, its))
        if len(together) == size:
            yield together
            together = []
    yield together


async def results(cases, panel, comparer=None, limits=LIMITS):
    return [item async for item in deliberate_all(sliced(cases), panel, comparer, limits)]


async def verdicts(cases, panel, comparer=None, limits=LIMITS):
    found = await results(cases, panel, comparer, limits)
    assert len(dict(found)) == len(found)
    return dict(found)


async def test_who_replies_at_the_same_time_is_followed_by_one_group_for_the_next():
    experts = counting(ada="1", ben="2", cleo="2")
    competence = {"ada": 0.7, "ben": 0.6, "cleo": 0.5}
    cases = [case(competence, EARLY) for _ in range(5)] + [case({"ben": 0.5})]
    found = await verdicts(cases, Panel(experts))
    assert len(found) == 6
    # all first ask ada and ben, who disagree; cleo comes second
    assert {name: e.groups for name, e in experts.items()} == {"ada": [5], "ben": [6], "cleo": [5]}


async def test_the_aggregator_is_asked_in_groups_and_only_if_there_is_something_to_write():
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


async def test_open_answers_that_come_together_are_compared_together_and_choices_never():
    experts = counting(ada="Paris", ben="Rome")
    chosen = Request(Prompt.of("Where?"), options=("Paris", "Rome"))
    route = route_of({"ada": 0.7, "ben": 0.6})
    cases = [case({"ada": 0.7, "ben": 0.6}) for _ in range(3)]
    cases += [case({"ada": 0.5}), Case(chosen, Deliberation(route, VOTE, chosen.options))]
    comparer = FirstOnly()
    found = await verdicts(cases, Panel(experts), comparer)
    assert comparer.asked == [[["paris", "rome"]] * 3]
    assert [found[place].agreement for place in range(5)] == [1.0, 1.0, 1.0, 1.0, 0.5]


async def test_without_a_comparer_answers_are_the_same_by_what_is_written():
    experts = counting(ada="1/2", ben="0.5", cleo="7")
    found = await verdicts([case({"ada": 0.5, "ben": 0.5, "cleo": 0.6})], Panel(experts))
    assert (found[0].answer, found[0].agreement) == ("1/2", 2 / 3)


async def test_a_case_that_could_not_be_made_has_its_error_in_its_place():
    refused = UnknownModel("nope", ["auto"])
    found = await verdicts([case({"ada": 0.9}), refused], Panel(counting(ada="1")))
    assert found[1] is refused
    assert found[0].answer == "1"


class Held(ScriptedExpert):
    """Answers a group only when it is let go."""

    def __init__(self, name, default):
        super().__init__(name, default=default)
        self.groups = []
        self.go = asyncio.Event()

    async def ask(self, prompts):
        self.groups.append([prompt.text for prompt in prompts])
        await self.go.wait()
        return await super().ask(prompts)


async def test_nobody_waits_for_an_expert_it_has_not_asked():
    experts = {"ada": ScriptedExpert("ada", default="1"), "ben": Held("ben", "2")}
    experts["cleo"] = ScriptedExpert("cleo", default="3")
    quick = {"ada": 0.6, "cleo": 0.5}  # one after the other, while ben is still at work
    cases = [case({"ben": 0.5}), case(quick, EARLY), case(quick, EARLY)]
    async with aclosing(deliberate_all(sliced(cases), Panel(experts))) as found:
        assert sorted([(await anext(found))[0], (await anext(found))[0]]) == [1, 2]
        assert len(experts["cleo"].asked) == 2
        experts["ben"].go.set()
        assert (await anext(found))[0] == 0


async def test_what_comes_while_an_expert_is_busy_is_asked_as_one_group():
    ada = Held("ada", "1")
    limits = Limits(group=4, groups=1)

    async def slow():
        for place in range(10):
            yield [(place, case({"ada": 0.6}, text=str(place)))]

    async with aclosing(deliberate_all(slow(), Panel({"ada": ada}), None, limits)) as found:
        first = asyncio.create_task(anext(found))
        await until(lambda: ada.groups)
        for _ in range(50):  # the other slices come, and have to wait
            await asyncio.sleep(0)
        assert len(ada.groups) == 1
        ada.go.set()
        rest = [await first, *[item async for item in found]]
    assert len(rest) == 10
    assert [len(group) for group in ada.groups] == [1, 4, 4, 1]


async def test_a_group_is_asked_in_the_order_of_its_texts_and_replies_find_their_questions():
    texts = ["Why b?", "How a?", "Why a?", "How b?"]
    ada = ScriptedExpert("ada", replies={text: text.upper() for text in texts})
    found = await verdicts([case({"ada": 0.6}, text=text) for text in texts], Panel({"ada": ada}))
    assert [prompt.text for prompt in ada.asked] == sorted(texts)
    assert [found[place].text for place in range(4)] == [text.upper() for text in texts]


class Eager:
    """Cases made one by one, and how many were."""

    def __init__(self, of):
        self.of = of
        self.made = 0

    def __iter__(self):
        for place in range(self.of):
            self.made += 1
            yield case({"ada": 0.6, "ben": 0.5}, text=str(place))


async def test_a_long_batch_is_read_a_slice_ahead_and_its_bounds_hold():
    most = {"ada": 0, "ben": 0}

    class Busy(ScriptedExpert):
        async def ask(self, prompts):
            assert len(prompts) <= 16
            most[self.name] = max(most[self.name], self.running + len(prompts))
            return await super().ask(prompts)

    experts = {name: Busy(name, default=name) for name in most}
    cases, done = Eager(2_000), 0
    limits = Limits(live=100, group=16, groups=3, prompts=64)
    found = deliberate_all(sliced(cases, 20), Panel(experts), None, limits)
    async for _ in found:
        assert cases.made <= done + 100 + 2 * 20
        done += 1
    assert done == 2_000
    assert max(most.values()) <= 3 * 16
    assert sum(most.values()) <= 2 * 48


async def test_over_all_experts_no_more_prompts_are_in_flight_than_may_be():
    experts = {name: Held(name, "1") for name in "abcdef"}
    cases = [case(dict.fromkeys(experts, 0.5)) for _ in range(10)]
    async with aclosing(
        deliberate_all(sliced(cases), Panel(experts), None, Limits(group=2, prompts=30))
    ) as found:
        first = asyncio.create_task(anext(found))
        await until(lambda: len(experts["f"].groups) > 1)
        await asyncio.sleep(0)
        assert [len(expert.groups) for expert in experts.values()] == [3, 3, 3, 2, 2, 2]
        for expert in experts.values():
            expert.go.set()
        assert [(await first)[0], *[place async for place, _ in found]] == list(range(10))


async def test_closing_a_batch_cancels_every_ask_and_leaves_no_task():
    experts = {"ada": ScriptedExpert("ada", default="1")}
    experts |= {"ben": ScriptedExpert("ben", default=Hang.FOREVER)}
    cases = [case({"ada": 0.6}), *[case({"ben": 0.6}) for _ in range(9)]]
    before = asyncio.all_tasks()
    async with aclosing(deliberate_all(sliced(cases), Panel(experts))) as found:
        assert (await anext(found))[0] == 0
        waiting = asyncio.create_task(anext(found))
        await until(lambda: experts["ben"].running == 9)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert experts["ben"].running == 0
    assert asyncio.all_tasks() == before


async def test_a_bug_in_one_deliberation_surfaces_and_leaves_no_task():
    class Broken(Deliberation):
        def tell(self, reply):
            raise ZeroDivisionError

    broken = Case(Request(Prompt.of("Why?")), Broken(route_of({"ada": 0.5}), VOTE))
    experts = {"ada": ScriptedExpert("ada", default="1")}
    experts |= {"ben": ScriptedExpert("ben", default=Hang.FOREVER)}
    before = asyncio.all_tasks()
    with pytest.raises(ZeroDivisionError):
        await results([case({"ben": 0.6}), broken], Panel(experts))
    assert asyncio.all_tasks() == before


async def test_an_expert_that_raises_surfaces_and_so_does_one_that_loses_a_reply():
    class Losing(ScriptedExpert):
        async def ask(self, prompts):
            return (await super().ask(prompts))[1:]

    with pytest.raises(KeyError, match="nobody"):
        await results([case({"nobody": 0.6})], Panel({}))
    with pytest.raises(ValueError, match="shorter"):
        await results([case({"ada": 0.6})], Panel({"ada": Losing("ada", default="1")}))


async def test_what_goes_wrong_while_reading_is_raised():
    async def broken():
        yield [(0, case({"ada": 0.6}))]
        raise OSError("the disk is gone")

    found = deliberate_all(broken(), Panel(counting(ada="1")))
    with pytest.raises(OSError, match="the disk is gone"):
        [item async for item in found]


# Any interleaving gives the verdicts of one question at a time.

NAMES = ("ada", "ben", "cleo", "dan")
SAYS = ("1", "2", "1/2", "0.5", "x+1", None)


def said(expert, prompt):
    """What an expert says depends on what it is asked, and on nothing else."""
    sampling = prompt.sampling
    key = f"{expert}{prompt.text[:12]}{sampling.temperature}{sampling.seed}"
    text = SAYS[sum(map(ord, key)) * 7 % len(SAYS)]
    if text is None:
        return Failure(expert, Cause.UNAVAILABLE, "down")
    return Answer(expert, f"The answer is {text}.")


class Whenever:
    """Replies to each of its groups after some turns of the event loop, drawn beforehand."""

    def __init__(self, name, turns):
        self.name = name
        self._turns = iter(turns)

    async def ask(self, prompts):
        for _ in range(next(self._turns, 0)):
            await asyncio.sleep(0)
        return [said(self.name, prompt) for prompt in prompts]


class Joins:
    """To which all numbers but 2 are the same; takes its time."""

    def __init__(self, turns):
        self._turns = iter(turns)

    async def alike(self, questions):
        for _ in range(next(self._turns, 0)):
            await asyncio.sleep(0)
        return [joined(answers) for answers in questions]


def joined(answers):
    others = [answer for answer in answers if answer != "2"]
    return {answer: "2" if answer == "2" else others[0] for answer in answers}


def alone(its):
    """The verdict of one question driven by itself, whole waves at a time."""
    while True:
        try:
            step = its.deliberation.step()
        except PanelFailed as error:
            return str(error)
        match step:
            case Ask(experts):
                for expert, prompt in seats(experts, its.request):
                    its.deliberation.tell(said(expert, prompt))
            case Conclude():
                its.deliberation.tell_conclusion(said("zoe", conclusion(step, its.request)))
            case Compare(answers):
                its.deliberation.tell_alike(joined(answers))
            case Done(verdict):
                return verdict


def gist(found):
    if isinstance(found, PanelFailed):
        return str(found)
    return found if isinstance(found, str) else replace(found, timings=Timings())


QUESTIONS = st.lists(
    st.tuples(
        st.sampled_from([VOTE, EARLY, SYNTHESIZE]),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=5),  # an expert may be drawn twice
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.4, 0.5, 0.6, 0.8])),
        st.sampled_from(["Why?", "How?", "Where to?"]),
        st.booleans(),  # whether it is a choice
    ),
    max_size=12,
)
TURNS = st.lists(st.integers(0, 6), max_size=12)
BOUNDS = st.builds(
    Limits, st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.integers(1, 12)
)


def drawn(policy, panel, competence, text, choice):
    request = Request(Prompt.of(text, Sampling(seed=3)), options=("1", "2", "3") if choice else ())
    route = route_of(competence, panel)
    return Case(request, Deliberation(route, policy, request.options))


@given(QUESTIONS, st.lists(TURNS, min_size=6, max_size=6), st.integers(1, 5), BOUNDS)
def test_verdicts_are_those_of_one_question_at_a_time_in_any_interleaving(
    asked, turns, size, limits
):
    async def together():
        *delays, comparing, writing = turns
        experts = {name: Whenever(name, own) for name, own in zip(NAMES, delays, strict=True)}
        panel = Panel(experts, Whenever("zoe", writing))
        cases = sliced([drawn(*question) for question in asked], size)
        found = deliberate_all(cases, panel, Joins(comparing), limits)
        return [(place, gist(verdict)) async for place, verdict in found]

    found = sorted(asyncio.run(together()), key=lambda item: item[0])
    assert found == [(i, gist(alone(drawn(*question)))) for i, question in enumerate(asked)]


async def test_an_expert_drawn_twice_is_told_in_the_order_it_was_asked_whichever_is_back_first():
    class Temperatures(Whenever):
        async def ask(self, prompts):
            await super().ask(prompts)
            return [Answer("ada", f"At {prompt.sampling.temperature:g}.") for prompt in prompts]

    panel = Panel({"ada": Temperatures("ada", turns=[5, 0])})
    found = await verdicts([case({"ada": 0.6}, panel=("ada", "ada"))], panel, None, Limits(group=1))
    assert [reply.text for reply in found[0].replies] == ["At 0.", "At 0.7."]
