"""What experts who agree have settled: no single reply can overturn it, whatever it says.

An aggregator reads what experts wrote, and one of them may write for the aggregator: that all
agree with it, or that nothing else counts. Many such attempts succeed (Shi et al. 2024,
"Optimization-based Prompt Injection Attack to LLM-as-a-Judge"). A vote cannot be talked round: so
where two experts agree on the answer that the vote believes most, what is written may only be an
answer that two agree on.
"""

from collections.abc import Collection, Mapping, Sequence

from experts.types import Answer
from orchestrator.belief import Vote

ENOUGH = 2  # experts that agree


def settled(votes: Sequence[Vote], leading: str) -> frozenset[str]:
    """The answers that may win; none: nothing is settled, and any may. `leading` is the one most
    believed. An expert that was asked twice agrees with nobody."""
    backers: dict[str, set[str]] = {}
    for vote in votes:
        backers.setdefault(vote.answer, set()).add(vote.reply.expert)
    if len(backers.get(leading, ())) < ENOUGH:
        return frozenset()
    return frozenset(answer for answer, who in backers.items() if len(who) >= ENOUGH)


def winners(stated: Sequence[Vote], counted: Sequence[Vote], leading: str) -> frozenset[str]:
    """The same as they are stated: `counted` are these votes, those for one answer under one."""
    may = settled(counted, leading)
    pairs = zip(stated, counted, strict=True)
    return frozenset(vote.answer for vote, under in pairs if under.answer in may)


def counted_as(answers: Collection[str], alike: Mapping[str, str]) -> frozenset[str]:
    """The answers that votes for these are counted under."""
    return frozenset(alike.get(answer, answer) for answer in answers)


def stands(answer: str, may: Collection[str], alike: Mapping[str, str]) -> bool:
    """Whether a written answer may be the verdict's, `may` being those that may win."""
    return not may or counted_as([answer], alike) <= counted_as(may, alike)


def heard(
    replies: Sequence[Answer], stated: Sequence[Vote], may: Collection[str]
) -> Sequence[Answer]:
    """The replies that whoever writes hears of: none that is outvoted, nor one that answers
    nothing, where something is settled."""
    backing = {id(vote.reply) for vote in stated if vote.answer in may}
    return [reply for reply in replies if not may or id(reply) in backing]


def against_all(writer: str) -> str:
    """What is told where a written verdict does not stand."""
    return f"what {writer} wrote goes against experts who agree; the vote stands"
