"""How many experts a question is worth: from a ranking's scores to a number.

Each rule looks at the whole pool before anybody is cut, so the share of the weight that is cut away
is known, and told. Rules want; `cut` holds them to the policy's least and most.
Sources: top-p routing (Huang et al. 2024, "Harder Tasks Need More Experts"), the gap between the
first two (DeepSpeed's and GShard's second expert), null experts (AdaMoE, Zeng et al. 2024).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.types import Ranking


@dataclass(frozen=True, slots=True)
class Sizing:
    """A rule and what it compares with. The most it may ask is the policy's size."""

    rule: str = "fixed"  # a key of SIZES
    level: float = 0.0  # a mass, weight, gap, ratio, score, doubt or entropy: each rule says which
    least: int = 1
    margin: float = 0.0  # of `broadcast`
    default: str = ""  # the expert that answers where the rule wants nobody; "": the best
    temperature: float = 0.05  # of the weights: a score lower by this much weighs e times less

    def __post_init__(self) -> None:
        if self.rule not in SIZES:
            raise ValueError(f"no size rule named {self.rule!r}; use one of {', '.join(SIZES)}")
        if self.rule == "importance" and self.level <= 0:
            raise ValueError("`importance` divides by its level: give one above 0, such as 0.15")


class Pool(NamedTuple):
    """Everybody eligible, best first."""

    scores: NDArray[np.float64]
    weights: NDArray[np.float64]  # sum to 1
    doubt: float  # that the most competent is right, 0..1


class Cut(NamedTuple):
    """How many are asked, and what is to be told of it."""

    size: int
    default: str = ""  # asked first, where the rule wanted nobody
    notes: tuple[str, ...] = ()


Size = Callable[[Pool, Sizing], int]  # how many it wants, whatever the limits


def fixed(pool: Pool, _: Sizing) -> int:
    """As many as the policy allows."""
    return len(pool.scores)


def top_p(pool: Pool, sizing: Sizing) -> int:
    """The fewest that hold `level` of the weight."""
    return int(np.searchsorted(pool.weights.cumsum(), sizing.level - 1e-12)) + 1


def threshold(pool: Pool, sizing: Sizing) -> int:
    """All that weigh at least `level`."""
    return int((pool.weights >= sizing.level).sum())


def gap(pool: Pool, sizing: Sizing) -> int:
    """The first, and those that weigh less than it by under `level`."""
    behind = pool.weights[0] - pool.weights[1:]
    return 1 + int((behind < sizing.level).sum())


def ratio(pool: Pool, sizing: Sizing) -> int:
    """All that weigh at least `level` times the first."""
    return int((pool.weights >= sizing.level * pool.weights[0]).sum())


def null(pool: Pool, sizing: Sizing) -> int:
    """Those that score better than asking nobody, which scores `level`."""
    return int((pool.scores > sizing.level).sum())


def importance(pool: Pool, sizing: Sizing) -> int:
    """One, and one more for each `level` of doubt in the most competent."""
    return 1 + int(pool.doubt / sizing.level + 1e-9)


def broadcast(pool: Pool, sizing: Sizing) -> int:
    """The least; everybody where the weights' entropy, as a share of the highest possible, is at
    least `level`, or the first two are at most `margin` apart."""
    if len(pool.weights) < 2:
        return sizing.least
    unsure = entropy(pool.weights) >= sizing.level
    close = pool.weights[0] - pool.weights[1] <= sizing.margin
    return len(pool.weights) if unsure or close else sizing.least


SIZES: dict[str, Size] = {
    "fixed": fixed,
    "top_p": top_p,
    "threshold": threshold,
    "gap": gap,
    "ratio": ratio,
    "null": null,
    "importance": importance,
    "broadcast": broadcast,
}


AS_MANY = Sizing()


def cut(ranking: Ranking, most: int, sizing: Sizing) -> Cut:
    """How many of these are asked: at least `sizing.least`, at most `most`, as far as there are
    experts."""
    if sizing.rule == "fixed" or not ranking.experts:
        return Cut(most)
    pool = pool_of(ranking, sizing.temperature)
    wanted = SIZES[sizing.rule](pool, sizing)
    everybody = len(ranking.experts)
    count = min(max(wanted, sizing.least, 1), max(most, 1), everybody)
    default = sizing.default if wanted == 0 and sizing.default in ranking.experts else ""
    return Cut(count, default, tuple(_notes(pool, sizing.rule, (wanted, count), default)))


def pool_of(ranking: Ranking, temperature: float) -> Pool:
    """Weights are a softmax of the scores over everybody."""
    scores = np.array(ranking.scores)
    weights = np.exp((scores - scores.max()) / temperature)
    doubt = 1 - max(ranking.beliefs)
    return Pool(scores, weights / weights.sum(), doubt)


def entropy(weights: NDArray[np.float64]) -> float:
    """Of at least two weights that sum to 1, as a share of the highest possible."""
    some = weights[weights > 0]
    return float(-(some * np.log(some)).sum()) / math.log(len(weights))


def _notes(pool: Pool, rule: str, asked: tuple[int, int], default: str) -> list[str]:
    (wanted, count), everybody = asked, len(pool.weights)
    notes = []
    if count < everybody:
        away = pool.weights[count:].sum()
        notes.append(f"{rule}: {count} of {everybody} asked; {away:.0%} of the weight is cut away")
    if wanted > count:
        notes.append(f"{rule}: {wanted} wanted, but the policy's size allows {count}")
    if wanted == 0:
        stands = f"the default {default}" if default else "the best there is"
        notes.append(f"{rule}: nobody is better than asking nobody; {stands} answers")
    return notes
