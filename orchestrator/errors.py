"""What goes wrong with a question.

OrchestratorError
├── UnknownModel     no policy and no expert has that name
└── PanelFailed      every expert failed; carries each failure
    └── QuestionTooLong  for it fits nobody's context
"""

from collections.abc import Iterable, Sequence

from experts.types import Cause, Failure


class OrchestratorError(Exception):
    """The question has no verdict."""


class UnknownModel(OrchestratorError):  # noqa: N818 - named for the state it reports
    """No policy and no expert has that name."""

    def __init__(self, model: str, known: Iterable[str]) -> None:
        super().__init__(f"no model named {model!r}; use one of {', '.join(known)}")
        self.model = model


class PanelFailed(OrchestratorError):  # noqa: N818 - named for the state it reports
    """Every expert failed."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        reasons = "; ".join(f"{f.expert}: {f.cause}: {f.message}" for f in failures)
        super().__init__(f"no expert replied: {reasons}")
        self.failures = tuple(failures)


class QuestionTooLong(PanelFailed):
    """Every expert failed, for the question fits nobody's context."""


def panel_failed(failures: Sequence[Failure]) -> PanelFailed:
    """The error that says best why nobody replied."""
    long = bool(failures) and all(failure.cause is Cause.TOO_LONG for failure in failures)
    return QuestionTooLong(failures) if long else PanelFailed(failures)
