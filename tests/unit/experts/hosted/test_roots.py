"""Only the system's own words are taken from an error."""

import errno

import pytest

from experts.hosted.roots import causes, root


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), ": [Errno 111] refused"),
        (ModuleNotFoundError("No module\nnamed 'boto3'"), ": No module named 'boto3'"),
        (OSError("quotes: Why?"), ""),
        (ValueError("cannot parse Why?"), ""),
    ],
    ids=["system", "package", "a library's OSError", "a bug"],
)
@pytest.mark.parametrize("how", ["__cause__", "__context__"])
def test_a_cause_is_quoted_if_the_system_worded_it(cause, said, how):
    error = RuntimeError("quotes: Why?")
    setattr(error, how, cause)
    assert root(error) == f"RuntimeError{said}"
    assert [*causes(error)] == [error, cause]
