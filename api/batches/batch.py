"""A batch as a state machine: what it may become, and when.

    validating -> in_progress -> finalizing -> completed, expired or failed
         |             |
         v             v
       failed     cancelling -> cancelled

`resumed` leads from cancelled, expired and, once validated, failed back to where it was. Pure: each
change is a function from a batch to the batch after it, which raises `NotNow` where it may not be.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from api.files.errors import NotNow

WINDOW = 86_400.0  # seconds that a batch has
KEPT = 30 * WINDOW  # seconds that is known of one after it was made or resumed
MOST_PROBLEMS = 100  # that are told of one file


class Status(StrEnum):
    """Where a batch stands, in OpenAI's words."""

    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Whether there is work to do."""
        return self in OPEN


OPEN = (Status.VALIDATING, Status.IN_PROGRESS, Status.FINALIZING, Status.CANCELLING)
RESUMABLE = (Status.CANCELLED, Status.EXPIRED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an input file, or why a batch failed."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything about a batch but its results. Times are seconds since 1970."""

    id: str
    tenant: str
    key: str  # the id of the key that its lines are charged to; "" where there are none
    input: str  # a file's id
    endpoint: str
    created: float
    ends: float  # of its window
    expires: float  # when it is forgotten
    metadata: Mapping[str, str] | None = None
    status: Status = Status.VALIDATING
    ending: Status = Status.COMPLETED  # what it will be once its files are written
    total: int = 0  # lines; 0 until they are counted
    before: int = 0  # results it had when it was last taken up
    problems: tuple[Problem, ...] = ()
    output: str | None = None  # files' ids
    failures: str | None = None
    reached: Mapping[str, float] = field(default_factory=dict)  # when, by status

    def packed(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def unpacked(cls, fields: dict[str, Any]) -> "Batch":
        problems = tuple(Problem(**problem) for problem in fields["problems"])
        status, ending = Status(fields["status"]), Status(fields["ending"])
        return cls(**{**fields, "problems": problems, "status": status, "ending": ending})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants answered."""

    input: str  # a file's id
    endpoint: str
    metadata: Mapping[str, str] | None = None


def new_id() -> str:
    """Too long to guess."""
    return f"batch_{secrets.token_hex(16)}"


def made(body: Wish, tenant: str, key: str, now: float, window: float = WINDOW) -> Batch:
    """A new one."""
    ends = now + window
    return Batch(
        new_id(), tenant, key, body.input, body.endpoint, now, ends, ends + KEPT, body.metadata
    )


def validated(batch: Batch, total: int, problems: Sequence[Problem], now: float) -> Batch:
    """Its file was read: it has so many lines, or problems."""
    if batch.status is not Status.VALIDATING:
        return batch
    if problems:
        return _to(replace(batch, problems=tuple(problems)), Status.FAILED, now)
    return _to(replace(batch, total=total), Status.IN_PROGRESS, now)


def cancelled(batch: Batch, now: float) -> Batch:
    """Somebody wants it to end. Doing it again changes nothing."""
    if batch.status in (Status.CANCELLING, Status.CANCELLED):
        return batch
    if batch.status not in (Status.VALIDATING, Status.IN_PROGRESS):
        raise NotNow(f"the batch is {batch.status}; only one at work can be cancelled")
    return _to(replace(batch, ending=Status.CANCELLED), Status.CANCELLING, now)


def finalizing(batch: Batch, ending: Status, problems: Sequence[Problem], now: float) -> Batch:
    """All that will be asked was asked. Whoever cancelled before that is told so."""
    if batch.status not in (Status.VALIDATING, Status.IN_PROGRESS):
        return batch
    batch = replace(batch, ending=ending, problems=tuple(problems))
    return _to(batch, Status.FINALIZING, now)


def ended(batch: Batch, output: str | None, failures: str | None, now: float) -> Batch:
    """Its files are written, once and for all."""
    if batch.status not in (Status.FINALIZING, Status.CANCELLING):
        raise NotNow(f"the batch is {batch.status}")
    return _to(replace(batch, output=output, failures=failures), batch.ending, now)


def resumed(batch: Batch, key: str, done: int, now: float, window: float = WINDOW) -> Batch:
    """To be gone on with, for a new window and on this key, where it was."""
    if batch.status not in RESUMABLE:
        raise NotNow(f"the batch is {batch.status}; one that was cut short can be resumed")
    if batch.status is Status.FAILED and not batch.total:
        raise NotNow("the batch's file is not valid; mend it and make a new batch")
    again = replace(
        batch,
        key=key,
        ends=now + window,
        expires=now + window + KEPT,
        ending=Status.COMPLETED,
        before=done,
        problems=(),
        output=None,
        failures=None,
        reached={},
    )
    return _to(again, Status.IN_PROGRESS if batch.total else Status.VALIDATING, now)


def _to(batch: Batch, status: Status, now: float) -> Batch:
    return replace(batch, status=status, reached={**batch.reached, status.value: now})
