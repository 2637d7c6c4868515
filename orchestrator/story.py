"""The verdict's story as plain data: who was asked and why, what they said, and how it ended."""

from typing import Any

from experts.types import Answer, Reply, Usage
from orchestrator.types import Verdict
from routing.types import Route

DIGITS = 6


def route_story(route: Route) -> dict[str, Any]:
    """A route with every term of every score."""
    return {
        "policy": route.policy,
        "skills": {skill: _short(weight) for skill, weight in route.skills},
        "panel": list(route.panel),
        "stand_ins": {
            expert: list(others)
            for expert in route.panel
            if (others := route.stand_ins.get(expert))
        },
        "candidates": [
            {
                "expert": candidate.expert,
                "competence": _short(candidate.competence),
                "score": _short(candidate.score),
                "terms": {term.name: _short(term.value) for term in candidate.terms},
            }
            for candidate in route.candidates
        ],
        "notes": list(route.notes),
        "explored": route.explored or None,
        "propensity": _short(route.propensity),
    }


def story(verdict: Verdict) -> dict[str, Any]:
    """A verdict and how it came about."""
    return {
        **route_story(verdict.route),
        **brief(verdict),
        "replies": [_reply(reply) for reply in verdict.replies],
    }


def brief(verdict: Verdict) -> dict[str, Any]:
    """A verdict without the reasons for its panel and without what experts said."""
    return {
        "policy": verdict.route.policy,
        "panel": list(verdict.route.panel),
        "notes": [*verdict.route.notes, *verdict.notes],
        **({} if verdict.age is None else {"cached": True, "age_seconds": _short(verdict.age)}),
        "answer": verdict.answer,
        "author": verdict.author,
        "aggregator": verdict.aggregator,
        "confidence": _short(verdict.confidence),
        "agreement": _short(verdict.agreement),
        "calls": verdict.calls,
        "replaced": [{"expert": expert, "by": other} for expert, other in verdict.replaced],
        "usage": {
            "prompt_tokens": verdict.usage.prompt_tokens,
            "completion_tokens": verdict.usage.completion_tokens,
            "cost_usd": verdict.usage.cost_usd,
            "untold_calls": verdict.usage.untold,
        },
        "timings": {
            "route_seconds": _short(verdict.timings.route),
            "panel_seconds": _short(verdict.timings.panel),
            "aggregate_seconds": _short(verdict.timings.aggregate),
            "total_seconds": _short(verdict.timings.total),
        },
    }


def spent(verdict: Verdict) -> dict[str, Usage]:
    """What each expert's replies took; what the aggregator wrote is its own."""
    parts: dict[str, Usage] = {}
    read, wrote = verdict.usage.prompt_tokens, verdict.usage.completion_tokens
    for reply in verdict.replies:
        if isinstance(reply, Answer):
            before = parts.get(reply.expert)
            parts[reply.expert] = reply.usage if before is None else before + reply.usage
            read -= reply.usage.prompt_tokens
            wrote -= reply.usage.completion_tokens
    if read or wrote:
        writer = verdict.writer or verdict.author
        parts[writer] = parts.get(writer, Usage()) + Usage(read, wrote)
    return parts


def _reply(reply: Reply) -> dict[str, Any]:
    told = {"expert": reply.expert, "seconds": _short(reply.seconds)}
    if isinstance(reply, Answer):
        called = [{"name": call.name, "arguments": call.arguments} for call in reply.calls]
        more = {"tool_calls": called} if called else {}
        return {**told, "text": reply.text, "finish": reply.finish, **more}
    return {**told, "error": reply.cause.value, "message": reply.message}


def _short(value: float) -> float:
    return round(value, DIGITS)
