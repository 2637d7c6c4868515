"""The named ways to answer a question. A policy's name is a model's name: `convene/auto`."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from orchestrator.plan import Plan
from routing.router import Recruiting
from routing.sizing import Sizing

Aggregator = Literal["vote", "synthesize", "none"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who is recruited, when asking stops, and who writes the verdict."""

    recruiting: Recruiting
    aggregator: Aggregator = "vote"
    # Asking stops once some answer is believed this much; None asks the whole panel at once.
    confidence: float | None = None
    # Competence that a seat may lose to an expert that is asked because its weights are there.
    exchange: float = 0.0

    @property
    def name(self) -> str:
        return self.recruiting.policy


def _sized(rule: str, level: float, margin: float = 0.0, least: int = 1) -> Policy:
    """The best experts by competence, as many as a size rule wants, at most five."""
    sizing = Sizing(rule, level, least, margin)
    return Policy(Recruiting(rule.replace("_", "-"), size=5, sizing=sizing))


def _policy(
    name: str,
    score: str = "competence",
    draw: str = "top",
    size: int = 3,
    aggregator: Aggregator = "vote",
) -> Policy:
    return Policy(Recruiting(name, score, draw, size), aggregator)


AUTO = replace(_policy("auto"), confidence=0.7)
POLICIES: dict[str, Policy] = {
    policy.name: policy
    for policy in (
        AUTO,
        _policy("single", size=1, aggregator="none"),
        _policy("best-single", score="overall", size=1, aggregator="none"),
        _policy("vote"),
        _policy("fixed-vote", score="overall"),
        _policy("synthesize", aggregator="synthesize"),
        _policy("symbolic-moe", "symbolic-moe", "with_replacement", aggregator="synthesize"),
        _sized("top_p", 0.8),
        _sized("threshold", 0.1),
        _sized("gap", 0.2),
        _sized("ratio", 0.3),
        _sized("null", 0.5),
        _sized("importance", 0.15),
        _sized("broadcast", 0.9, margin=0.02),
        _policy("everyone", draw="everyone"),
        _policy("hashed", draw="hashed", size=1, aggregator="none"),
        _policy("random", draw="uniform", size=1, aggregator="none"),
    )
}


def planned(
    plan: Plan | None,
    size: int = AUTO.recruiting.size,
    confidence: float | None = None,
    aggregator: Aggregator = "vote",
) -> Policy:
    """`auto` by the plan that the evidence speaks for. A confidence that the operator set goes
    before it, and without evidence there is no plan: then as `AUTO`, with at most `size`."""
    recruiting = replace(AUTO.recruiting, size=size)
    if plan is None or confidence is not None:
        stop = AUTO.confidence if confidence is None else confidence
        return Policy(recruiting, aggregator, stop)
    recruiting = replace(recruiting, score=plan.score, size=plan.size, notes=plan.notes)
    return Policy(recruiting, aggregator if plan.size > 1 else "none", plan.confidence)


def voting(policy: Policy) -> Policy:
    """The policy where there is no LLM to write verdicts: the vote decides."""
    return replace(policy, aggregator="vote") if policy.aggregator == "synthesize" else policy


@lru_cache(maxsize=1024)
def pinned(expert: str) -> Policy:
    """The policy of a request that names an expert: that one alone."""
    return Policy(Recruiting(expert, size=1), "none")
