"""From outcomes to the report's values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from orchestrator.evaluation.baselines import category_best
from orchestrator.evaluation.calibration import calibration
from orchestrator.evaluation.curve import BUDGETS, at_budget, cross_fitted, hull
from orchestrator.evaluation.outcomes import Method, Outcome
from orchestrator.evaluation.report import (
    Category,
    Frontier,
    Grid,
    Match,
    Matched,
    MethodResult,
    Point,
    Report,
    Result,
)
from orchestrator.evaluation.significance import Paired, paired, wilson
from orchestrator.evaluation.splits import Splits
from orchestrator.evaluation.table import Floats, Table

EQUAL_CALLS = 0.05  # a question; mean calls that differ by more are not the same budget
SHARES = (0.1, 0.25, 0.5, 1.0, 2.0)  # budgets in dollars, of what the best single expert costs


def report_of(
    test: Table,
    outcomes: Mapping[str, Outcome],
    single: Method,
    splits: Splits,
    evidence: Sequence[Table],
) -> Report:
    """The report without a frontier. `test` is all reported questions, in the outcomes' order."""
    best = single.settings["one"]
    gains = paired(np.array([o.scores for o in outcomes.values()]), best.scores) if outcomes else []
    results = {
        name: _result(outcome, best, gain)
        for (name, outcome), gain in zip(outcomes.items(), gains, strict=True)
    }
    alone = test.graded.mean(axis=0)
    return Report(
        policies=results,
        experts=dict(zip(test.experts, alone.tolist(), strict=True)),
        chosen_single=single.note or "chosen anew for each part",
        oracle=float(test.graded.max(axis=1).mean()),
        skipped=splits.skipped,
        overlap=0 if splits.held_out else splits.overlap,
        evidence=round(float(np.mean([len(part) for part in evidence]))),
        held_out=splits.held_out,
        calibration={name: calibration(o.confidence, o.scores) for name, o in outcomes.items()},
        categories=_categories(test, outcomes, best),
        heatmap=_heatmap(test, alone),
        similarity=_similarity(test, alone),
    )


def frontier_of(report: Report, methods: Sequence[Method]) -> Report:
    """The report with every method's points, and ours, the first, against each at equal calls
    and, where prices are known, at equal dollars."""
    ours, rivals = methods[0], methods[1:]
    dollars = None
    single = next(f for f in methods if f.name == "best single").settings["one"].mean_dollars
    if single and all(_priced(method) for method in methods):
        dollars = _matched("dollars", [single * share for share in SHARES], ours, rivals)
    results = tuple(_method(method) for method in methods)
    calls = _matched("calls", BUDGETS, ours, rivals)
    return replace(report, frontier=Frontier(results, calls, dollars))


def _result(outcome: Outcome, best: Outcome, gain: Paired) -> Result:
    count = len(outcome.scores)
    return Result(
        outcome.accuracy,
        wilson(outcome.accuracy, count),
        outcome.mean_calls,
        outcome.mean_dollars,
        count,
        gain,
        abs(outcome.mean_calls - best.mean_calls) <= EQUAL_CALLS,
    )


def _method(method: Method) -> MethodResult:
    ordered = sorted(method.settings.items(), key=lambda item: item[1].mean_calls)
    spent = np.array([outcome.mean_calls for _, outcome in ordered])
    accuracy = np.array([outcome.accuracy for _, outcome in ordered])
    corners = set(hull(spent, accuracy))
    points = tuple(
        Point(
            label,
            outcome.accuracy,
            wilson(outcome.accuracy, len(outcome.scores)),
            outcome.mean_calls,
            outcome.mean_dollars,
            i in corners,
        )
        for i, (label, outcome) in enumerate(ordered)
    )
    return MethodResult(method.name, method.kind, method.note, points)


def _priced(method: Method) -> bool:
    return all(outcome.mean_dollars is not None for outcome in method.settings.values())


def _spent(method: Method, unit: str) -> Floats:
    outcomes = method.settings.values()
    return np.array([o.calls if unit == "calls" else o.dollars for o in outcomes])


def _scores(method: Method) -> Floats:
    return np.array([outcome.scores for outcome in method.settings.values()])


def _matched(
    unit: str, budgets: Sequence[float], ours: Method, rivals: Sequence[Method]
) -> Matched:
    mine, fitted, matches = {}, {}, []
    for budget in budgets:
        scores = at_budget(_spent(ours, unit), _scores(ours), budget)
        if scores is None:
            continue
        mine[budget] = float(scores.mean())
        fitted[budget] = cross_fitted(_spent(ours, unit), _scores(ours), budget)
        theirs = [(f, at_budget(_spent(f, unit), _scores(f), budget)) for f in rivals]
        reached = [(method, row) for method, row in theirs if row is not None]
        gains = paired(scores, np.array([row for _, row in reached]))
        for (method, row), gain in zip(reached, gains, strict=True):
            fair = cross_fitted(_spent(method, unit), _scores(method), budget)
            found = Match(budget, method.name, method.kind, float(row.mean()), fair, gain)
            matches.append(found)
    return Matched(unit, tuple(budgets), mine, fitted, tuple(matches))


def _categories(
    test: Table, outcomes: Mapping[str, Outcome], single: Outcome
) -> tuple[Category, ...]:
    """By how much the best expert of the category beats the best of all: where routing can pay."""
    rows = np.arange(len(test))
    here = test.graded[rows, category_best(test)]
    found = []
    for name in np.unique(test.categories).tolist():
        mask = test.categories == name
        found.append(
            Category(
                name,
                int(mask.sum()),
                float(single.scores[mask].mean()),
                float(here[mask].mean()),
                float(test.graded[mask].max(axis=1).mean()),
                {policy: float(o.scores[mask].mean()) for policy, o in outcomes.items()},
            )
        )
    return tuple(sorted(found, key=lambda c: c.best_single - c.best_here))


def _heatmap(test: Table, alone: Floats) -> Grid:
    """Best expert first; the largest category first."""
    names, counts = np.unique(test.categories, return_counts=True)
    columns = names[np.argsort(-counts, kind="stable")].tolist()
    order = np.argsort(-alone, kind="stable")
    values = [test.graded[test.categories == name].mean(axis=0)[order] for name in columns]
    rows = tuple(test.experts[i] for i in order)
    return Grid(rows, tuple(columns), tuple(map(tuple, np.array(values).T.tolist())))


def _similarity(test: Table, alone: Floats) -> Grid:
    """How alike two experts err: the correlation of what they score, 0 where one never varies."""
    order = np.argsort(-alone, kind="stable")
    centred = test.graded[:, order] - test.graded[:, order].mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    values = centred.T @ centred / np.maximum(np.outer(spread, spread), 1e-12)
    names = tuple(test.experts[i] for i in order)
    return Grid(names, names, tuple(map(tuple, values.tolist())))
