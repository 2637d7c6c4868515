"""The reference routers, in every comparison: what `auto` is measured against."""

from collections.abc import Callable, Sequence

import numpy as np

from orchestrator.evaluation import learners
from orchestrator.evaluation.learners import overall
from orchestrator.evaluation.outcomes import Kind, Method, Outcome
from orchestrator.evaluation.table import Floats, Table
from orchestrator.evaluation.tuning import tuned
from orchestrator.evaluation.votes import alone, naive_bayes, voted

SIZES = (1, 2, 3, 5, 7)
BEST_SINGLE = "best single"
LEARNERS = {
    "kNN": learners.nearest,
    "clusters": learners.clusters,
    "matrix factorisation": learners.factorised,
}


def panel_sizes(table: Table) -> tuple[int, ...]:
    """The sizes a panel can have here: one where there is nothing to vote on."""
    most = len(table.experts) if table.votable else 1
    return tuple(size for size in SIZES if size <= most)


def baselines(evidence: Table, test: Table) -> list[Method]:
    """Every baseline that is computed from arrays alone."""
    sizes = panel_sizes(test)
    makers: Sequence[Callable[[Table, Table], Method]] = (random_expert, each_alone, best_single)
    found = [make(evidence, test) for make in makers]
    found += [tuned(name, learn, evidence, test, sizes) for name, learn in LEARNERS.items()]
    if test.votable:
        found += [fixed_vote(evidence, test), bayes_vote(evidence, test), everyone(evidence, test)]
    return [*found, *bounds(evidence, test)]


def bounds(evidence: Table, test: Table) -> list[Method]:
    """What hindsight could reach: lines to see how far there is to go, not rivals."""
    return [
        _bound("best single, in hindsight", alone(test, _same(test, test.graded.mean(axis=0)))),
        _knn_in_hindsight(evidence, test),
        tuned(
            "told the category", learners.by_category, evidence, test, panel_sizes(test), Kind.BOUND
        ),
        _bound("category oracle", alone(test, category_best(test))),
        _bound("oracle", alone(test, test.graded.argmax(axis=1))),
    ]


def random_expert(_: Table, test: Table) -> Method:
    """One expert at random: its expectation, so no luck is in it."""
    outcome = Outcome(
        test.graded.mean(axis=1),
        np.ones(len(test)),
        test.costs.mean(axis=1),
        np.full(len(test), np.nan),
    )
    return Method("random", Kind.BASELINE, {"one": outcome})


def each_alone(_: Table, test: Table) -> Method:
    """Every expert by itself."""
    settings = {
        name: alone(test, np.full(len(test), column)) for column, name in enumerate(test.experts)
    }
    return Method("an expert alone", Kind.BASELINE, settings)


def best_single(evidence: Table, test: Table) -> Method:
    """The expert that is best on the evidence answers everything."""
    rates = overall(evidence)
    settings = {"one": alone(test, _same(test, rates))}
    return Method(BEST_SINGLE, Kind.BASELINE, settings, test.experts[int(rates.argmax())])


def fixed_vote(evidence: Table, test: Table) -> Method:
    """The k best on the evidence vote on everything; a tie goes to the better expert."""
    ranking = np.broadcast_to(overall(evidence), test.scores.shape)
    settings = {f"top {k}": voted(test, ranking, k) for k in panel_sizes(test)}
    return Method("fixed top-k vote", Kind.BASELINE, settings)


def bayes_vote(evidence: Table, test: Table) -> Method:
    """The same panels, and everyone, with votes weighed by log-odds."""
    rates = overall(evidence)
    ranking = np.broadcast_to(rates, test.scores.shape)
    weights = naive_bayes(rates, test.possible)
    settings = {f"top {k}": voted(test, ranking, k, weights) for k in panel_sizes(test)}
    settings["everyone"] = voted(test, ranking, len(test.experts), weights)
    return Method("naive Bayes vote", Kind.BASELINE, settings)


def everyone(evidence: Table, test: Table) -> Method:
    """Everybody votes, one vote each."""
    ranking = np.broadcast_to(overall(evidence), test.scores.shape)
    settings = {"everyone": voted(test, ranking, len(test.experts))}
    return Method("everyone votes", Kind.BASELINE, settings)


def category_best(test: Table) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """For each question the expert that is best in its category on the test itself."""
    names, home = np.unique(test.categories, return_inverse=True)
    best = np.array([test.graded[home == i].mean(axis=0).argmax() for i in range(len(names))])
    chosen: np.ndarray[tuple[int, ...], np.dtype[np.int64]] = best[home]
    return chosen


def _knn_in_hindsight(evidence: Table, test: Table) -> Method:
    if not len(evidence):
        return _bound("kNN, best k in hindsight", alone(test, np.zeros(len(test), np.int64)))
    found = learners.nearest(evidence, test.questions)
    outcomes = {knob: voted(test, ranking, 1) for knob, ranking in found.items()}
    knob = max(outcomes, key=lambda knob: outcomes[knob].accuracy)
    return _bound("kNN, best k in hindsight", outcomes[knob], knob)


def _bound(name: str, outcome: Outcome, note: str = "") -> Method:
    return Method(name, Kind.BOUND, {"one": outcome}, note)


def _same(test: Table, rates: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.full(len(test), int(rates.argmax()))
