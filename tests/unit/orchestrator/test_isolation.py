"""A question's route and verdict are the same alone and in any company, however it is asked."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.types import Prompt
from orchestrator.errors import OrchestratorError
from orchestrator.grading import as_evidence
from orchestrator.panel import Panel
from orchestrator.service import Service
from orchestrator.types import Request, Verdict
from routing.profile import Profile
from routing.remembered import RememberedNeeds
from routing.router import Router
from tests.company import POLICIES, TENANTS, Telltale, crowd, gist, hostile
from tests.encoders import BagOfWords
from tests.streams import streamed as told
from tests.worlds import world

NAMES = ("ada", "ben", "cleo", "dan", "eve")
RATES = {name: {"algebra": 0.3 + 0.1 * i, "history": 0.8 - 0.1 * i} for i, name in enumerate(NAMES)}
VICTIM = Request(Prompt.of("algebra: which is even?"), options=("1", "2", "3"), tenant="acme")


async def _learned():
    profile = await Profile.of(map(as_evidence, world(RATES, 240)), BagOfWords())
    return profile, profile.channel(BagOfWords())


PROFILE, CHANNEL = asyncio.run(_learned())


def service():
    channel = RememberedNeeds(CHANNEL)
    router = Router(NAMES, channel, PROFILE.evidence, PROFILE.affinity(NAMES))
    panel = Panel({name: Telltale(name) for name in NAMES}, Telltale("zoe"))
    return Service(panel, router)


async def in_a_batch(service, requests, place):
    found = {i: outcome async for i, outcome in service.answer_all(requests)}
    assert len(found) == len(requests)
    return found[place]


async def streamed(service, request):
    return (await told(service, request))[-1]


async def beside(asking, service, others):
    """What the first of these comes to, while the others are answered as well."""
    tasks = [asyncio.create_task(service.answer(other), name="neighbour") for other in others]
    found = await asking
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, Verdict | OrchestratorError)
    return found


VICTIMS = st.builds(
    Request,
    st.sampled_from([VICTIM.prompt, Prompt.of("history: who was it?"), Prompt.of("\u2460 or 2?")]),
    st.sampled_from(POLICIES),
    st.sampled_from([(), VICTIM.options]),
    tenant=st.sampled_from(TENANTS),
)
COMPANY = VICTIMS.flatmap(
    lambda victim: st.tuples(st.just(victim), st.lists(hostile(victim), max_size=8))
)


@settings(deadline=None, max_examples=50)
@given(COMPANY, st.data())
def test_whoever_else_asks_and_in_whatever_order_the_verdict_is_the_same(company, data):
    victim, others = company
    place = data.draw(st.integers(0, len(others)))
    batch = [*others[:place], victim, *others[place:]]

    async def check():
        alone = gist(await service().answer(victim))
        shared = service()
        await beside(asyncio.sleep(0), shared, others)  # it has answered them before
        assert gist(await in_a_batch(shared, batch, place)) == alone
        assert gist(await beside(shared.answer(victim), shared, others)) == alone
        assert gist(await beside(streamed(shared, victim), shared, others)) == alone
        first, second = await beside(shared.answer_each([victim, victim]), shared, others)
        assert gist(first) == gist(second) == alone
        again = await shared.route(victim)
        assert (again.panel, again.candidates) == (alone[-4], alone[-2])

    asyncio.run(check())


@pytest.mark.parametrize("model", ["auto", "synthesize"])
async def test_a_crowd_after_the_same_expert_pushes_nobody_off_a_panel(model):
    """Where experts have so many places for a batch, who fills them decides for others (Hayes et
    al. 2024, "Buffer Overflow in Mixture of Experts"). Here there are no such places."""
    victim = Request(VICTIM.prompt, model, VICTIM.options, tenant="acme")
    alone = gist(await service().answer(victim))
    others = crowd(victim, 2000)
    assert (
        gist(await in_a_batch(service(), [*others[:1500], victim, *others[1500:]], 1500)) == alone
    )


@settings(max_examples=25)
@given(st.text(), st.text(), st.text())
def test_a_tenants_name_changes_no_route(text, one, other):
    async def route(tenant):
        return await service().route(Request(Prompt.of(text), "random", tenant=tenant))

    first, second = asyncio.run(route(one)), asyncio.run(route(other))
    assert (first.panel, first.candidates) == (second.panel, second.candidates)
