import asyncio

import pytest

from experts.errors import BackendTimeout
from experts.types import Answer, Cause, Failure, Usage
from orchestrator.errors import PanelFailed, QuestionTooLong
from orchestrator.telemetry import Watch


def watched():
    told = []
    return Watch(told.append, "vote"), told


def ended_by(error):
    watch, told = watched()
    with pytest.raises(type(error)), watch.whole():
        raise error
    (event,) = told
    return event


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (PanelFailed(()), "panel_failed"),
        (QuestionTooLong(()), "too_long"),
        (BackendTimeout("late"), "expert_failed"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (ValueError("a bug"), "failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_end_has_one_word(error, outcome):
    event = ended_by(error)
    assert (event.policy, event.outcome) == ("vote", outcome)
    assert (event.author, event.confidence, event.agreement) == (None, None, None)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (BackendTimeout("late"), "timeout"),
        (asyncio.CancelledError(), "cancelled"),
        (ValueError("a bug"), "failed"),
    ],
    ids=["failure", "cancelled", "bug"],
)
def test_a_call_that_leaves_no_reply_is_told_too(error, outcome):
    watch, told = watched()
    with pytest.raises(type(error)), watch.whole(), watch.asking("ada"):
        raise error
    (call,) = told[0].calls
    assert (call.expert, call.role, call.outcome) == ("ada", "panel", outcome)


def test_replies_are_told_with_what_they_took_and_without_their_text():
    watch, told = watched()
    with watch.asking("ada") as call:
        call.reply = Answer("ada", "SECRET", Usage(3, 4, 0.5), seconds=0.0)
    watch.called(Failure("zoe", Cause.EMPTY, "SECRET"), watch.now, "aggregator")
    watch.ended(PanelFailed(()))
    (event,) = told
    assert [(c.expert, c.role, c.outcome) for c in event.calls] == [
        ("ada", "panel", "answered"),
        ("zoe", "aggregator", "empty"),
    ]
    assert event.usage == Usage(3, 4, 0.5)
    assert "SECRET" not in repr(event)


def test_only_the_first_text_sets_the_time_to_it():
    watch, told = watched()
    watch.showed_text()
    first = watch.now
    watch.showed_text()
    watch.ended(ValueError())
    assert 0 <= told[0].first_text <= first
