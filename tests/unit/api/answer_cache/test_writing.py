"""Verdicts written down and read again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.answer_cache.writing import read, written
from experts.types import Cause, Failure, Usage
from orchestrator.story import spent, story
from orchestrator.types import Timings
from tests.unit.api.scripted import verdict

FREE = {"calls", "usage", "timings", "cached", "age_seconds"}


def kept(text, **changes):
    return {name: told for name, told in text.items() if name not in FREE} | changes


@given(st.text(), st.none() | st.text(), st.floats(0, 1))
def test_a_verdict_is_read_as_it_was_written(text, answer, confidence):
    whole = replace(verdict(text), answer=answer, confidence=confidence, timings=Timings(1, 2, 3))
    again = read(written(whole, at=100.0), now=107.5)
    assert kept(story(again)) == kept(story(whole))
    assert (again.text, again.route.ranking, again.writer) == (text, whole.route.ranking, "")
    assert story(again)["cached"] is True
    assert story(again)["age_seconds"] == 7.5


def test_nobody_was_asked_for_it():
    again = read(written(verdict(), at=100.0), now=100.0)
    assert (again.calls, again.usage, again.timings) == (0, Usage(), Timings())
    assert set(spent(again).values()) == {Usage()}


def test_a_failure_is_read_as_one():
    lost = Failure("ada", Cause.TIMEOUT, "late", 2.0, 3.0)
    assert read(written(replace(verdict(), replies=(lost,)), 0.0), 0.0).replies == (lost,)


def test_a_clock_behind_makes_no_answer_younger_than_now():
    assert read(written(verdict(), at=100.0), now=90.0).age == 0.0


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b"\xff", b'{"at": 1, "verdict": {}, "candidates": []}']
)
def test_what_is_no_verdict_is_none(text):
    assert read(text, 0.0) is None
    assert read(written(verdict(), 0.0)[:-20], 0.0) is None
