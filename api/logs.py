"""How the server's log lines look: one line each, under the id of the request they belong to."""

import logging

from api.access import REQUEST

OURS = ("api", "orchestrator", "routing", "experts", "uvicorn")
FORMAT = "%(asctime)s %(levelname)-7s %(name)s [%(request)s] %(message)s"


class InRequest(logging.Filter):
    """Adds the id of the request that a line was logged in."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request"):
            record.request = REQUEST.get()
        return True


def configure(level: str) -> None:
    """Logs to stderr; of other people's libraries only warnings."""
    handler = logging.StreamHandler()
    handler.addFilter(InRequest())
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
