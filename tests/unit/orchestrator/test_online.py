"""The online driver: when text is told, and when experts are asked at the same time."""

import asyncio

import pytest

from experts.scripted import ScriptedExpert
from experts.types import Cause, Prompt
from orchestrator.deliberation import Deliberation
from orchestrator.errors import PanelFailed
from orchestrator.online import Online
from orchestrator.panel import Panel
from orchestrator.policies import Policy
from orchestrator.types import Request, Text, Working
from routing.router import Recruiting
from tests.routes import route_of

WHY = Request(Prompt.of("Why?"))
VOTE = Policy(Recruiting("vote"))
EARLY = Policy(Recruiting("auto"), confidence=0.8)


def online(policy=VOTE, told=None, competence=None, aggregator=None, **said):
    """A driver over experts who say these things; what it tells is appended to `told`."""
    experts = {name: ScriptedExpert(name, default=text) for name, text in said.items()}
    route = route_of(competence or dict.fromkeys(said, 0.6))

    async def listen(event):
        told.append(event)

    listener = None if told is None else listen
    return Online(Deliberation(route, policy), WHY, Panel(experts, aggregator), listener)


async def test_a_wave_is_asked_at_the_same_time():
    driver = online(ada="1", ben="1")
    together = asyncio.Barrier(2)

    class Waiting(ScriptedExpert):
        async def _said(self, prompt):
            await together.wait()
            return await super()._said(prompt)

    driver.panel = Panel({name: Waiting(name, default="1") for name in ("ada", "ben")})
    async with asyncio.timeout(5):
        assert (await driver.run()).agreement == 1.0


async def test_a_later_wave_is_asked_only_if_needed():
    competence = {"ada": 0.7, "ben": 0.6, "cleo": 0.5}
    driver = online(EARLY, competence=competence, ada="1", ben="1", cleo="2")
    assert (await driver.run()).calls == 2
    assert driver.panel.experts["cleo"].asked == []
    driver = online(EARLY, competence=competence, ada="1", ben="3", cleo="3")
    assert (await driver.run()).calls == 3


async def test_a_vote_is_told_whole_once_it_is_in():
    told = []
    verdict = await online(told=told, ada="one two three", ben="one two three").run()
    assert told == [Working("asking ada, ben"), Text(verdict.text)]


async def test_a_lone_expert_is_told_as_it_speaks():
    told = []
    await online(told=told, ada="one two three").run()
    assert told == [Text("one "), Text("two "), Text("three")]


class Busy(ScriptedExpert):
    wait = 12.4  # seconds


async def test_who_must_wait_for_an_expert_is_told_how_long():
    told = []
    driver = online(told=told, ada="1", ben="1")
    driver.panel = Panel({"ada": Busy("ada", default="1"), "ben": driver.panel.experts["ben"]})
    await driver.run()
    assert told[0] == Working("asking ada, ben, in about 12 s")


async def test_who_must_wait_for_a_lone_expert_is_told_before_it_speaks():
    told = []
    driver = online(told=told, ada="one")
    driver.panel = Panel({"ada": Busy("ada", default="one")})
    await driver.run()
    assert told == [Working("asking ada, in about 12 s"), Text("one")]


async def test_a_lone_expert_that_fails_before_a_word_is_a_failed_panel():
    told = []
    with pytest.raises(PanelFailed, match="ada: unavailable"):
        await online(told=told, ada=Cause.UNAVAILABLE).run()
    assert told == []


async def test_the_aggregator_is_told_as_it_writes():
    told = []
    policy = Policy(Recruiting("synthesize"), "synthesize")
    zoe = ScriptedExpert("zoe", default="both are right")
    verdict = await online(policy, told, aggregator=zoe, ada="1", ben="2").run()
    assert told[:2] == [Working("asking ada, ben"), Working("writing the verdict")]
    assert told[2:] == [Text("both "), Text("are "), Text("right")]
    assert verdict.author == "zoe"
    assert verdict.replies[0].expert == "ada"


async def test_without_a_listener_the_verdict_is_the_same():
    assert (await online(ada="one two").run()).text == (
        await online(told=[], ada="one two").run()
    ).text


async def test_open_answers_are_compared_before_they_are_counted():
    verdict = await online(ada="7", ben="1/2", cleo="50%").run()
    assert (verdict.answer, verdict.author) == ("1/2", "ben")
    assert verdict.agreement == pytest.approx(2 / 3)


async def test_the_comparer_is_asked_about_open_answers_that_differ():
    class Asked:
        questions = ()

        async def alike(self, questions):
            self.questions = [*self.questions, *questions]
            return [dict.fromkeys(answers, answers[0]) for answers in questions]

    driver = online(ada="Lima", ben="Rome", cleo="Lima")
    driver.comparer = Asked()
    assert (await driver.run()).agreement == 1.0
    assert driver.comparer.questions == [("lima", "rome")]
