"""Second calls: when they are made, how many there may be, and who is cancelled."""

import asyncio
from collections import deque
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.errors import BackendUnavailable
from experts.hosted.hedging import BURST, ENOUGH, Allowance, HedgingBackend, late
from experts.types import Answer, Chunk, Prompt, Usage
from tests.streams import gathered
from tests.virtual_time import in_virtual_time

PROMPT = Prompt.of("Why?")


class Backend:
    """Its calls begin after so many seconds, the last ones for ever; an error is raised then."""

    def __init__(self, *calls):
        self.calls = deque(calls)
        self.made = self.open = 0

    async def reply(self, prompt):
        async with aclosing(self.stream(prompt)) as chunks:
            text = "".join([chunk.text for chunk in await gathered(chunks)])
        return Answer("ada", text, Usage(3, 2, 0.5))

    async def stream(self, prompt):
        then = self.calls.popleft() if len(self.calls) > 1 else self.calls[0]
        seconds, error = then if isinstance(then, tuple) else (then, None)
        self.made += 1
        number = self.made
        self.open += 1
        try:
            await asyncio.sleep(seconds)
            if error:
                raise error
            yield [Chunk(f"call {number}")]
            yield [Chunk("", "stop", Usage(3, 2, 0.5))]
        finally:
            self.open -= 1


async def asked(hedging):
    answer = await hedging.reply(PROMPT)
    return answer.text, answer.usage


async def streamed(hedging):
    chunks = await gathered(hedging.stream(PROMPT))
    return "".join(chunk.text for chunk in chunks), chunks[-1].usage


def hedged(backend, after=2.0, saved=True):
    return HedgingBackend(backend, after, share=1.0 if saved else 0.25)


ways = pytest.mark.parametrize("way", [asked, streamed])


@ways
@in_virtual_time
async def test_a_call_that_is_slow_to_begin_is_made_again_and_the_first_to_begin_is_taken(way):
    backend = Backend(60.0, 1.0)
    text, usage = await way(hedged(backend))
    assert (text, backend.made, backend.open) == ("call 2", 2, 0)
    assert usage.untold == 1


@ways
@in_virtual_time
async def test_the_first_call_may_win_after_all(way):
    backend = Backend(3.0, 60.0)
    assert (await way(hedged(backend)))[0] == "call 1"
    assert (backend.made, backend.open) == (2, 0)


@ways
@in_virtual_time
async def test_a_call_that_begins_in_time_is_made_once_and_all_is_told(way):
    backend = Backend(1.0)
    assert (await way(hedged(backend)))[1].untold == 0
    assert backend.made == 1


@ways
@in_virtual_time
async def test_one_that_fails_leaves_it_to_the_other(way):
    backend = Backend((3.0, BackendUnavailable("first")), 4.0)
    assert (await way(hedged(backend)))[0] == "call 2"


@ways
@in_virtual_time
async def test_where_both_fail_the_first_ones_reason_is_told(way):
    failing = [(3.0, BackendUnavailable("first")), (0.5, BackendUnavailable("second"))]
    with pytest.raises(BackendUnavailable, match="first"):
        await way(hedged(Backend(*failing)))


@ways
@in_virtual_time
async def test_a_call_that_fails_at_once_is_not_made_again_here(way):
    backend = Backend((0.1, BackendUnavailable("down")))
    with pytest.raises(BackendUnavailable):
        await way(hedged(backend))
    assert backend.made == 1


@ways
@in_virtual_time
async def test_cancelling_frees_both_calls(way):
    backend = Backend(60.0, 60.0)
    task = asyncio.create_task(way(hedged(backend)))
    await asyncio.sleep(5.0)
    assert backend.open == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert backend.open == 0


@ways
@in_virtual_time
async def test_two_that_begin_at_the_same_moment_leave_nothing_open(way):
    backend = Backend(3.0, 1.0)
    await way(hedged(backend))
    assert backend.open == 0


@in_virtual_time
async def test_no_more_than_the_share_of_calls_is_made_again():
    backend = Backend(3.0)
    hedging = hedged(backend, saved=False)
    for _ in range(12):
        await hedging.reply(PROMPT)
    assert backend.made == 12 + 3


@in_virtual_time
async def test_the_95th_percentile_is_learned_from_the_experts_own_calls():
    backend = Backend(*[1.0] * ENOUGH, 60.0, 0.5)
    hedging = hedged(backend, after=None)
    for _ in range(ENOUGH):
        await hedging.reply(PROMPT)
    assert backend.made == ENOUGH
    assert (await hedging.reply(PROMPT)).text == f"call {ENOUGH + 2}"


def test_little_that_is_known_is_no_percentile():
    assert late([1.0] * (ENOUGH - 1)) is None
    assert late([*[1.0] * 95, *[9.0] * 5]) == 9.0


@given(st.floats(0.01, 1.0), st.lists(st.booleans(), max_size=300))
def test_second_calls_are_never_more_than_their_share(share, slow):
    allowance, twice = Allowance(share), 0
    for calls, late_one in enumerate(slow, start=1):
        allowance = allowance.earned()
        if late_one and (left := allowance.spent()):
            allowance, twice = left, twice + 1
        assert twice <= share * calls + 1e-6
        assert -1e-9 <= allowance.saved <= BURST
