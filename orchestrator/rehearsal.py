"""The rehearsal: the evidence answered as if it were new, to learn how votes are to be weighed.

Each question's competences come from the other questions (five folds), as they will in service.
What is fitted on them (habits, vote weights, calibration, when to stop) is then honest about how
little the evidence says.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orchestrator import voting
from orchestrator.ballots import Ballots
from orchestrator.habits import Habits
from orchestrator.plan import LONGEST
from orchestrator.voting import VoteModel, spoken
from routing.affinity import Affinity, Scores
from routing.codebook import Codebook
from routing.competence import Competence, overall
from routing.encoder import Vectors
from routing.evidence import Evidence
from routing.profile import Profile
from routing.skills import shares as skill_shares

FOLDS = 5
FEWEST = 20  # questions under which nothing is learned of votes
MOST = 10_000  # questions rehearsed; more would change nothing but the time it takes

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """What every expert was believed to be, and was: all shape (questions, experts)."""

    experts: tuple[str, ...]
    competence: Table  # at the question, from other questions
    overall: Table  # at any question, from other questions
    scores: Scores  # how right it was, NaN where it was not asked
    shares: Table  # shape (questions, skills)
    skills: tuple[str, ...]
    ballots: Ballots
    fold_of: NDArray[np.intp]  # shape (questions,): judged by all other folds

    @classmethod
    def of(cls, profile: Profile, ballots: Ballots, seed: int = 0) -> "Rehearsal":
        """From a profile and the ballots of its first questions, in the same order."""
        count = len(ballots.answers)
        scores = profile.scores(ballots.experts)[:count]
        rows = np.flatnonzero((~np.isnan(scores)).any(axis=1))
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST])
        labels = np.asarray(profile.skills, dtype=str)
        skills = tuple(map(str, np.unique(labels[rows]))) if len(rows) else ()
        whole = cls(
            ballots.experts,
            np.empty((len(rows), len(ballots.experts))),
            np.empty((len(rows), len(ballots.experts))),
            scores[rows],
            np.zeros((len(rows), len(skills))),
            skills,
            ballots.rows(rows),
            np.random.default_rng(seed).permutation(len(rows)) % FOLDS,
        )
        for fold in range(FOLDS):
            whole._fill(profile.vectors[rows], labels[rows], whole.fold_of == fold)
        return whole

    def _fill(self, vectors: Vectors, labels: NDArray[np.str_], tested: NDArray[np.bool_]) -> None:
        """Judge the tested questions by the others."""
        taught = ~tested
        if not taught.any() or not tested.any():
            self.competence[tested] = self.overall[tested] = 0.5
            return
        codebook = Codebook.of(vectors[taught], labels[taught].tolist())
        evidence = Evidence.of_table(self.experts, labels[taught].tolist(), self.scores[taught])
        rates = overall(evidence.wins.sum(axis=1), evidence.losses.sum(axis=1))
        affinity = Affinity.fit(self.experts, vectors[taught], self.scores[taught], rates)
        competence = Competence(evidence, affinity)
        shares = skill_shares(codebook, vectors[tested])
        self.competence[tested] = competence.table(shares, vectors[tested])
        self.overall[tested] = rates
        self.shares[np.ix_(tested, np.isin(self.skills, codebook.labels))] = shares


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the votes came to after each expert asked, shape (questions, experts asked)."""

    rows: NDArray[np.intp]  # which questions of the rehearsal, shape (questions,)
    beliefs: Table  # in the leading answer; 0 while nobody has answered
    right: NDArray[np.bool_]  # whether it is the right one
    votes: NDArray[np.intp]  # how many had answered


def learned(rehearsal: Rehearsal) -> VoteModel:
    """How votes are to be weighed."""
    return _fitted(rehearsal, np.flatnonzero(rehearsal.ballots.countable))


def heard(rehearsal: Rehearsal) -> Heard | None:
    """Experts asked in the order of their competence, their votes weighed as the other folds
    teach: a model flatters itself on the questions it was fitted on. None where there are too few
    questions to vote on."""
    countable = np.flatnonzero(rehearsal.ballots.countable)
    if len(countable) < FEWEST:
        return None
    asked = min(LONGEST, len(rehearsal.experts))
    beliefs, right = np.zeros((len(countable), asked)), np.zeros((len(countable), asked), np.bool_)
    order = np.argsort(-rehearsal.competence[countable], axis=1, kind="stable")[:, :asked]
    fold_of = rehearsal.fold_of[countable]
    for fold in np.unique(fold_of):
        own = fold_of == fold
        model = _fitted(rehearsal, countable[~own])
        ballots, said = what_is_said(rehearsal, countable[own], model.habits)
        beliefs[own], right[own] = prefixes(model, ballots, said, order[own])
    return Heard(countable, beliefs, right, voted(rehearsal.ballots.rows(countable), order))


def _fitted(rehearsal: Rehearsal, rows: NDArray[np.intp]) -> VoteModel:
    if len(rows) < FEWEST:
        return voting.NAIVE
    habits = Habits.of(rehearsal.ballots.rows(rows), rehearsal.skills, rehearsal.shares[rows])
    ballots, said = what_is_said(rehearsal, rows, habits)
    model = voting.fit(ballots, said, habits)
    order = np.argsort(-rehearsal.competence[rows], axis=1, kind="stable")[:, :LONGEST]
    return replace(model, scale=_scale(model, ballots, said, order))


def what_is_said(
    rehearsal: Rehearsal, rows: NDArray[np.intp], habits: Habits
) -> tuple[Ballots, Table]:
    """The ballots of these questions, and what each says."""
    ballots = rehearsal.ballots.rows(rows)
    ratios = habits.ratios(ballots, rehearsal.shares[rows]) if habits.experts else np.ones(1)
    return ballots, spoken(rehearsal.competence[rows], ballots, ratios)


def prefixes(
    model: VoteModel, ballots: Ballots, said: Table, order: NDArray[np.intp]
) -> tuple[Table, NDArray[np.bool_]]:
    """The leading answer's belief, and whether it is right, after each expert in `order`; both
    shape (questions, experts asked). The belief is 0 while nobody has answered."""
    beliefs = np.zeros(order.shape)
    right = np.zeros(order.shape, np.bool_)
    for asked in range(1, order.shape[1] + 1):
        totals, seen = _totals(model, ballots, said, order[:, :asked])
        unseen = (ballots.possible - seen.sum(axis=1)).clip(min=0.0)
        heard = np.where(seen, totals, -np.inf)
        best, most = heard.argmax(axis=1), heard.max(axis=1)
        peak = np.where(unseen > 0, most.clip(min=0.0), most)
        whole = np.exp(heard - peak[:, None]).sum(axis=1) + unseen * np.exp(-peak.clip(min=0.0))
        beliefs[:, asked - 1] = np.exp(most - peak) / whole
        right[:, asked - 1] = (best == ballots.gold) & seen.any(axis=1)
    return beliefs, right


def voted(ballots: Ballots, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many had given an answer after each expert in `order`, shape as `prefixes` gives."""
    answered = np.take_along_axis(ballots.answers, order, axis=1) >= 0
    return answered.cumsum(axis=1)


def _totals(
    model: VoteModel, ballots: Ballots, said: Table, voters: NDArray[np.intp]
) -> tuple[Table, NDArray[np.bool_]]:
    """Log-odds of each answer and whether anybody gave it, shape (questions, answers)."""
    rows = np.arange(len(voters))[:, None]
    answers = ballots.answers[rows, voters]
    kinds = int(max(ballots.answers.max(), ballots.gold.max())) + 1
    odds = model.logodds(voters, answers >= 0, said[rows, voters])
    totals, seen = np.zeros((len(voters), kinds + 1)), np.zeros((len(voters), kinds + 1), np.bool_)
    np.add.at(totals, (rows, answers), odds)  # -1, no answer, is the column that is cut off
    seen[rows, answers] = True
    return totals[:, :kinds], seen[:, :kinds]


def _scale(model: VoteModel, ballots: Ballots, said: Table, order: NDArray[np.intp]) -> float:
    """What turns discriminant weights into log-odds: the right answers are likeliest under it."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(order))
    parts = [_totals(model, ballots, said, order[:, :k]) for k in range(1, order.shape[1] + 1)]

    def surprise(log_scale: float) -> float:
        scale, whole = np.exp(log_scale), 0.0
        for totals, seen in parts:
            odds = (scale * totals).clip(-50.0, 50.0)
            unseen = (ballots.possible - seen.sum(axis=1)).clip(min=0.0)
            mass = np.where(seen, np.exp(odds), 0.0).sum(axis=1) + unseen
            whole += float((np.log(mass) - odds[rows, ballots.gold]).sum())
        return whole

    return float(np.exp(minimize_scalar(surprise, bounds=(-5.0, 3.0), method="bounded").x))
