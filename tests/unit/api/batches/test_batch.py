import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.batches.batch import (
    RESUMABLE,
    WINDOW,
    Batch,
    Problem,
    Status,
    cancelled,
    ended,
    finalizing,
    new_id,
    resumed,
    validated,
)
from api.files.errors import NotNow
from tests.batches import batch
from tests.keys import NOW

PROBLEM = Problem("invalid_json_line", "no JSON", 3)
STEPS = {
    "valid": lambda b: validated(b, 10, (), NOW),
    "invalid": lambda b: validated(b, 0, (PROBLEM,), NOW),
    "cancel": lambda b: cancelled(b, NOW),
    "complete": lambda b: finalizing(b, Status.COMPLETED, (), NOW),
    "expire": lambda b: finalizing(b, Status.EXPIRED, (), NOW),
    "fail": lambda b: finalizing(b, Status.FAILED, (PROBLEM,), NOW),
    "end": lambda b: ended(b, "file-out", None, NOW),
    "resume": lambda b: resumed(b, "other", 4, NOW),
}
MAY = {
    Status.VALIDATING: {Status.IN_PROGRESS, Status.FAILED, Status.CANCELLING, Status.FINALIZING},
    Status.IN_PROGRESS: {Status.CANCELLING, Status.FINALIZING},
    Status.FINALIZING: {Status.COMPLETED, Status.EXPIRED, Status.FAILED},
    Status.CANCELLING: {Status.CANCELLED},
    Status.CANCELLED: {Status.IN_PROGRESS, Status.VALIDATING},
    Status.EXPIRED: {Status.IN_PROGRESS, Status.VALIDATING},
    Status.FAILED: {Status.IN_PROGRESS},
    Status.COMPLETED: set(),
}


def after(*steps):
    found = batch()
    for step in steps:
        found = STEPS[step](found)
    return found


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_whatever_is_tried_a_batch_goes_only_where_it_may(steps):
    found = batch()
    for step in steps:
        try:
            changed = STEPS[step](found)
        except NotNow:
            continue
        assert changed.status is found.status or changed.status in MAY[found.status]
        assert (changed.id, changed.tenant, changed.input) == (found.id, found.tenant, found.input)
        assert Batch.unpacked(json.loads(json.dumps(changed.packed()))) == changed
        if not changed.status.open:
            assert changed.status.value in changed.reached
        found = changed


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_doing_a_workers_step_again_changes_nothing(steps):
    found = batch()
    for step in steps:
        try:
            once = STEPS[step](found)
        except NotNow:
            continue
        if step in ("cancel", "complete", "expire", "fail"):
            assert STEPS[step](once) == once
        found = once


def test_one_that_was_cut_short_goes_on_where_it_was_with_a_new_window_and_key():
    found = resumed(after("valid", "cancel", "end"), "other", 4, NOW + 5)
    assert (found.status, found.total, found.before) == (Status.IN_PROGRESS, 10, 4)
    assert (found.key, found.ends) == ("other", NOW + 5 + WINDOW)
    assert (found.output, found.failures, found.problems) == (None, None, ())
    assert found.ending is Status.COMPLETED


def test_one_that_was_cancelled_before_it_was_read_is_validated_when_it_is_resumed():
    assert after("cancel", "end", "resume").status is Status.VALIDATING


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (("valid",), "cut short can be resumed"),
        (("valid", "complete", "end"), "cut short can be resumed"),
        (("invalid",), "mend it and make a new batch"),
    ],
    ids=["at work", "complete", "never valid"],
)
def test_what_cannot_be_resumed_says_why(steps, says):
    with pytest.raises(NotNow, match=says):
        after(*steps, "resume")


def test_who_cancels_while_the_last_line_is_answered_is_told_cancelled():
    found = after("valid", "cancel", "complete", "end")
    assert found.status is Status.CANCELLED


def test_one_that_has_ended_cannot_be_cancelled():
    with pytest.raises(NotNow, match="the batch is completed"):
        after("valid", "complete", "end", "cancel")


def test_what_is_open_is_what_may_not_be_resumed_or_is_complete():
    assert {s for s in Status if not s.open} == {*RESUMABLE, Status.COMPLETED}
    assert len({new_id() for _ in range(100)}) == 100
