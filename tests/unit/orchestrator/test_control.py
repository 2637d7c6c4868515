"""Control: what one request asks of its panel, and who may be asked for it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.cards import Price
from experts.scripted import ScriptedExpert
from experts.types import Prompt, Sampling
from orchestrator.errors import Refused
from orchestrator.policies import POLICIES
from orchestrator.spending import Tariff
from orchestrator.types import Control, Request
from tests.routes import service_of
from tests.streams import streamed

NAMES = ("ada", "ben", "cleo", "dan")
WHY = "Why is the sky blue?"
SYNTHESIS = "The answer is blue."


def service(aggregator=None, tariffs=None):
    experts = {name: ScriptedExpert(name, default=f"It is {name}.") for name in NAMES}
    made = service_of(experts, aggregator)
    made._panel.tariffs = tariffs or {}
    return made


def request(model="vote", max_tokens=None, **control):
    return Request(Prompt.of(WHY, Sampling(max_tokens)), model, control=Control(**control))


def frozen(*names):
    return frozenset(names)


async def panel(model="vote", made=None, **control):
    return (await (made or service()).route(request(model, **control))).panel


@pytest.mark.parametrize("model", POLICIES)
@given(
    size=st.integers(1, 6),
    allow=st.none() | st.frozensets(st.sampled_from(NAMES), min_size=1),
    deny=st.frozensets(st.sampled_from(NAMES), max_size=3),
)
async def test_no_policy_asks_more_than_the_size_or_anybody_who_is_barred(model, size, allow, deny):
    allowed = (frozenset(NAMES) if allow is None else allow) - deny
    asked = request(model, size=size, allow=allow, deny=deny)
    if not allowed:
        with pytest.raises(Refused, match="nobody is left"):
            await service().route(asked)
        return
    route = await service().route(asked)
    assert 1 <= len(route.panel) <= size
    assert set(route.panel) <= allowed
    assert {candidate.expert for candidate in route.candidates} <= allowed


async def test_the_size_may_be_more_than_the_policys_own():
    assert await panel("single", size=2) == ("ada", "ben")
    verdict = await service().answer(request("single", size=2))
    assert (verdict.calls, verdict.aggregator) == (2, "vote")


async def test_with_a_confidence_wanted_asking_stops_when_it_is_there():
    sure = await service().answer(request("everyone", confidence=0.0))
    assert (sure.calls, len(sure.route.panel)) == (1, 4)


@pytest.mark.parametrize(
    ("model", "control", "field", "message"),
    [
        ("vote", {"allow": frozen("ada", "zed")}, "allow", "no expert named 'zed'"),
        ("vote", {"deny": frozen("zed")}, "deny", "no expert named 'zed'"),
        ("ada", {"deny": frozen("ada")}, "deny", "leaves out ada"),
        ("ada", {"allow": frozen("ben")}, "allow", "leaves out ada"),
        ("vote", {"deny": frozen(*NAMES)}, "deny", "nobody is left"),
    ],
    ids=["unknown allowed", "unknown denied", "model denied", "model not allowed", "nobody"],
)
async def test_what_cannot_be_is_refused_naming_field_and_expert(model, control, field, message):
    with pytest.raises(Refused, match=message) as refused:
        await service().answer(request(model, **control))
    assert refused.value.field == field


async def test_an_aggregator_that_is_barred_writes_nothing():
    zoe = ScriptedExpert("zoe", default=SYNTHESIS)
    written = await service(zoe).answer(request("synthesize"))
    voted = await service(zoe).answer(request("synthesize", deny=frozen("zoe")))
    assert (written.aggregator, voted.aggregator) == ("synthesize", "vote")
    assert len(zoe.asked) == 1
    assert "zoe may not be asked: the vote decides" in voted.route.notes


async def test_a_bad_control_in_a_batch_costs_only_itself():
    requests = [request(), request(deny=frozen("zed")), request(size=1)]
    results = dict([item async for item in service().answer_all(requests)])
    assert isinstance(results[1], Refused)
    assert (results[0].calls, results[2].calls) == (3, 1)


DEAR = Tariff(Price(input=0, output=1000.0), max_tokens=10)  # a cent a reply at most
TARIFFS = dict.fromkeys(("ada", "ben"), DEAR) | {"cleo": Tariff(None, 10), "dan": DEAR}


@pytest.mark.parametrize(
    ("dollars", "asked"),
    [(0.005, ("cleo",)), (0.011, ("ada", "cleo")), (0.02, ("ada", "ben", "cleo"))],
)
async def test_a_panel_costs_no_more_than_the_requests_dollars(dollars, asked):
    route = await service(tariffs=TARIFFS).route(request(dollars=dollars))
    assert route.panel == asked
    assert any("the cap of" in note for note in route.notes) is (len(asked) < 3)


async def test_shorter_replies_fit_smaller_budgets():
    with pytest.raises(Refused, match="the cheapest, of ada, may cost") as refused:
        await service(tariffs=dict.fromkeys(NAMES, DEAR)).route(request(dollars=0.000001))
    assert refused.value.field == "budget.dollars"
    assert "$0.000001 pay for no reply" in str(refused.value)
    short = request(max_tokens=1, dollars=0.001)
    assert (await service(tariffs=dict.fromkeys(NAMES, DEAR)).route(short)).panel == ("ada",)


@pytest.mark.parametrize(
    ("dollars", "aggregator"), [(0.04, "synthesize"), (0.015, "vote")], ids=["enough", "too few"]
)
async def test_a_verdict_is_written_only_if_that_can_be_paid_too(dollars, aggregator):
    zoe = ScriptedExpert("zoe", default=SYNTHESIS)
    made = service(zoe, TARIFFS | {"zoe": DEAR})
    verdict = await made.answer(request("synthesize", dollars=dollars))
    assert verdict.aggregator == aggregator


@pytest.mark.parametrize(
    ("dollars", "left"),
    [(0.015, {}), (0.02, {"ada": ("ben",)}), (0.031, {"ada": ("ben", "dan")})],
)
async def test_only_stand_ins_that_can_still_be_paid_for_stand_in(dollars, left):
    made = service(tariffs=TARIFFS)
    made._panel.fallbacks = {"ada": ("ben", "dan")}
    asked = request("single", dollars=dollars)
    assert (await made.route(asked)).stand_ins == left


async def test_a_second_call_at_the_same_time_is_paid_for_too():
    hedged = dict.fromkeys(NAMES, replace(DEAR, calls=2))
    with pytest.raises(Refused, match="may cost"):
        await service(tariffs=hedged).route(request(dollars=0.015))
    assert (await service(tariffs=hedged).route(request(dollars=0.02))).panel == ("ada",)


@pytest.mark.parametrize("writer", ["zoe", "dan"])
async def test_a_request_may_name_who_writes_whoever_else_may_be_asked(writer):
    asked = request("synthesize", allow=frozen("ada", "ben"), writer=writer)
    made = service(ScriptedExpert("zoe", default=SYNTHESIS))
    answered = await made.answer(asked)
    *_, told = await streamed(made, asked)
    batched = dict([item async for item in made.answer_all([asked])])[0]
    for verdict in (answered, told, batched):
        assert (verdict.aggregator, verdict.author, verdict.calls) == ("synthesize", writer, 3)
        assert verdict.route.panel == ("ada", "ben")


async def test_an_expert_writes_where_there_is_no_aggregator():
    verdict = await service().answer(request("synthesize", writer="dan"))
    assert (verdict.aggregator, verdict.author) == ("synthesize", "dan")


async def test_a_writer_that_is_denied_leaves_it_to_the_vote():
    verdict = await service().answer(request("synthesize", writer="dan", deny=frozen("dan")))
    assert (verdict.aggregator, verdict.calls) == ("vote", 3)


async def test_an_unknown_writer_is_refused():
    with pytest.raises(Refused, match="no expert named 'zed'"):
        await service().answer(request("synthesize", writer="zed"))
