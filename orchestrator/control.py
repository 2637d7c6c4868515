"""What one request asks of its panel, beside what its policy says."""

from collections.abc import Collection
from dataclasses import replace

from orchestrator.errors import Refused
from orchestrator.policies import Policy, voting
from orchestrator.types import AS_THE_POLICY_SAYS, Control


def checked(control: Control, experts: Collection[str], writer: str | None, alone: str) -> None:
    """Raises `Refused` for a control that cannot be honoured. `alone` is the expert that the
    request names to answer by itself, or ""; `writer` writes verdicts and is asked nothing else."""
    known = {*experts, *([writer] if writer else [])}
    named = {
        "writer": {control.writer} if control.writer else set(),
        "allow": control.allow,
        "deny": control.deny,
    }
    for field, names in named.items():
        if unknown := sorted(set(names or ()) - known):
            listed = ", ".join(sorted(known))
            raise Refused(field, f"no expert named {unknown[0]!r}; use some of {listed}")
    field = "deny" if control.deny else "allow"
    if alone and alone in control.barred(known):
        raise Refused(field, f"leaves out {alone}, which the request names as its model")
    if not set(experts) - control.barred(known):
        raise Refused(field, f"nobody is left to ask of {', '.join(sorted(experts))}")


def steered(policy: Policy, control: Control, barred: frozenset[str], writer: str | None) -> Policy:
    """The policy as the request wants it. Where more than one may be asked somebody settles what
    they say, and an aggregator that is barred writes nothing: then the vote decides."""
    if control == AS_THE_POLICY_SAYS:
        return policy
    recruiting = replace(policy.recruiting, barred=barred)
    if control.size is not None:
        draw = "top" if recruiting.draw == "everyone" else recruiting.draw
        recruiting = replace(recruiting, size=control.size, draw=draw)
    policy = replace(policy, recruiting=recruiting)
    if recruiting.size > 1 and policy.aggregator == "none":
        policy = replace(policy, aggregator="vote")
    if control.confidence is not None:
        policy = replace(policy, confidence=control.confidence)
    silent = control.deny if control.writer else barred
    if policy.aggregator != "synthesize" or (control.writer or writer) not in silent:
        return policy
    notes = (*recruiting.notes, f"{control.writer or writer} may not be asked: the vote decides")
    return voting(replace(policy, recruiting=replace(recruiting, notes=notes)))
