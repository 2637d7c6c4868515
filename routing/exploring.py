"""Exploring: an expert of whom little is known gets a seat now and then, and so earns its share.

On a bounded share of questions the last seat of a panel goes to the newcomer with the highest upper
bound of belief (Kaufmann, Cappe and Garivier 2012, "On Bayesian Upper Confidence Bounds for Bandit
Problems", with the normal approximation of its Beta). Whoever has been seen often enough, or can
hardly be as good as the seat's owner, is not explored. Chance depends on tenant, question and seed
alone; the probability of what was done is told with the route.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from routing.recruiting import Dice
from routing.types import Ranking

WIDTH = 2.0  # standard deviations between a belief and its upper bound
PRIOR = 4.0  # outcomes that the belief in somebody unknown counts as
TRIAL = 3.0  # outcomes before a low belief is believed


@dataclass(frozen=True, slots=True)
class Exploration:
    """How much of it there is."""

    share: float = 0.0  # of the questions, at most; 0: none
    enough: float = 10.0  # outcomes at a question's skills with which an expert is no newcomer


NONE = Exploration()


class Seated(NamedTuple):
    """A panel, who was seated to be learned about, and how probable it was that it came to this."""

    panel: tuple[str, ...]
    newcomer: str = ""
    propensity: float = 1.0


def explored(
    panel: tuple[str, ...],
    ranking: Ranking,
    observed: Mapping[str, float],
    exploration: Exploration,
    dice: Dice,
) -> Seated:
    """The panel, or one whose last seat a newcomer has. It is asked first, for whoever comes late
    may not be asked at all. `observed` counts outcomes by expert at such a question."""
    newcomers = [
        expert
        for expert in ranking.experts
        if expert not in panel and observed[expert] < exploration.enough
    ]
    if not newcomers or not panel:
        return Seated(panel)
    belief = ranking.competence
    bounds = {expert: upper(belief[expert], observed[expert]) for expert in newcomers}
    hopeful = [e for e in newcomers if observed[e] < TRIAL or bounds[e] > belief[panel[-1]]]
    if not hopeful:
        return Seated(panel)
    best = max(bounds[expert] for expert in hopeful)
    tied = sorted(expert for expert in hopeful if bounds[expert] == best)
    roll = dice().random()
    if roll >= exploration.share:
        return Seated(panel, "", 1 - exploration.share)
    newcomer = tied[int(roll / exploration.share * len(tied))]
    return Seated((newcomer, *panel[:-1]), newcomer, exploration.share / len(tied))


def upper(belief: float, observed: float) -> float:
    """How good an expert may be, for all that is known."""
    return belief + WIDTH * math.sqrt(belief * (1 - belief) / (observed + PRIOR + 1))
