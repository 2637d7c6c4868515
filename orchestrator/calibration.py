"""Calibration: turns a belief into how often such beliefs come true.

Platt's logistic correction (1999) of the belief's log-odds, with a weak prior on "leave it as it
is", so that little evidence changes little.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRIOR = 4.0  # precision of "intercept 0, slope 1"
SLOPES = (0.05, 10.0)  # a belief must not be turned upside down
EDGE = 1e-4

Beliefs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """P(right) = sigmoid(intercept + slope x logit(belief)), with a line of its own for one vote,
    two votes, and so on; the last is for all larger numbers."""

    lines: tuple[tuple[float, float], ...] = ((0.0, 1.0),)  # intercept, slope

    def __call__(self, belief: float, votes: int) -> float:
        if belief <= 0:
            return 0.0
        intercept, slope = self.lines[min(max(votes, 1), len(self.lines)) - 1]
        held = min(max(belief, EDGE), 1 - EDGE)
        return 1 / (1 + math.exp(-intercept - slope * math.log(held / (1 - held))))

    def of(self, beliefs: Beliefs, votes: NDArray[np.intp]) -> Beliefs:
        """The same for many, both of the same shape."""
        line = np.array(self.lines)[votes.clip(1, len(self.lines)) - 1]
        odds = line[..., 0] + line[..., 1] * _logit(beliefs)
        calibrated: Beliefs = np.where(beliefs > 0, 1 / (1 + np.exp(-odds)), 0.0)
        return calibrated

    @classmethod
    def fit(
        cls, beliefs: Beliefs, votes: NDArray[np.intp], right: NDArray[np.bool_]
    ) -> "Calibration":
        """The correction under which what came true is most likely; a number of votes seldom seen
        leans on the others. All of one shape, belief 0 where there was no vote."""
        voted = beliefs > 0
        everywhere = _line(beliefs[voted], right[voted], AS_BELIEVED)
        lines = []
        for count in range(1, int(votes.max(initial=1)) + 1):
            those = voted & (votes == count)
            lines.append(_line(beliefs[those], right[those], everywhere))
        return cls(tuple((float(intercept), float(slope)) for intercept, slope in lines))


def _line(beliefs: Beliefs, right: NDArray[np.bool_], prior: Beliefs) -> Beliefs:
    """Intercept and slope: the likeliest, within bounds."""
    from scipy.optimize import minimize
    from scipy.special import expit

    inputs = np.column_stack([np.ones(beliefs.size), _logit(beliefs)])

    def surprise(line: Beliefs) -> tuple[float, Beliefs]:
        odds, moved = inputs @ line, line - prior
        whole = (np.logaddexp(0.0, odds) - right * odds).sum() + PRIOR / 2 * moved @ moved
        return float(whole), inputs.T @ (expit(odds) - right) + PRIOR * moved

    bounds = ((None, None), SLOPES)
    found: Beliefs = minimize(surprise, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found


AS_BELIEVED = np.array([0.0, 1.0])
AS_IS = Calibration()


def _logit(beliefs: Beliefs) -> Beliefs:
    held = beliefs.clip(EDGE, 1 - EDGE)
    logit: Beliefs = np.log(held / (1 - held))
    return logit
