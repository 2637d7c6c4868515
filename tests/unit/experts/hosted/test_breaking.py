"""The circuit of an expert: who is let through, what counts, and what is logged."""

import asyncio

import pytest

from experts.circuit import Circuit, State, Tripping
from experts.errors import (
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    CircuitOpen,
    EmptyReply,
    PromptTooLong,
)
from experts.hosted.breaking import Breaker
from tests.virtual_time import in_virtual_time


def failed(breaker, error):
    with pytest.raises(type(error)), breaker.call():
        raise error


def opened(times=5):
    breaker = Breaker("ada")
    for _ in range(times):
        failed(breaker, BackendUnavailable("down"))
    return breaker


@in_virtual_time
async def test_who_keeps_failing_is_not_asked_and_those_who_would_ask_are_told_for_how_long():
    breaker = opened()
    with pytest.raises(CircuitOpen) as refused, breaker.call():
        raise AssertionError("nothing is sent")
    assert 2.5 <= refused.value.retry_after <= 5.0


@in_virtual_time
async def test_one_probe_goes_and_its_answer_lets_everybody_in():
    breaker = opened()
    await asyncio.sleep(5.0)
    assert breaker.state is State.HALF_OPEN
    with breaker.call(), pytest.raises(CircuitOpen), breaker.call():
        pass
    assert breaker.state is State.CLOSED


@in_virtual_time
async def test_a_stream_closes_it_with_its_first_chunk():
    breaker = opened()
    await asyncio.sleep(5.0)
    with breaker.call() as call:
        call.works()
        assert breaker.state is State.CLOSED


@in_virtual_time
async def test_a_probe_whose_client_hangs_up_leaves_the_floor_to_the_next():
    breaker = opened()
    await asyncio.sleep(5.0)
    with pytest.raises(asyncio.CancelledError), breaker.call():
        raise asyncio.CancelledError
    with breaker.call():
        pass
    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(
    "error", [BackendRejected("no"), PromptTooLong("long"), EmptyReply("")], ids=repr
)
@in_virtual_time
async def test_what_the_prompt_is_to_blame_for_does_not_count(error):
    breaker = Breaker("ada")
    for _ in range(30):
        failed(breaker, error)
    assert breaker.state is State.CLOSED


@in_virtual_time
async def test_hanging_counts_as_failing():
    breaker = Breaker("ada")
    for _ in range(5):
        failed(breaker, BackendTimeout("no reply"))
    assert breaker.state is State.OPEN


@in_virtual_time
async def test_a_backend_that_is_to_be_left_alone_for_a_time_is():
    breaker = Breaker("ada")
    failed(breaker, BackendUnavailable("slow down", retry_after=30.0))
    assert breaker.wait == pytest.approx(30.0)


@in_virtual_time
async def test_each_change_is_logged_once(caplog):
    caplog.set_level("INFO")
    breaker = Breaker("ada", Circuit(Tripping(failures=1)))
    for _ in range(3):
        if not breaker.wait:
            failed(breaker, BackendUnavailable("down"))
    await asyncio.sleep(5.0)
    with breaker.call():
        pass
    actions = [record.action for record in caplog.records]
    assert actions == ["circuit_open", "circuit_half_open", "circuit_closed"]
    assert {record.expert for record in caplog.records} == {"ada"}
