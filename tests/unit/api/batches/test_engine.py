"""The engine over a real service of scripted experts: every line one result, in the end."""

import asyncio
from dataclasses import dataclass, field

import pytest

from api.batches.engine import Engine, tries
from api.batches.line import ChatLine
from api.batches.purse import NotYet, Ticket
from api.keys.errors import OverLimit
from api.keys.estimates import NOTHING, Estimate
from api.keys.metered import Bill
from experts.scripted import ScriptedExpert
from experts.types import Cause, Failure
from orchestrator.errors import OutOfTime, PanelFailed, UnknownModel
from tests.batches import each, line
from tests.routes import service_of
from tests.unit.api.scripted import verdict
from tests.waiting import until


def asked(number, model="ada", **more):
    return ChatLine(number, f"q{number}", line(number, model, **more)["body"])


@dataclass
class Kept:
    """A sink that remembers."""

    results: dict = field(default_factory=dict)

    async def record(self, line, result):
        assert line.number not in self.results
        self.results[line.number] = result

    @property
    def failed(self):
        return {number for number, result in self.results.items() if result.failed}


class Recovering:
    """An expert that fails so many times, and then replies."""

    def __init__(self, name, times, cause=Cause.UNAVAILABLE):
        self.name, self.left, self.cause, self.calls = name, times, cause, 0

    async def ask(self, prompts):
        self.calls += len(prompts)
        replies = []
        for prompt in prompts:
            said = self.cause if self.left > 0 else "Yes."
            self.left -= 1
            replies += await ScriptedExpert(self.name, default=said).ask([prompt])
        return replies


@dataclass
class Purse:
    """Refuses what it is told to, and counts."""

    refusals: dict = field(default_factory=dict)  # by question, in order
    reserved: list = field(default_factory=list)
    settled: list = field(default_factory=list)

    async def reserve(self, request):
        waiting = self.refusals.get(request.prompt.text)
        if waiting:
            raise waiting.pop(0)
        self.reserved.append(Ticket(Bill(Estimate(NOTHING))))
        return self.reserved[-1]

    async def settle(self, ticket, outcome):
        self.settled.append(ticket)


def engine(sink, experts=None, purse=None, **more):
    experts = experts or [ScriptedExpert("ada", default="Yes.")]
    service = service_of({expert.name: expert for expert in experts})
    return Engine(service, sink, purse, pauses=(0.0,), **more)


async def test_every_line_has_its_result_and_one_that_cannot_be_asked_costs_itself():
    sink = Kept()
    items = [asked(1), asked(2, "nobody"), asked(3, temperature=9), asked(4, "vote")]
    await engine(sink).answer(each(items))
    assert sink.results.keys() == {1, 2, 3, 4}
    assert sink.failed == {2, 3}


async def test_what_may_pass_is_asked_again_until_it_has():
    sink, expert = Kept(), Recovering("ada", 7)
    await engine(sink, [expert]).answer(each([asked(n) for n in range(5)]))
    assert (len(sink.results), sink.failed, expert.calls) == (5, set(), 12)


async def test_nothing_is_asked_more_often_than_it_may():
    sink, expert = Kept(), Recovering("ada", 100)
    await engine(sink, [expert], most=3).answer(each([asked(1), asked(2)]))
    assert (sink.failed, expert.calls) == ({1, 2}, 6)


async def test_a_refusal_is_the_result_at_once():
    sink, expert = Kept(), Recovering("ada", 100, Cause.REJECTED)
    await engine(sink, [expert]).answer(each([asked(1)]))
    assert (sink.failed, expert.calls) == ({1}, 1)


async def test_of_lines_that_fail_only_so_many_are_held_and_the_rest_is_left():
    sink = Kept()
    items = [asked(n) for n in range(10)]
    expert = Recovering("ada", 10)
    await engine(sink, [expert], held=3).answer(each(items))
    assert (len(sink.results), sink.failed) == (3, set())
    left = [item for item in items if item.number not in sink.results]
    await engine(sink, [expert], held=3).answer(each(left))
    assert (len(sink.results), sink.failed) == (10, set())


async def test_lines_go_on_while_others_wait_to_be_asked_again():
    sink = Kept()
    experts = [Recovering("ada", 10**9), ScriptedExpert("bob", default="Yes.")]
    service = service_of({expert.name: expert for expert in experts})
    working = Engine(service, sink, pauses=(3600.0,))
    items = [asked(n, "bob" if n % 2 else "ada") for n in range(100)]
    answering = asyncio.create_task(working.answer(each(items)))
    await until(lambda: len(sink.results) == 50)
    working.stop()
    await asyncio.wait_for(answering, 5)
    assert sink.results.keys() == set(range(1, 100, 2))


async def test_a_stop_lets_what_is_asked_get_its_result_and_asks_no_more():
    sink = Kept()
    working = engine(sink)

    async def lines():
        yield asked(1)
        working.stop()
        yield asked(2)
        yield asked(3)

    await working.answer(lines())
    assert sink.results.keys() <= {1, 2}
    assert 1 in sink.results


async def test_a_line_waits_for_its_keys_limits_and_others_have_their_results():
    purse = Purse({"Is it 2?": [NotYet(0.001), NotYet(0.001)]})
    sink = Kept()
    await engine(sink, purse=purse).answer(each([asked(n) for n in (1, 2, 3)]))
    assert (len(sink.results), sink.failed) == (3, set())
    assert len(purse.reserved) == len(purse.settled) == 3


async def test_where_limits_leave_no_room_for_long_the_engine_says_until_when():
    purse, sink = Purse({"Is it 2?": [NotYet(3600)]}), Kept()
    working = engine(sink, purse=purse)
    await working.answer(each([asked(n) for n in (1, 2, 3)]))
    assert working.wait == 3600
    assert sink.results.keys() == {1}


async def test_a_line_that_no_limit_will_ever_let_by_is_an_error_of_its_own():
    never = OverLimit("raise the limit", budget=False, seconds=None)
    sink = Kept()
    await engine(sink, purse=Purse({"Is it 2?": [never]})).answer(each([asked(1), asked(2)]))
    assert sink.failed == {2}
    told = sink.results[2].document["response"]
    assert (told["status_code"], told["body"]["error"]["code"]) == (429, "rate_limit_exceeded")


async def test_what_breaks_settles_all_that_was_reserved():
    class Broken(Kept):
        async def record(self, line, result):
            raise ZeroDivisionError

    purse = Purse()
    with pytest.raises(ZeroDivisionError):
        await engine(Broken(), purse=purse).answer(each([asked(n) for n in range(9)]))
    assert {id(ticket) for ticket in purse.settled} == {id(ticket) for ticket in purse.reserved}


@pytest.mark.parametrize(
    ("outcome", "times"),
    [
        (verdict(), 1),
        (UnknownModel("x", ["ada"]), 1),
        (PanelFailed([Failure("ada", Cause.REJECTED, "")]), 1),
        (PanelFailed([Failure("ada", Cause.TIMEOUT, "")]), 3),
        (
            PanelFailed([Failure("ada", Cause.TIMEOUT, ""), Failure("b", Cause.UNAVAILABLE, "")]),
            30,
        ),
        (OutOfTime(1, [Failure("ada", Cause.TIMEOUT, "")]), 1),
    ],
    ids=["verdict", "unknown", "rejected", "timeout", "unavailable", "out of time"],
)
def test_how_often_a_line_is_asked_depends_on_what_went_wrong(outcome, times):
    assert tries(outcome) == times
