"""What experts who agree have settled: no single reply can overturn it, whatever it says.

An aggregator reads what experts wrote, and one of them may write for the aggregator: that all
agree with it, or that nothing else counts. Many such attempts succeed (Shi et al. 2024,
"Optimization-based Prompt Injection Attack to LLM-as-a-Judge"). A vote cannot be talked round: so
where two experts agree on the answer that the vote believes most, what is written may only be an
answer that two agree on.
"""

from collections.abc import Mapping, Sequence

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


def counted_as(answer: str, alike: Mapping[str, str]) -> str:
    """The answer that this one's votes are counted under."""
    return alike.get(answer, answer)


def against_all(writer: str) -> str:
    """What is told where a written verdict does not stand."""
    return f"what {writer} wrote goes against experts who agree; the vote stands"
