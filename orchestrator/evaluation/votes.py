"""Panels and their votes, for all questions at once."""

import numpy as np
from numpy.typing import NDArray

from orchestrator.evaluation.outcomes import Outcome
from orchestrator.evaluation.table import Floats, Ints, Table

EQUAL = 1e-9  # sums of weights that differ by less are a tie
SURE = 0.99  # no rate is believed beyond this, or its weight would be infinite


def top(ranking: Floats, size: int) -> Ints:
    """The columns of the `size` best of each row, best first; ties go to the lower column."""
    order: Ints = np.argsort(-ranking, axis=1, kind="stable")[:, :size]
    return order


def elected(answers: Ints, weights: Floats, replied: NDArray[np.bool_] | None = None) -> Ints:
    """Whose answer wins, as a column of the panel, shape (questions,).

    All are of shape (questions, panel), better experts first: a tie goes to the better one. Where
    nobody gave an answer, the first that replied is taken at its word.
    """
    agree = (answers[:, :, None] == answers[:, None, :]) & (answers >= 0)[:, None, :]
    support = (agree * weights[:, None, :]).sum(axis=2)
    silent = -1e12 if replied is None else np.where(replied, -1e12, -np.inf)
    support = np.where(answers >= 0, support, silent)
    best = support.max(axis=1, keepdims=True)
    first: Ints = np.argmax(support >= best - EQUAL, axis=1)
    return first


def voted(table: Table, ranking: Floats, size: int, weights: Floats | None = None) -> Outcome:
    """The vote of each question's `size` best by `ranking`, shape (questions, experts). Votes
    count one each unless weighed, in the same shape."""
    panel = top(ranking, size)
    here = np.ones_like(ranking) if weights is None else weights
    graded = np.take_along_axis(table.scores, panel, axis=1)
    winner = elected(
        np.take_along_axis(table.answers, panel, axis=1),
        np.take_along_axis(here, panel, axis=1),
        ~np.isnan(graded),
    )
    return asked(table, panel, winner)


def asked(table: Table, panel: Ints, winner: Ints) -> Outcome:
    """The outcome where `winner`, a column of `panel`, speaks for everyone asked."""
    author = panel[np.arange(len(panel)), winner]
    return Outcome(
        table.graded[np.arange(len(panel)), author],
        np.full(len(panel), float(panel.shape[1])),
        np.take_along_axis(table.costs, panel, axis=1).sum(axis=1),
        np.full(len(panel), np.nan),
    )


def alone(table: Table, experts: Ints) -> Outcome:
    """The outcome of asking one expert a question, shape (questions,)."""
    return asked(table, experts[:, None], np.zeros(len(experts), np.int64))


def naive_bayes(rates: Floats, possible: Ints) -> Floats:
    """The weight that makes a vote Bayes-optimal for independent experts: log(p (m-1) / (1-p)).

    `rates` (experts,) are P(right), `possible` (questions,) how many answers there are (m). The
    rule of Nitzan & Paroush 1982, for m answers.
    """
    right = rates.clip(1 - SURE, SURE)
    others = np.maximum(possible - 1, 1)
    weights: Floats = np.log(right / (1 - right))[None, :] + np.log(others)[:, None]
    return weights
