"""What happens to questions, told to whoever observes; knows no metrics or tracing library."""

from orchestrator.telemetry.events import (
    Call,
    DeliberationFinished,
    Mode,
    Observer,
    Role,
    unobserved,
)
from orchestrator.telemetry.watch import Watch

__all__ = ["Call", "DeliberationFinished", "Mode", "Observer", "Role", "Watch", "unobserved"]
