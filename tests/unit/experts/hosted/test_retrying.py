"""Deadlines and second tries: when a failed call is made again, and when it no longer helps."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.errors import BackendRejected, BackendTimeout, BackendUnavailable, EmptyReply
from experts.hosted.retrying import Retries, RetryingBackend
from experts.types import Answer, CallPiece, Chunk, Prompt, Usage
from tests.waiting import until

PROMPT = Prompt.of("Why?")
SOON = Retries(pause=0.001)
END = Chunk("", "stop", Usage())


class Backend:
    """Plays one list of steps a call: chunks, errors to raise, seconds to wait."""

    def __init__(self, *calls):
        self.calls = list(calls)
        self.made = 0
        self.open = 0

    async def reply(self, prompt):
        async with aclosing(self.stream(prompt)) as chunks:
            return Answer("ada", "".join([chunk.text async for chunk in chunks]))

    async def stream(self, prompt):
        steps = self.calls[min(self.made, len(self.calls) - 1)]
        self.made += 1
        self.open += 1
        try:
            for step in steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.open -= 1


async def asked(backend, seconds=5.0):
    return (await RetryingBackend(backend, seconds, SOON).reply(PROMPT)).text


async def streamed(backend, seconds=5.0):
    return "".join(
        [chunk.text async for chunk in RetryingBackend(backend, seconds, SOON).stream(PROMPT)]
    )


ways = pytest.mark.parametrize("way", [asked, streamed])


@ways
async def test_what_may_pass_is_tried_again_twice(way):
    down = [BackendUnavailable("down")]
    backend = Backend(down, down, [Chunk("yes"), END])
    assert await way(backend) == "yes"
    assert backend.made == 3


@ways
async def test_the_third_failure_is_the_last(way):
    backend = Backend([BackendUnavailable("1")], [BackendUnavailable("2")], [BackendTimeout("3")])
    with pytest.raises(BackendTimeout, match="3"):
        await way(backend)
    assert backend.made == 3


@ways
@pytest.mark.parametrize("error", [BackendRejected("no"), EmptyReply("nothing")], ids=repr)
async def test_what_will_not_pass_is_not_tried_again(way, error):
    backend = Backend([error])
    with pytest.raises(type(error)):
        await way(backend)
    assert backend.made == 1


@ways
async def test_a_wait_past_the_deadline_is_not_begun(way):
    backend = Backend([BackendUnavailable("busy", retry_after=60.0)])
    async with asyncio.timeout(1):
        with pytest.raises(BackendUnavailable, match="busy"):
            await way(backend)
    assert backend.made == 1


@ways
async def test_the_time_a_backend_asks_for_is_waited(way):
    backend = Backend([BackendUnavailable("busy", retry_after=0.05)], [Chunk("yes"), END])
    started = asyncio.get_running_loop().time()
    assert await way(backend) == "yes"
    assert asyncio.get_running_loop().time() - started >= 0.05


@ways
async def test_the_deadline_holds_over_all_tries(way):
    backend = Backend([0.03, BackendUnavailable("down")], [60.0])
    with pytest.raises(BackendTimeout, match="within"):
        async with asyncio.timeout(2):
            await way(backend, 0.1)
    assert backend.open == 0


async def test_after_something_was_sent_on_a_stream_is_not_begun_again():
    backend = Backend([Chunk("half"), BackendUnavailable("cut")])
    chunks = RetryingBackend(backend, 5.0, SOON).stream(PROMPT)
    assert await anext(chunks) == Chunk("half")
    with pytest.raises(BackendUnavailable, match="cut"):
        await anext(chunks)
    assert backend.made == 1


async def test_a_first_token_that_does_not_come_leaves_time_for_another_try():
    backend = Backend([60.0], [Chunk("yes"), END])
    assert await streamed(backend, 0.2) == "yes"
    assert backend.made == 2


async def test_thinking_counts_as_a_first_token_and_is_not_sent_on():
    backend = Backend([Chunk(""), 0.15, Chunk("yes"), END])
    chunks = [chunk async for chunk in RetryingBackend(backend, 0.2, SOON).stream(PROMPT)]
    assert chunks == [Chunk("yes"), END]


async def test_calls_of_tools_are_sent_on():
    call = Chunk("", calls=(CallPiece(0, "{}", "call_1", "weather"),))
    chunks = RetryingBackend(Backend([call, END]), 5.0, SOON).stream(PROMPT)
    assert [chunk async for chunk in chunks] == [call, END]


async def test_a_reader_that_takes_its_time_is_not_interrupted():
    backend = Backend([Chunk("a"), Chunk("b"), END])
    chunks = RetryingBackend(backend, 0.05, SOON).stream(PROMPT)
    await anext(chunks)
    await asyncio.sleep(0.1)  # past the deadline, but it is no timeout of the reader's
    assert (await anext(chunks)).text == "b"


@ways
async def test_cancelling_frees_the_backend(way):
    backend = Backend([60.0])
    task = asyncio.create_task(way(backend))
    await until(lambda: backend.open == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert backend.open == 0


@given(
    st.integers(1, 5),
    st.floats(0, 100),
    st.floats(0, 1),
    st.none() | st.floats(0, 100),
)
def test_a_wait_ends_before_the_deadline_and_never_before_its_time(failed, left, jitter, asked_for):
    wait = Retries().wait(BackendUnavailable("", asked_for), failed, left, jitter)
    if wait is not None:
        assert failed <= 2
        assert (0.25 if asked_for is None else asked_for) <= wait < left
