"""The service: one request by answer, stream or batch has one verdict, whatever goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import pytest

from api.feed import feeding
from experts.circuit import State
from experts.errors import BackendUnavailable
from experts.scripted import Hang, ScriptedExpert
from experts.types import Cause, Chunk, Prompt, Reply
from orchestrator.batch import LIMITS
from orchestrator.calibration import Calibration
from orchestrator.errors import PanelFailed, UnknownModel
from orchestrator.lessons import Lessons
from orchestrator.panel import Panel
from orchestrator.plan import Plan
from orchestrator.policies import POLICIES, Policy, planned
from orchestrator.service import SLICE, Service
from orchestrator.types import Request, Verdict, Working
from routing.evidence import Evidence, Outcome
from routing.learned import Learned
from routing.router import Growth, Recruiting, Router
from tests.routes import NoSkills, service_of
from tests.streams import streamed
from tests.waiting import until

WHY = "Why is the sky blue?"
OPTIONS = ("scattering", "the sea", "paint")


def request(model="vote", text=WHY, options=()):
    return Request(Prompt.of(text), model, options)


def experts(**said):
    return {name: ScriptedExpert(name, default=text) for name, text in said.items()}


def three():
    return experts(
        ada="It is air. The answer is (A).",
        ben="I saw it. The answer is (B).",
        cleo="It scatters. The answer is (A).",
    )


def split():
    """Three of whom no two agree: there is something to write about."""
    return three() | experts(cleo="It scatters. The answer is (C).")


def zoe(said="Both are heard. The answer is (B)."):
    return ScriptedExpert("zoe", default=said)


async def all_of(service, requests):
    return dict([item async for item in service.answer_all(requests)])


def gist(verdict):
    """Everything but how long it took."""
    replies = [(r.expert, getattr(r, "text", None)) for r in verdict.replies]
    told = (verdict.text, verdict.answer, verdict.author, verdict.aggregator, verdict.confidence)
    route = (verdict.route.panel, verdict.route.candidates, verdict.route.notes)
    return (*told, verdict.agreement, route, verdict.usage, verdict.notes, replies)


@pytest.mark.parametrize("model", [*POLICIES, "ben"])
@pytest.mark.parametrize("options", [(), OPTIONS], ids=["open", "choice"])
async def test_answer_stream_and_batch_give_one_verdict(model, options):
    asked = request(model, options=options)
    answered = await service_of(three(), zoe()).answer(asked)
    *_, last = await streamed(service_of(three(), zoe()), asked)
    batched = await all_of(service_of(three(), zoe()), [asked])
    assert gist(answered) == gist(last) == gist(batched[0])


@pytest.mark.parametrize("model", [*POLICIES, "ben"])
async def test_streamed_texts_join_to_the_verdicts(model):
    *events, verdict = await streamed(service_of(three(), zoe()), request(model))
    assert isinstance(verdict, Verdict)
    assert {type(event) for event in events} <= {Chunk, Working}
    assert "".join(e.text for e in events if isinstance(e, Chunk)) == verdict.text


async def test_a_lone_expert_and_an_aggregator_are_streamed_in_pieces():
    for model in ("ben", "synthesize"):
        events = await streamed(service_of(split(), zoe()), request(model, options=OPTIONS))
        assert sum(isinstance(event, Chunk) for event in events) > 3


async def test_one_slow_and_one_failing_expert_do_not_sink_the_panel():
    panel = three()
    panel["ada"] = ScriptedExpert("ada", default=Hang.FOREVER, seconds=0.01)
    panel["ben"] = ScriptedExpert("ben", default=Cause.REJECTED)
    verdict = await service_of(panel).answer(request(options=OPTIONS))
    assert (verdict.author, verdict.answer, verdict.calls) == ("cleo", "A", 3)


async def test_when_all_fail_each_way_of_asking_says_why():
    panel = {name: ScriptedExpert(name, default=Cause.UNAVAILABLE) for name in ("ada", "ben")}
    service = service_of(panel)
    with pytest.raises(PanelFailed, match=r"ada: unavailable: .*; ben: unavailable: "):
        await service.answer(request())
    with pytest.raises(PanelFailed):
        await streamed(service, request())
    with pytest.raises(PanelFailed):
        await streamed(service, request("ada"))
    assert isinstance((await all_of(service, [request()]))[0], PanelFailed)


async def test_an_aggregator_that_fails_leaves_the_vote():
    service = service_of(split(), zoe(Cause.UNAVAILABLE))
    for verdict in (
        await service.answer(request("synthesize", options=OPTIONS)),
        (await streamed(service, request("synthesize", options=OPTIONS)))[-1],
    ):
        assert (verdict.answer, verdict.aggregator) == ("A", "vote")
        assert "the vote stands" in verdict.notes[0]


async def test_what_the_vote_may_overrule_is_not_streamed_before_it_is_known_to_stand():
    said = dict(zip("abcde", "AABBC", strict=True))
    panel = experts(**{name: f"The answer is ({letter})." for name, letter in said.items()})
    wide = {"synthesize": Policy(Recruiting("synthesize", size=5), "synthesize")}
    for letter, aggregator in (("B", "synthesize"), ("C", "vote")):
        writer = zoe(f"I was told so. The answer is ({letter}).")
        service = service_of(panel, writer, wide)
        asked = request("synthesize", options=OPTIONS)
        *events, verdict = await streamed(service, asked)
        assert "".join(e.text for e in events if isinstance(e, Chunk)) == verdict.text
        assert verdict.aggregator == aggregator
        assert gist(verdict) == gist(await service.answer(asked))


async def test_without_an_aggregator_policies_that_want_one_vote():
    verdict = await service_of(three(), None).answer(request("synthesize", options=OPTIONS))
    assert (verdict.answer, verdict.aggregator, verdict.calls) == ("A", "vote", 3)


async def test_an_unknown_model_is_refused_before_anyone_is_asked():
    panel = three()
    with pytest.raises(UnknownModel, match=r"no model named 'votes'; use one of auto, .*, ada"):
        await service_of(panel).answer(request("votes"))
    assert not any(expert.asked for expert in panel.values())


async def test_an_unknown_model_costs_only_its_own_line():
    verdicts = await all_of(service_of(three()), [request(), request("nope"), request("ben")])
    assert isinstance(verdicts.pop(1), UnknownModel)
    assert {place: verdict.author for place, verdict in verdicts.items()} == {0: "ada", 2: "ben"}


@pytest.mark.parametrize("waits", [False, True], ids=["iterable", "async iterable"])
async def test_a_batch_may_come_from_any_iterable_or_async_iterable(waits):
    asked = [request(model, f"Is it {n}?") for n in range(300) for model in ("vote", "ben", "nope")]

    async def come():
        for its in asked:
            yield its

    found = await all_of(service_of(three()), come() if waits else iter(asked))
    assert sorted(found) == list(range(len(asked)))
    for place, verdict in found.items():
        if place % 3 == 2:
            assert isinstance(verdict, UnknownModel)
        else:
            assert verdict.route.policy == asked[place].model


@pytest.mark.parametrize("model", ["ada", "nope"])
async def test_a_batch_without_end_is_read_no_further_ahead_than_its_bounds(model):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield request(model, f"Is it {read}?")

    done = 0
    async with aclosing(service_of(experts(ada="Yes.")).answer_all(endless())) as found:
        async for _ in found:
            assert read <= done + LIMITS.live + 3 * SLICE + 1
            done += 1
            if done == 4_000:
                break


async def test_later_lines_are_routed_while_earlier_ones_are_still_asked():
    panel = {"ada": ScriptedExpert("ada", default=Hang.FOREVER), **experts(ben="Yes.")}
    more = asyncio.Event()

    async def come():
        yield request("ada")
        await more.wait()
        yield request("ben")

    async with aclosing(service_of(panel).answer_all(come())) as found:
        first = asyncio.create_task(anext(found))
        await until(lambda: panel["ada"].running == 1)
        more.set()
        assert (await first)[0] == 1
        assert panel["ada"].running == 1


async def test_a_batch_closed_early_cancels_its_experts_and_leaves_no_task():
    panel = {name: ScriptedExpert(name, default=Hang.FOREVER) for name in ("ada", "ben")}
    before = asyncio.all_tasks()
    asked = (request("vote", f"Is it {n}?") for n in range(10_000))
    async with aclosing(service_of(panel).answer_all(asked)) as found:
        first = asyncio.create_task(anext(found))
        await until(lambda: all(expert.running for expert in panel.values()))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert not any(expert.running for expert in panel.values())
    assert asyncio.all_tasks() == before


class Local(ScriptedExpert):
    """Scripted, with weights that may be elsewhere."""

    resident = False


def frugal(loss=0.2, **resident):
    """A service that exchanges, whose experts have their weights there or not."""
    panel = {name: Local(name, default=name) for name in resident}
    for name, there in resident.items():
        panel[name].resident = there
    policies = {
        name: replace(policy, exchange=loss) if name == "single" else policy
        for name, policy in POLICIES.items()
    }
    return service_of(panel, zoe(), policies)


async def test_where_a_loss_is_permitted_whose_weights_are_there_is_asked_and_the_story_says_so():
    service = frugal(ada=False, ben=True, cleo=True)
    for verdict in (
        await service.answer(request("single")),
        (await streamed(service, request("single")))[-1],
        (await all_of(service, [request("single")]))[0],
    ):
        assert verdict.author == "ben"
        assert verdict.route.notes[-1].startswith("would have asked ada (0.8")
    assert (await service.route(request("single"))).panel == ("ben",)


@pytest.mark.parametrize("model", [*(name for name in POLICIES if name != "single"), "ada"])
async def test_nobody_is_exchanged_where_no_loss_is_permitted(model):
    asked = request(model)
    there = await frugal(ada=True, ben=True, cleo=True).route(asked)
    away = await frugal(ada=False, ben=True, cleo=True).route(asked)
    assert (away.panel, away.notes) == (there.panel, there.notes)


async def test_an_expert_that_much_of_a_batch_recruits_is_loaded_for_it():
    service = frugal(ada=False, ben=True)
    few = await all_of(service, [request("single")] * 12)
    assert {verdict.author for verdict in few.values()} == {"ben"}
    many = await all_of(service, [request("single")] * 13)
    assert {verdict.author for verdict in many.values()} == {"ada"}


async def test_a_cancelled_answer_cancels_its_experts():
    panel = {name: ScriptedExpert(name, default=Hang.FOREVER) for name in ("ada", "ben")}
    before = asyncio.all_tasks()
    answering = asyncio.create_task(service_of(panel).answer(request()))
    await until(lambda: all(expert.running for expert in panel.values()))
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    assert not any(expert.running for expert in panel.values())
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("model", ["vote", "ada"])
async def test_a_stream_closed_early_cancels_its_experts_and_leaves_no_task(model):
    panel = {name: ScriptedExpert(name, default=Hang.FOREVER) for name in ("ada", "ben")}
    before = asyncio.all_tasks()
    reading = asyncio.create_task(streamed(service_of(panel), request(model)))
    await until(lambda: panel["ada"].running == 1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert not any(expert.running for expert in panel.values())
    assert asyncio.all_tasks() == before


async def test_an_expert_waits_for_a_listener_who_takes_its_time():
    long, heard, waiting = experts(ada="word " * 2_000), [], asyncio.Event()

    async def listener(events):
        heard.extend(events)
        await waiting.wait()

    answering = asyncio.create_task(service_of(long).answer(request("ada"), listener))
    await until(lambda: heard)
    assert heard == [Chunk("word ")]
    waiting.set()
    await answering
    assert "".join(event.text for event in heard) == "word " * 2_000


class BreaksOff:
    """An expert whose stream fails after some text."""

    name = "ada"

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        raise AssertionError("it is streamed")

    async def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        yield [Chunk("Once upon ")]
        raise BackendUnavailable("connection lost")


async def test_an_expert_that_breaks_off_after_some_text_raises():
    service = service_of({"ada": BreaksOff()})
    async with feeding(partial(service.answer, request("ada"))) as feed:
        assert await feed.next(5) == [Chunk("Once upon ")]
        with pytest.raises(BackendUnavailable, match="connection lost"):
            await feed.next(5)


async def test_the_route_alone_asks_nobody():
    panel = three()
    route = await service_of(panel).route(request("single"))
    assert route.panel == ("ada",)
    assert not any(expert.asked for expert in panel.values())


async def test_every_way_of_asking_goes_by_what_was_learned():
    lessons = Lessons(calibration=Calibration(((-2.0, 1.0),)))
    asked = request("ben", options=OPTIONS)
    plain = (await service_of(three()).answer(asked)).confidence
    service = service_of(three(), lessons=lessons)
    *_, streamed_ = await streamed(service, asked)
    for verdict in (await service.answer(asked), streamed_, (await all_of(service, [asked]))[0]):
        assert verdict.confidence == pytest.approx(lessons.calibration(plain, 1))


async def test_why_the_plan_is_what_it_is_comes_with_the_route():
    plan = Plan("overall", 1, None, 0.8, 1.0, ("nothing else pays",))
    service = service_of(three(), policies={"auto": planned(plan)})
    route = await service.route(request("auto"))
    assert route.panel == ("ada",)
    assert route.notes[0] == "nothing else pays"


async def test_experts_read_the_options_and_the_router_does_not():
    panel = three()
    await service_of(panel).answer(request("ada", options=OPTIONS))
    assert "A. scattering" in panel["ada"].asked[0].text


def test_a_service_lists_its_policies_and_experts():
    service = service_of(three())
    assert service.policies == tuple(POLICIES)
    assert service.experts == ("ada", "ben", "cleo")


async def test_timings_say_where_the_time_went():
    slow = {"ada": ScriptedExpert("ada", default="yes", delay=0.01)}
    timings = (await service_of(slow).answer(request())).timings
    assert timings.panel >= 0.01
    assert timings.total == timings.route + timings.panel + timings.aggregate


def backed_up(**fallbacks):
    """A service in which ada and zoe, the aggregator, fail for now."""
    said = experts(ben="It is (B).", cleo="It is (C).", dan="It is (D).")
    down = {"ada": ScriptedExpert("ada", default=Cause.TIMEOUT)}
    service = service_of({**down, **said}, zoe(Cause.UNAVAILABLE))
    service._panel.fallbacks = fallbacks
    return service


@pytest.mark.parametrize("model", ["ada", "single", "vote", "synthesize"])
async def test_stand_ins_are_asked_alike_by_answer_stream_and_batch(model):
    asked, chains = request(model), {"ada": ("dan",), "zoe": ("cleo",)}
    answered = await backed_up(**chains).answer(asked)
    *_, last = await streamed(backed_up(**chains), asked)
    batched = await all_of(backed_up(**chains), [asked])
    assert gist(answered) == gist(last) == gist(batched[0])
    assert answered.replaced == last.replaced == (("ada", "dan"),)
    if model == "synthesize":
        assert (answered.author, answered.calls) == ("cleo", 6)


class LeftAlone(ScriptedExpert):
    circuit = State.OPEN


async def test_who_keeps_failing_is_not_recruited_and_the_next_best_is():
    ada = LeftAlone("ada", default="It is (A).")
    service = service_of({"ada": ada, **experts(ben="It is (B).", cleo="It is (C).")})
    verdict = await service.answer(request("single"))
    assert (verdict.author, ada.asked) == ("ben", [])
    assert verdict.route.notes[-1].startswith("ada has failed lately")
    ada.circuit = State.CLOSED
    assert (await service.answer(request("single"))).author == "ada"


async def test_who_is_named_by_a_request_is_asked_whatever_its_circuit():
    ada = LeftAlone("ada", default="It is (A).")
    service = service_of({"ada": ada, **experts(ben="It is (B).")})
    assert (await service.answer(request("ada"))).author == "ada"


async def test_questions_of_several_tenants_in_one_batch_have_each_its_tenants_route():
    learned = Learned(100.0)
    learned.learn("acme", Evidence.of([Outcome("cleo", "", 1.0)] * 50))
    evidence = Evidence.of([Outcome(name, "any", 0.5) for name in ("ada", "ben", "cleo")] * 9)
    router = Router(tuple(three()), NoSkills(), evidence, growth=Growth(learned=learned))
    service = Service(Panel(three()), router)
    asked = [replace(request("single"), tenant=tenant) for tenant in ("", "acme", "umbrella") * 3]
    batched = await all_of(service, asked)
    assert [batched[i].route.panel for i in range(9)] == [("ada",), ("cleo",), ("ada",)] * 3
    assert [(await service.route(each)).panel for each in asked[:3]] == [
        *(("ada",), ("cleo",), ("ada",))
    ]
    pinned = await service.route(replace(request("cleo"), tenant="acme"))
    assert pinned.competence("cleo") > 0.8
