"""How the server's log lines look: one each, under the id of the request they belong to.

No line holds a prompt, a reply or a key unless that is switched on: what exceptions say is left
out, and of a line's fields only those listed here are told.
"""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from api.access import REQUEST
from api.logfiles import LogFile
from api.outlines import outline

OURS = ("api", "orchestrator", "routing", "experts", "uvicorn")
FORMAT = "%(asctime)s %(levelname)-7s %(name)s [%(request)s] %(message)s"
FIELDS = (  # names, numbers and words of our own
    *("action", "label", "status", "seconds", "engine", "base", "adapter", "left"),
    *("expert", "cause", "batch"),
    *("policy", "mode", "outcome", "experts", "causes", "author", "overhead_seconds"),
    *("confidence", "agreement", "prompt_tokens", "completion_tokens", "cost_usd", "keys"),
)
WITHHELD = ("why", "reason", "key", "comment")  # may hold what an exception or a user says
Format = Literal["text", "json"]
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class InRequest(logging.Filter):
    """Adds the id of the request that a line was logged in."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request"):
            record.request = REQUEST.get()
        return True


class Text(logging.Formatter):
    """A line for people, and a traceback's lines below it."""

    def __init__(self, *, content: bool = False) -> None:
        super().__init__(FORMAT)
        self.content = content

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have left one there that says more
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        if record.name == "asyncio" and not self.content:
            record.message = record.message.partition("\n")[0]  # what follows shows exceptions
        return super().formatMessage(record)

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - the base's name
        if self.content or ei[1] is None:
            return super().formatException(ei)
        return outline(ei[1])


class Json(Text):
    """One JSON object a line, for machines: the line's words and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.name == "asyncio" and not self.content:
            message = message.partition("\n")[0]
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request": getattr(record, "request", "-"),
            "message": message,
        }
        fields = (*FIELDS, *WITHHELD) if self.content else FIELDS
        told |= {
            name: value for name in fields if (value := getattr(record, name, None)) is not None
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def configure(
    level: str, shape: Format = "text", *, content: bool = False, folder: Path | None = None
) -> None:
    """Logs to stderr, and as JSON into files of a folder; of other people's libraries only
    warnings. With `content`, lines also tell what exceptions say, which may quote questions and
    replies. Raises `CannotLog`."""
    stderr = logging.StreamHandler()
    stderr.setFormatter(Json(content=content) if shape == "json" else Text(content=content))
    handlers: list[logging.Handler] = [stderr]
    if folder is not None:
        file = LogFile(folder)
        file.setFormatter(Json(content=content))
        handlers.append(file)
    for handler in handlers:
        handler.addFilter(InRequest())
    logging.basicConfig(handlers=handlers, level=logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
