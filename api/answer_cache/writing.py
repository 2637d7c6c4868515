"""A verdict written down as JSON, and read again."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from experts.types import Answer, Reply, Usage
from orchestrator.types import Timings, Verdict
from routing.types import Candidate, Ranking


def written(verdict: Verdict, at: float) -> bytes:
    """`at` is when it was given, in seconds since 1970."""
    told = _verdicts().dump_python(verdict, mode="json", exclude={"route": {"ranking"}})
    candidates = _candidates().dump_python(verdict.route.candidates, mode="json")
    return json.dumps({"at": at, "verdict": told, "candidates": candidates}).encode()


def read(text: bytes | str, now: float) -> Verdict | None:
    """The verdict as it is given again: nobody was asked for it. None for what is none."""
    try:
        told: dict[str, Any] = json.loads(text)
        ranking = Ranking.of(_candidates().validate_python(told["candidates"]))
        told["verdict"]["route"]["ranking"] = ranking
        verdict = _verdicts().validate_python(told["verdict"])
        age = max(0.0, now - float(told["at"]))
    except (ValidationError, ValueError, KeyError, TypeError):
        return None
    replies = tuple(map(_unpaid, verdict.replies))
    free = replace(verdict, calls=0, usage=Usage(), timings=Timings(), replies=replies)
    return replace(free, age=age)


def _unpaid(reply: Reply) -> Reply:
    return replace(reply, usage=Usage()) if isinstance(reply, Answer) else reply


@cache
def _verdicts() -> TypeAdapter[Verdict]:
    return TypeAdapter(Verdict)


@cache
def _candidates() -> TypeAdapter[tuple[Candidate, ...]]:
    return TypeAdapter(tuple[Candidate, ...])
