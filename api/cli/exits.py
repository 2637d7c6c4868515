"""The one table from error class to the command's exit code. Other errors are bugs."""

from api.listening import CannotListen
from api.running import CannotOpen
from experts.errors import ExpertError, RecordingError, RegistryError
from orchestrator.errors import OrchestratorError, PanelFailed, UnknownModel
from routing.redis_server import RedisServerError

FAILED, WRONG = 1, 2
EXITS: dict[type[Exception], int] = {
    RegistryError: WRONG,
    RecordingError: WRONG,
    UnknownModel: WRONG,
    CannotListen: WRONG,
    CannotOpen: FAILED,
    PanelFailed: FAILED,
    OrchestratorError: WRONG,
    RedisServerError: FAILED,
    ExpertError: FAILED,
}


def exit_code(error: Exception) -> int:
    return next(EXITS[ancestor] for ancestor in type(error).__mro__ if ancestor in EXITS)
