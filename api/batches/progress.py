"""How far a batch is, and the documents that tell of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.batches.batch import Batch, Status


@dataclass(frozen=True, slots=True)
class Counts:
    """What was recorded of a batch so far."""

    completed: int = 0
    failed: int = 0
    bytes: int = 0  # of the results
    prompt_tokens: int = 0
    completion_tokens: int = 0
    experts: Mapping[str, int] = field(default_factory=dict)  # calls, by name

    @property
    def done(self) -> int:
        return self.completed + self.failed

    @classmethod
    def of(cls, fields: Mapping[str, int]) -> "Counts":
        """From the fields of Redis, where `expert:NAME` counts an expert's calls."""
        marked = {name: n for name, n in fields.items() if name.startswith("expert:")}
        experts = {name.removeprefix("expert:"): n for name, n in marked.items()}
        plain = {name: n for name, n in fields.items() if name not in marked}
        return cls(**plain, experts=experts)


def document(batch: Batch, counts: Counts) -> dict[str, Any]:
    """The batch in OpenAI's shape."""
    reached = {
        f"{status.value}_at": _whole(batch.reached.get(status.value))
        for status in Status
        if status is not Status.VALIDATING
    }
    problems = [
        {
            "code": problem.code,
            "message": problem.message,
            "line": problem.line,
            "param": problem.param,
        }
        for problem in batch.problems
    ]
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": {"object": "list", "data": problems} if problems else None,
        "input_file_id": batch.input,
        "completion_window": "24h",
        "status": batch.status.value,
        "output_file_id": batch.output,
        "error_file_id": batch.failures,
        "created_at": int(batch.created),
        "expires_at": int(batch.ends),
        **reached,
        "request_counts": {
            "total": batch.total,
            "completed": counts.completed,
            "failed": counts.failed,
        },
        "usage": {
            "input_tokens": counts.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": counts.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        },
        "metadata": None if batch.metadata is None else dict(batch.metadata),
    }


def news(batch: Batch, counts: Counts, now: float) -> dict[str, Any]:
    """The same with who was asked and how long the rest may take, for who watches it."""
    told = {
        "experts": dict(sorted(counts.experts.items())),
        "seconds_left": left(batch, counts, now),
    }
    return {**document(batch, counts), "convene": told}


def left(batch: Batch, counts: Counts, now: float) -> float | None:
    """Seconds until the last line is answered, at the pace since the batch was taken up; None
    where that is not known."""
    since = batch.reached.get(Status.IN_PROGRESS.value)
    answered = counts.done - batch.before
    if batch.status is not Status.IN_PROGRESS or since is None or answered <= 0:
        return None
    return round((batch.total - counts.done) * max(0.0, now - since) / answered, 1)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
