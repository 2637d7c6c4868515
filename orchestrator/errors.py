"""What goes wrong with a question.

OrchestratorError
├── UnknownModel     no policy and no expert has that name
├── Refused          the request's control cannot be honoured; names the field
├── Unable           nobody who may be asked can do what the request needs; names the parameter
└── PanelFailed      every expert failed; carries each failure
    ├── QuestionTooLong  for it fits nobody's context
    └── OutOfTime        or had not replied when the request's seconds were over
"""

from collections.abc import Iterable, Sequence

from experts.types import Cause, Failure


class OrchestratorError(Exception):
    """The question has no verdict."""


class UnknownModel(OrchestratorError):  # noqa: N818 - named for the state it reports
    """No policy and no expert has that name."""

    def __init__(self, model: str, known: Iterable[str], at: str = "model") -> None:
        super().__init__(f"no model named {model!r}; use one of {', '.join(known)}")
        self.model = model
        self.at = at  # the parameter that names it


class Refused(OrchestratorError):  # noqa: N818 - named for the state it reports
    """What the request asks of its panel cannot be done; `field` of its control says so."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Unable(OrchestratorError):  # noqa: N818 - named for the state it reports
    """Nobody who may be asked can do what the request needs; `param` of it says so."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class PanelFailed(OrchestratorError):  # noqa: N818 - named for the state it reports
    """Every expert failed."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        reasons = "; ".join(f"{f.expert}: {f.cause}: {f.message}" for f in failures)
        super().__init__(f"no expert replied: {reasons}")
        self.failures = tuple(failures)


class QuestionTooLong(PanelFailed):
    """Every expert failed, for the question fits nobody's context."""


class OutOfTime(PanelFailed):
    """The request's seconds were over before there was anything to make a verdict of."""

    def __init__(self, seconds: float, failures: Sequence[Failure]) -> None:
        super().__init__(failures)
        reasons = "; ".join(f"{f.expert}: {f.message}" for f in failures) or "nobody was asked"
        self.args = (f"no reply within the request's {seconds:g} s; allow more ({reasons})",)


def panel_failed(failures: Sequence[Failure], seconds: float | None = None) -> PanelFailed:
    """The error that says best why nobody replied. `seconds` the request had, if they are over."""
    if seconds is not None:
        return OutOfTime(seconds, failures)
    long = bool(failures) and all(failure.cause is Cause.TOO_LONG for failure in failures)
    return QuestionTooLong(failures) if long else PanelFailed(failures)
