"""Vote weights, fitted on evidence: how much each reply moves the belief beside the others.

A reply speaks for its answer with log-odds y = log(p (m - 1) / (1 - p)) - log(habit), p being its
expert's competence at the question and m how many answers there could be: a naive Bayes vote. But
experts err together, and a naive vote counts a shared error once for each. So replies are weighed
as Fisher's linear discriminant (1936) weighs features that are correlated: u = S^-1 d, S being the
covariance of what experts say for wrong answers and d how much more they say for right ones. For
any set of voters the weights are those rows and columns, solved: no set needs a fit of its own.

Both are shrunk towards one correlation for all, which is a vote of equal weights. On
MMLU-Pro a naive vote of all 29 models falls to 65 %; weighed like this they stay at 72 %.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from orchestrator.ballots import NONE, Ballots
from orchestrator.habits import Habits

PRIOR = 150.0  # questions that one correlation for all is worth
RIDGE = 1e-3
REMEMBERED = 4096  # sets of voters whose weights are kept
EXTREME = 0.02  # a competence beyond this is not believed, or one vote could settle anything

Table = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VoteModel:
    """`spread` is S, shape (experts, experts), and `pull` is d, shape (experts,), for the experts
    that evidence has answers of; `scale` turns weights into log-odds."""

    experts: tuple[str, ...]
    spread: Table
    pull: Table
    habits: Habits
    scale: float = 1.0
    _known: dict[tuple[str, ...], dict[str, float]] = field(
        default_factory=dict, init=False, repr=False
    )

    def weights(self, voters: tuple[str, ...]) -> tuple[float, ...]:
        """What multiplies each voter's log-odds. A voter without evidence weighs as one of
        average evidence would; an expert voting twice shares one weight between its votes."""
        if not self.experts or not voters:
            return (1.0,) * len(voters)
        distinct = tuple(sorted(set(voters)))
        known = self._known.get(distinct)
        if known is None:
            known = self._solved(distinct)
            if len(self._known) < REMEMBERED:
                self._known[distinct] = known
        return tuple(known[voter] / voters.count(voter) for voter in voters)

    def _solved(self, voters: tuple[str, ...]) -> dict[str, float]:
        rows = np.array([self._row.get(voter, len(self.experts)) for voter in voters])
        spread, pull, variance = self._padded
        among = spread[np.ix_(rows, rows)]
        np.fill_diagonal(among, variance[rows])  # two strangers are not one expert
        solved = self.scale * np.linalg.solve(among, pull[rows])
        return dict(zip(voters, solved.tolist(), strict=True))

    def logodds(
        self, voters: NDArray[np.intp], answered: NDArray[np.bool_], spoken: Table
    ) -> Table:
        """Weighted log-odds of each vote, shape (questions, voters), for questions whose voters
        (rows of the model) may differ. `answered` says who voted; `spoken` is y."""
        if not self.experts:
            return spoken
        among = self.spread[voters[:, :, None], voters[:, None, :]]
        among = among * (answered[:, :, None] & answered[:, None, :])
        among += np.eye(voters.shape[1]) * ~answered[:, :, None]
        pull = self.pull[voters] * answered
        weights = np.linalg.solve(among, pull[..., None])[..., 0]
        weighted: Table = self.scale * weights * spoken
        return weighted

    @cached_property
    def _row(self) -> dict[str, int]:
        return {expert: i for i, expert in enumerate(self.experts)}

    @cached_property
    def _padded(self) -> tuple[Table, Table, Table]:
        """Spread, pull and variance with one row more: a stranger. It errs in part as the mean of
        the others does, in part by itself, so that any number of them makes a valid covariance;
        the spread's last corner is what two strangers share."""
        deviation: Table = np.sqrt(np.diag(self.spread))
        typical = float(np.median(deviation))
        correlation = self.spread / np.outer(deviation, deviation)
        alike = max(_mean_correlation(self.spread), 0.0)
        part = alike / correlation.mean()
        across = part * typical * correlation.mean(axis=1) * deviation
        corner = np.array([[part * alike * typical**2]])
        spread: Table = np.block([[self.spread, across[:, None]], [across, corner]])
        variance = np.append(deviation**2, typical**2)
        return spread, np.append(self.pull, np.median(self.pull)), variance


NAIVE = VoteModel((), np.zeros((0, 0)), np.zeros(0), Habits.none())


def logodds(competence: float, possible: float, habit: float = 1.0) -> float:
    """What one reply says for its answer, alone."""
    believed = min(max(competence, EXTREME), 1 - EXTREME)
    return math.log(believed * (possible - 1) / (1 - believed) / habit)


def spoken(competence: Table, ballots: Ballots, habits: Table) -> Table:
    """`logodds` of every ballot, shape (questions, experts); 0 where no answer was given."""
    believed = competence.clip(EXTREME, 1 - EXTREME)
    odds = np.log(believed * (ballots.possible - 1)[:, None] / (1 - believed) / habits)
    return np.where(ballots.answers >= 0, odds, 0.0)


def fit(ballots: Ballots, said: Table, habits: Habits) -> VoteModel:
    """From ballots and what each said, both shape (questions, experts); competence must come from
    other questions than its own. The scale is left at 1."""
    mean_right = np.where(ballots.right, said, 0.0).mean(axis=0)
    total = np.zeros((len(ballots.experts),) * 2)
    given = np.zeros(len(ballots.answers))  # wrong answers that somebody gave
    for answer in range(int(ballots.answers.max(initial=NONE)) + 1):
        gave = ballots.wrong & (ballots.answers == answer)
        given += gave.any(axis=1)
        alike = np.where(gave, said, 0.0)
        total += alike.T @ alike
    # Wrong answers there were, given or not; an open question may get more than were thought of.
    others = np.maximum(ballots.possible - 1, given).sum()
    mean_wrong = np.where(ballots.wrong, said, 0.0).sum(axis=0) / others
    spread = total / others - np.outer(mean_wrong, mean_wrong)
    share = PRIOR / (PRIOR + len(ballots.answers))
    spread = _shrunk(spread + RIDGE * np.eye(len(spread)), share)
    return VoteModel(ballots.experts, spread, (mean_right - mean_wrong).clip(min=0.0), habits)


def _shrunk(spread: Table, share: float) -> Table:
    """Pulled towards one correlation for every pair, each expert keeping its own variance."""
    deviation = np.sqrt(np.diag(spread))
    target = _mean_correlation(spread) * np.outer(deviation, deviation)
    np.fill_diagonal(target, deviation**2)
    return (1 - share) * spread + share * target


def _mean_correlation(spread: Table) -> float:
    count = len(spread)
    if count < 2:
        return 0.0
    deviation = np.sqrt(np.diag(spread))
    correlation = spread / np.outer(deviation, deviation)
    return float((correlation.sum() - count) / (count * (count - 1)))
