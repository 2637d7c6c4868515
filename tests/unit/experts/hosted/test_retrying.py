"""Deadlines and second tries: when a failed call is made again, and when it no longer helps."""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.circuit import Circuit, State, Tripping
from experts.errors import (
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    CircuitOpen,
    EmptyReply,
)
from experts.hosted.breaking import Breaker
from experts.hosted.retrying import Deadlines, Retries, RetryingBackend
from experts.types import Answer, CallPiece, Chunk, Priority, Prompt, Usage
from tests.streams import gathered
from tests.virtual_time import in_virtual_time
from tests.waiting import until

PROMPT = Prompt.of("Why?")
OF_A_FILE = replace(PROMPT, priority=Priority.BATCH)
PATIENT = Deadlines(5.0)
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
            return Answer("ada", "".join([chunk.text for chunk in await gathered(chunks)]))

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
                    yield [step]
        finally:
            self.open -= 1


def retrying(backend, deadlines, breaker):
    return RetryingBackend(backend, deadlines, SOON, breaker)


async def asked(backend, deadlines=PATIENT, breaker=None, prompt=PROMPT):
    return (await retrying(backend, deadlines, breaker).reply(prompt)).text


async def streamed(backend, deadlines=PATIENT, breaker=None, prompt=PROMPT):
    chunks = retrying(backend, deadlines, breaker).stream(prompt)
    return "".join([chunk.text for chunk in await gathered(chunks)])


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
    async with asyncio.timeout(10):
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
        async with asyncio.timeout(10):
            await way(backend, Deadlines(0.1))
    assert backend.open == 0


async def test_after_something_was_sent_on_a_stream_is_not_begun_again():
    backend = Backend([Chunk("half"), BackendUnavailable("cut")])
    chunks = RetryingBackend(backend, Deadlines(5.0), SOON).stream(PROMPT)
    assert await anext(chunks) == [Chunk("half")]
    with pytest.raises(BackendUnavailable, match="cut"):
        await anext(chunks)
    assert backend.made == 1


async def test_a_first_token_that_does_not_come_leaves_time_for_another_try():
    backend = Backend([60.0], [Chunk("yes"), END])
    assert await streamed(backend, Deadlines(0.2)) == "yes"
    assert backend.made == 2


@in_virtual_time
async def test_a_first_token_that_does_not_come_in_its_time_is_given_up():
    backend = Backend([3.0, Chunk("late"), END], [1.0, Chunk("yes"), END])
    assert await streamed(backend, Deadlines(60.0, first_token=2.0)) == "yes"
    assert backend.made == 2


@in_virtual_time
async def test_silence_between_two_tokens_ends_a_stream_and_thinking_is_no_silence():
    backend = Backend([Chunk(""), 2.0, Chunk(""), 2.0, Chunk("half"), 4.0, END])
    with pytest.raises(BackendTimeout, match="no further token within 3 s"):
        await streamed(backend, Deadlines(60.0, idle=3.0))
    assert (backend.made, backend.open) == (1, 0)


@in_virtual_time
async def test_a_reader_that_takes_its_time_is_no_silence():
    backend = Backend([Chunk("a"), Chunk("b"), END])
    chunks = RetryingBackend(backend, Deadlines(60.0, idle=1.0)).stream(PROMPT)
    assert await anext(chunks) == [Chunk("a")]
    await asyncio.sleep(5.0)
    assert await anext(chunks) == [Chunk("b")]
    await chunks.aclose()


@ways
@in_virtual_time
async def test_a_second_try_has_the_time_that_is_left(way):
    backend = Backend([50.0, BackendUnavailable("down")], [60.0])
    began = asyncio.get_running_loop().time()
    with pytest.raises((BackendTimeout, BackendUnavailable)):
        await way(backend, Deadlines(60.0, first_token=60.0))
    assert asyncio.get_running_loop().time() - began == pytest.approx(60.0)


@ways
@in_virtual_time
async def test_whose_circuit_is_open_is_not_asked_and_a_person_hears_of_it_at_once(way):
    backend, breaker = Backend([BackendUnavailable("down")]), Breaker("ada")
    for _ in range(2):  # of three tries each
        with pytest.raises(BackendUnavailable, match="down"):
            await way(backend, breaker=breaker)
    began, made = asyncio.get_running_loop().time(), backend.made
    with pytest.raises(CircuitOpen):
        await way(backend, breaker=breaker)
    assert (asyncio.get_running_loop().time(), backend.made) == (began, made)


@ways
@in_virtual_time
async def test_a_file_of_questions_waits_for_the_circuit_to_close(way):
    breaker = Breaker("ada", Circuit(Tripping(failures=1)))
    with pytest.raises(BackendUnavailable):
        await way(Backend([BackendUnavailable("down")]), breaker=breaker)
    assert breaker.state is State.OPEN
    backend = Backend([Chunk("yes"), END])
    assert await way(backend, Deadlines(60.0), breaker=breaker, prompt=OF_A_FILE) == "yes"
    breaker = Breaker("ada", Circuit(opened=1, until=1e9))
    with pytest.raises(CircuitOpen):
        await way(backend, Deadlines(60.0), breaker=breaker, prompt=OF_A_FILE)


@ways
@in_virtual_time
async def test_two_who_are_told_when_to_come_back_come_back_one_after_the_other(way):
    breaker = Breaker("ada")
    busy, fine = [0.1, BackendUnavailable("busy", retry_after=3.0)], [0.9, Chunk("yes"), END]
    backend = Backend(busy, busy, fine)
    both = (way(backend, Deadlines(60.0), breaker=breaker) for _ in range(2))
    assert await asyncio.gather(*both) == ["yes", "yes"]
    assert backend.made == 4


@ways
@in_virtual_time
async def test_a_try_that_hangs_counts_against_the_circuit(way):
    breaker = Breaker("ada", Circuit(Tripping(failures=1)))
    with pytest.raises(BackendTimeout):
        await way(Backend([1e6]), breaker=breaker)
    assert breaker.state is State.OPEN


async def test_thinking_counts_as_a_first_token_and_is_not_sent_on():
    backend = Backend([Chunk(""), 0.15, Chunk("yes"), END])
    chunks = await gathered(RetryingBackend(backend, Deadlines(0.2), SOON).stream(PROMPT))
    assert chunks == [Chunk("yes"), END]


async def test_calls_of_tools_are_sent_on():
    call = Chunk("", calls=(CallPiece(0, "{}", "call_1", "weather"),))
    chunks = RetryingBackend(Backend([call, END]), PATIENT, SOON).stream(PROMPT)
    assert await gathered(chunks) == [call, END]


async def test_a_reader_that_takes_its_time_is_not_interrupted():
    backend = Backend([Chunk("a"), Chunk("b"), END])
    chunks = RetryingBackend(backend, Deadlines(0.05), SOON).stream(PROMPT)
    await anext(chunks)
    await asyncio.sleep(0.1)  # past the deadline, but it is no timeout of the reader's
    assert await anext(chunks) == [Chunk("b")]


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


def logged(caplog):
    ours = [line for line in caplog.records if line.name == RetryingBackend.__module__]
    return [(line.levelno, line.getMessage()) for line in ours]


@ways
async def test_why_a_call_failed_is_logged_once_and_each_try_before_for_debugging(way, caplog):
    caplog.set_level(logging.DEBUG, logger=RetryingBackend.__module__)
    backend = Backend([BackendUnavailable("down", detail="10.0.0.7:80: HTTP 503")])
    with pytest.raises(BackendUnavailable, match="down"):
        await way(backend, breaker=Breaker("ada"))
    again = (logging.DEBUG, "ada is asked again: unavailable: 10.0.0.7:80: HTTP 503")
    failed = (logging.WARNING, "ada failed: unavailable: 10.0.0.7:80: HTTP 503")
    assert logged(caplog) == [again, again, failed]


@ways
async def test_of_a_call_that_its_circuit_ended_it_is_logged_what_opened_it(way, caplog):
    backend = Backend([BackendUnavailable("down", detail="10.0.0.7:80: HTTP 503")])
    breaker = Breaker("ada", Circuit(tripping=Tripping(failures=1)))
    with pytest.raises(BackendUnavailable):
        await way(backend, breaker=breaker)
    with pytest.raises(CircuitOpen):
        await way(backend, breaker=breaker)
    assert logged(caplog) == [(logging.WARNING, "ada failed: unavailable: 10.0.0.7:80: HTTP 503")]


async def test_a_stream_that_breaks_off_is_logged_and_what_nobody_located_is_not(caplog):
    half = [Chunk("half"), BackendUnavailable("broke off", detail="10.0.0.7:80")]
    with pytest.raises(BackendUnavailable):
        await streamed(Backend(half), breaker=Breaker("ada"))
    with pytest.raises(EmptyReply):
        await streamed(Backend([EmptyReply("the model refused: Why?")]))
    assert logged(caplog) == [(logging.WARNING, "ada failed: unavailable: 10.0.0.7:80")]
