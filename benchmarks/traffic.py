"""What is asked of eight models on one engine: when, of which, and how long the replies are."""

import math
import random

BASES = "abcdefgh"
LOADS = {"low": 0.35, "medium": 0.7, "near saturation": 1.0, "beyond": 3.5}


def arrivals(rate: float, count: int, seed: int) -> list[tuple[float, str]]:
    """Moments in seconds, and bases: Poisson, the n-th asked for 1/n as often as the first."""
    rng = random.Random(seed)
    weights = [1 / (place + 1) for place in range(len(BASES))]
    when, found = 0.0, []
    for _ in range(count):
        when += rng.expovariate(rate)
        found.append((when, rng.choices(BASES, weights)[0]))
    return found


def length(rng: random.Random, mean: int) -> int:
    """Tokens of a reply: lognormal, as the lengths of chat replies are, cut at four means."""
    sigma = 0.6
    return max(1, min(4 * mean, round(rng.lognormvariate(math.log(mean) - sigma**2 / 2, sigma))))
