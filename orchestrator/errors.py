"""What goes wrong with a question.

OrchestratorError
├── UnknownModel     no policy and no expert has that name
└── PanelFailed      every expert failed; carries each failure
"""

from collections.abc import Iterable, Sequence

from experts.types import Failure


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
