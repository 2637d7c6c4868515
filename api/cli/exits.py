"""The one table from error class to the command's exit code."""

from api.cli.remote import NotAdmitted, Unreachable
from api.keys.errors import KeysError
from api.listening import CannotListen
from api.logfiles import CannotLog
from api.running import CannotOpen
from experts.errors import ExpertError, RecordingError, RegistryError
from orchestrator.errors import OrchestratorError, PanelFailed, UnknownModel

FAILED, WRONG = 1, 2


def exits() -> dict[type[Exception], int]:
    """The table. A function, because not every module of an error is quick to import."""
    from routing.redis_program import RedisServerError

    return {
        RegistryError: WRONG,
        RecordingError: WRONG,
        UnknownModel: WRONG,
        CannotListen: WRONG,
        CannotLog: WRONG,
        KeysError: WRONG,
        NotAdmitted: WRONG,
        Unreachable: FAILED,
        CannotOpen: FAILED,
        PanelFailed: FAILED,
        OrchestratorError: WRONG,
        RedisServerError: FAILED,
        ExpertError: FAILED,
    }


def exit_code(error: Exception) -> int | None:
    """The code of the error's nearest ancestor in the table; None for a bug."""
    table = exits()
    return next((table[ancestor] for ancestor in type(error).__mro__ if ancestor in table), None)
