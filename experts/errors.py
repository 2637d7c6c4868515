"""What goes wrong with an expert.

ExpertError
├── BackendUnavailable   it may work later: connection lost, overloaded, engine died
│   ├── BackendTimeout   no reply within the deadline
│   └── CircuitOpen      it kept failing, so it was not asked
├── BackendRejected      it will not work again: bad key, unknown model
│   └── PromptTooLong    the prompt does not fit the model's context
└── EmptyReply           it answered nothing
RegistryError            the registry file cannot be used; says file, line, key and remedy
RecordingError           a file of recorded replies cannot be used; says file, line and field
"""

from experts.types import Cause, Failure


class ExpertError(Exception):
    """An expert gave no reply. The message is written for the verdict's story, which clients read.
    The `detail` is for the operator's log: where it was asked and what happened there, in words
    that quote neither the prompt nor the reply."""

    cause = Cause.UNAVAILABLE
    retry_after: float | None = None  # seconds

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail

    def failure(self, expert: str, seconds: float) -> Failure:
        """The same, as a value for the deliberation."""
        return Failure(expert, self.cause, str(self), seconds, self.retry_after)


class BackendUnavailable(ExpertError):  # noqa: N818 - named for the state it reports
    """Asking again may help, after `retry_after` seconds where the backend named a time."""

    def __init__(self, message: str, retry_after: float | None = None, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.retry_after = retry_after


class BackendTimeout(BackendUnavailable):
    """No reply came within the deadline."""

    cause = Cause.TIMEOUT


class CircuitOpen(BackendUnavailable):
    """It kept failing and is left alone for a while; nothing was sent."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it failed lately and is not asked for {seconds:.3g} s", seconds)


class BackendRejected(ExpertError):  # noqa: N818 - named for the state it reports
    """Asking again will not help."""

    cause = Cause.REJECTED


class PromptTooLong(BackendRejected):
    """The prompt does not fit the model's context."""

    cause = Cause.TOO_LONG


class EmptyReply(ExpertError):  # noqa: N818 - named for the state it reports
    """The reply had no text."""

    cause = Cause.EMPTY


def error_of(failure: Failure) -> ExpertError:
    """The failure as the error it was, for a stream, which has no place for values."""
    kinds = (BackendUnavailable, BackendTimeout, BackendRejected, PromptTooLong, EmptyReply)
    error = {kind.cause: kind for kind in kinds}[failure.cause](failure.message)
    error.retry_after = failure.retry_after
    return error


class RegistryError(Exception):
    """The registry file cannot be used; nothing was started."""


class RecordingError(Exception):
    """A file of recorded replies cannot be used."""
