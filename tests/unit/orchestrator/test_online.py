"""The online driver: when text is told, and when experts are asked at the same time."""

import asyncio

import pytest

from experts.scripted import Hang, ScriptedExpert
from experts.types import Answer, Cause, Chunk, Failure, Prompt
from orchestrator.deliberation import Deliberation
from orchestrator.errors import OutOfTime, PanelFailed
from orchestrator.online import Online
from orchestrator.panel import Panel
from orchestrator.policies import Policy
from orchestrator.types import Control, Request, Working
from routing.router import Recruiting
from tests.routes import route_of

WHY = Request(Prompt.of("Why?"))
VOTE = Policy(Recruiting("vote"))
EARLY = Policy(Recruiting("auto"), confidence=0.8)


def online(policy=VOTE, told=None, competence=None, aggregator=None, **said):
    """A driver over experts who say these things; what it tells is appended to `told`."""
    experts = {name: ScriptedExpert(name, default=text) for name, text in said.items()}
    route = route_of(competence or dict.fromkeys(said, 0.6))

    async def listen(events):
        told.extend(events)

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
    assert told == [Working("asking ada, ben"), Chunk(verdict.text)]


async def test_a_lone_expert_is_told_as_it_speaks():
    told = []
    await online(told=told, ada="one two three").run()
    assert told == [Chunk("one "), Chunk("two "), Chunk("three")]


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
    assert told == [Working("asking ada, in about 12 s"), Chunk("one")]


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
    assert told[2:] == [Chunk("both "), Chunk("are "), Chunk("right")]
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


def hurried(driver, seconds=5.0, left=0.02):
    """The driver of a request that has little time left."""
    driver.request = Request(Prompt.of("Why?"), control=Control(seconds=seconds))
    driver.ends = asyncio.get_running_loop().time() + left
    return driver


async def test_when_time_is_over_the_vote_is_over_who_has_replied():
    driver = hurried(online(ada="1", ben=Hang.FOREVER, cleo="1"))
    async with asyncio.timeout(5):
        verdict = await driver.run()
    assert (verdict.answer, verdict.calls) == ("1", 3)
    assert verdict.notes == ("the request's 5 s were over: settled by who had replied",)
    assert [r.expert for r in verdict.replies if isinstance(r, Failure)] == ["ben"]
    assert driver.panel.experts["ben"].running == 0


async def test_when_time_is_over_nobody_else_is_asked_and_the_story_says_so():
    driver = online(EARLY, competence={"ada": 0.85, "ben": 0.6}, ada=Hang.FOREVER, ben="2")
    with pytest.raises(OutOfTime, match="within the request's 5 s"):
        await hurried(driver).run()
    assert driver.panel.experts["ben"].asked == []


async def test_a_vote_that_time_ended_says_so():
    policy = Policy(Recruiting("auto"), confidence=0.99)
    driver = online(policy, ada="1", ben="2")
    driver.deliberation.tell(Answer("ada", "1"))
    verdict = await hurried(driver, left=0).run()
    assert (verdict.answer, verdict.calls) == ("1", 1)
    assert verdict.notes == ("the request's 5 s were over: settled by who had replied",)


@pytest.mark.parametrize("listening", [False, True], ids=["plain", "stream"])
async def test_an_aggregator_that_is_too_late_leaves_it_to_the_vote(listening):
    policy = Policy(Recruiting("synthesize"), "synthesize")
    zoe = ScriptedExpert("zoe", default=Hang.FOREVER)
    driver = online(policy, [] if listening else None, aggregator=zoe, ada="1", ben="2")
    verdict = await hurried(driver).run()
    assert (verdict.aggregator, verdict.calls) == ("vote", 3)
    assert "the request's 5 s were over" in verdict.notes[0]
    assert "the vote stands" in verdict.notes[1]


async def test_an_expert_alone_that_is_too_late_is_an_error_streamed_or_not():
    for told in (None, []):
        with pytest.raises(OutOfTime):
            await hurried(online(told=told, ada=Hang.FOREVER)).run()


async def test_a_text_that_time_cuts_off_is_an_error():
    class Slow(ScriptedExpert):
        async def stream(self, prompt):
            yield [Chunk("It is ")]
            await asyncio.Event().wait()

    told = []
    driver = online(told=told, ada="1")
    driver.panel = Panel({"ada": Slow("ada")})
    with pytest.raises(OutOfTime):
        await hurried(driver).run()
    assert Chunk("It is ") in told


async def test_answers_are_compared_by_their_words_when_there_is_no_time_for_more():
    class Never:
        async def alike(self, questions):
            await asyncio.Event().wait()

    driver = online(ada="It is one.", ben="It is two.")
    driver.comparer = Never()
    assert (await hurried(driver).run()).calls == 2
