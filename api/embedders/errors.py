"""Why an embedding model gave no vectors.

EmbedderError
├── NotEmbedded   it failed; carries how
└── InputTooLong  an input does not fit it
"""

from experts.types import Failure


class EmbedderError(Exception):
    """There are no vectors."""


class NotEmbedded(EmbedderError):  # noqa: N818 - named for the state it reports
    """The model failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"no vectors: {failure.expert}: {failure.cause}: {failure.message}")
        self.failures = (failure,)


class InputTooLong(NotEmbedded):
    """The model failed, for an input does not fit it."""
