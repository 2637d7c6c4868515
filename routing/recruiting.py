"""Recruiting: from a ranking of experts to a panel, in order of use."""

import hashlib
import random
from collections.abc import Callable

from routing.types import Ranking

# A generator of the question's own, made only by draws that throw dice.
Dice = Callable[[], random.Random]
Draw = Callable[[Ranking, int, Dice], tuple[str, ...]]  # ranking, panel size, dice -> panel


def top(ranking: Ranking, size: int, _: Dice) -> tuple[str, ...]:
    """The best by score; ties go by name, so the same evidence gives the same panel."""
    return ranking.experts[:size]


def everyone(ranking: Ranking, _: int, __: Dice) -> tuple[str, ...]:
    """All candidates, best first."""
    return ranking.experts


def uniform(ranking: Ranking, size: int, dice: Dice) -> tuple[str, ...]:
    """Distinct experts at random, whatever their score: the baseline every router must beat."""
    names = sorted(ranking.experts)
    return tuple(dice().sample(names, min(size, len(names))))


def with_replacement(ranking: Ranking, size: int, dice: Dice) -> tuple[str, ...]:
    """In proportion to score, the same expert possibly twice: Symbolic-MoE's draw."""
    if not ranking.experts:
        return ()
    weights = [max(score, 0.0) for score in ranking.scores]
    if not any(weights):
        weights = [1.0] * len(weights)
    return tuple(dice().choices(ranking.experts, weights, k=size))


def hashed(ranking: Ranking, size: int, dice: Dice) -> tuple[str, ...]:
    """Distinct experts by the question's hash (rendezvous hashing, Thaler and Ravishankar 1998):
    random over questions, the same at every start, and an expert that goes changes only the
    panels it was on."""
    salt = dice().getrandbits(64).to_bytes(8)
    names = sorted(ranking.experts, key=lambda name: hashlib.sha256(salt + name.encode()).digest())
    return tuple(names[:size])


DRAWS: dict[str, Draw] = {
    "top": top,
    "everyone": everyone,
    "uniform": uniform,
    "hashed": hashed,
    "with_replacement": with_replacement,
}


def dice_for(question: str, seed: int) -> random.Random:
    """A generator that depends on the question and the seed alone: who else is asking at the
    same time must never change a route."""
    digest = hashlib.sha256(f"{seed}\0{question}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8]))
