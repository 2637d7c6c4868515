"""Errors and failures are two forms of one thing."""

import pytest

from experts.errors import error_of
from experts.types import Cause, Failure


@pytest.mark.parametrize("cause", list(Cause), ids=str)
def test_a_failure_becomes_an_error_and_the_same_failure_again(cause):
    failure = Failure("ada", cause, "why", 1.5, retry_after=7.0 if cause.retryable else None)
    assert error_of(failure).failure("ada", 1.5) == failure
