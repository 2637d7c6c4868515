"""What something takes, learned from what it took: seconds as a sum of rates times amounts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RECENT = 32  # observations kept
FADE = 0.95  # what an observation counts for, against the one after it
NOISE = 0.1  # how far observations are off, as a logarithm: mostly within 10 %
HUBER = 1.5  # noises beyond which an observation pulls no harder, however far off it is
SPREAD = 1.0  # how far the rates known beforehand may be off: by a factor of e, either way
ROUNDS = 60  # of Gauss-Newton; it mostly needs fewer than twenty
FASTER = 1.5  # that a step is longer after one that went well
PRECISION = 1e-6  # of a rate's logarithm, at which it is done
STEP = 1.0  # most that a round may change a rate's logarithm by
SMALLEST, LARGEST = 1e-15, 1e9  # seconds that a rate may come to

Array = NDArray[np.float64]
Rates = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """What was done, as an amount for each rate, and the seconds it took."""

    amounts: Rates
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rates (seconds per unit), from those known beforehand and recent observations.

    Noise multiplies, so logarithms are fitted and no rate falls to zero. Huber's loss makes an
    outlier pull no harder than any other observation and fading makes the newest dozen outvote
    all before them, so that one odd figure is ignored and a lasting change is followed. What
    recent observations cannot tell (a fixed part from one per unit, where all are of one size)
    stays as it was known before.
    """

    known: Rates
    recent: tuple[Observation, ...] = ()  # oldest first
    rates: Rates = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rates", _fitted(self.known, self.recent))

    def seconds(self, *amounts: float) -> float:
        """What these amounts are expected to take."""
        return math.fsum(r * amount for r, amount in zip(self.rates, amounts, strict=True))

    def after(self, seconds: float, *amounts: float) -> "Estimate":
        """What is known once this has been seen. What tells nothing (no time, nothing done, or a
        figure that is none) changes nothing."""
        observation = Observation(amounts, seconds)
        if not tells(observation):
            return self
        if len(self.recent) < RECENT:
            return Estimate(self.known, (*self.recent, observation))
        return Estimate(self.rates, (*self.recent[1:], observation))


def tells(observation: Observation) -> bool:
    """Whether something was done in a time that can be believed."""
    figures = (observation.seconds, *observation.amounts)
    return (
        all(math.isfinite(figure) and figure >= 0 for figure in figures)
        and SMALLEST < observation.seconds < LARGEST
        and any(observation.amounts)
    )


def _fitted(known: Rates, recent: Sequence[Observation]) -> Rates:
    """The most likely rates around the known: Huber's M-estimate in logarithms, by damped
    Gauss-Newton steps. Where outliers make for several peaks, the one uphill from the known."""
    prior = np.log(np.clip(known, SMALLEST, LARGEST))
    if not recent:
        return tuple(np.exp(prior).tolist())
    amounts = np.array([observation.amounts for observation in recent])
    took = np.log([observation.seconds for observation in recent])
    found, (loss, step) = prior, _look(prior, prior, amounts, took)
    pace = 1.0  # of a step: more on a slope so even that steps are far too short
    for _ in range(ROUNDS):
        moved = found + np.clip(pace * step, -STEP, STEP)
        lower, onward = _look(moved, prior, amounts, took)
        if lower < loss:
            found, loss, step, pace = moved, lower, onward, FASTER * pace
        else:
            pace = min(1.0, pace / 2)
        if np.abs(pace * step).max() < PRECISION:
            break
    return tuple(np.exp(np.clip(found, math.log(SMALLEST), math.log(LARGEST))).tolist())


def _look(found: Array, prior: Array, amounts: Array, took: Array) -> tuple[float, Array]:
    """How unlikely these rates (logarithms) are, and a step towards more likely ones."""
    parts = amounts * np.exp(found)  # seconds, by observation and rate
    expected = parts.sum(axis=1)
    shares = parts / expected[:, None]  # how the logarithm moves with each rate's
    off = (took - np.log(expected)) / NOISE
    pull = np.clip(off, -HUBER, HUBER)
    fresh = FADE ** np.arange(len(took) - 1, -1, -1.0)
    loss = (fresh * pull * (off - pull / 2)).sum() + ((found - prior) ** 2).sum() / SPREAD**2 / 2
    slope = shares.T @ (fresh * pull) / NOISE + (prior - found) / SPREAD**2
    weights = fresh * np.minimum(1.0, HUBER / np.maximum(np.abs(off), HUBER)) / NOISE**2
    curvature = shares.T @ (weights[:, None] * shares) + np.eye(len(prior)) / SPREAD**2
    return float(loss), np.linalg.solve(curvature, slope)
