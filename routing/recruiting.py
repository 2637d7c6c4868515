"""Recruiting: from scored candidates to a panel, in order of use."""

import hashlib
import random
from collections.abc import Callable, Sequence

from routing.types import Candidate

# A draw takes candidates (best first), the panel's size and a generator of its own.
Draw = Callable[[Sequence[Candidate], int, random.Random], tuple[str, ...]]


def top(candidates: Sequence[Candidate], size: int, _: random.Random) -> tuple[str, ...]:
    """The best by score; ties go by name, so the same evidence gives the same panel."""
    return tuple(c.expert for c in candidates[:size])


def everyone(candidates: Sequence[Candidate], _: int, __: random.Random) -> tuple[str, ...]:
    """All candidates, best first."""
    return tuple(c.expert for c in candidates)


def uniform(candidates: Sequence[Candidate], size: int, dice: random.Random) -> tuple[str, ...]:
    """Distinct experts at random, whatever their score: the baseline every router must beat."""
    names = sorted(c.expert for c in candidates)
    return tuple(dice.sample(names, min(size, len(names))))


def with_replacement(
    candidates: Sequence[Candidate], size: int, dice: random.Random
) -> tuple[str, ...]:
    """In proportion to score, the same expert possibly twice: Symbolic-MoE's draw."""
    if not candidates:
        return ()
    weights = [max(c.score, 0.0) for c in candidates]
    if not any(weights):
        weights = [1.0] * len(candidates)
    return tuple(dice.choices([c.expert for c in candidates], weights, k=size))


DRAWS: dict[str, Draw] = {
    "top": top,
    "everyone": everyone,
    "uniform": uniform,
    "with_replacement": with_replacement,
}


def dice_for(question: str, seed: int) -> random.Random:
    """A generator that depends on the question and the seed alone: who else is asking at the
    same time must never change a route."""
    digest = hashlib.sha256(f"{seed}\0{question}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8]))
