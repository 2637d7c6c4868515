"""The reference routers, on tables small enough to check by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.evaluation.baselines import baselines
from orchestrator.evaluation.outcomes import Kind
from tests.tables import table

# overall a is best (6 of 8), then b (5), then c (4); b owns sums
EVIDENCE = table(
    [[1, 0, 1]] * 3 + [[1, 1, 0]] * 3 + [[0, 1, 0], [0, 1, 1]],
    [[0, 1, 0]] * 3 + [[0, 0, 1]] * 3 + [[0, 1, 2], [0, 1, 1]],
    categories=["colour"] * 6 + ["sum"] * 2,
    vectors=[[1, 0]] * 6 + [[0, 1]] * 2,
)
TEST = table(
    [[1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 1, 0]],
    [[0, 1, 1], [0, 1, 1], [0, 1, 2], [0, 1, -1]],
    categories=["colour", "colour", "sum", "sum"],
    vectors=[[1, 0], [1, 0], [0, 1], [0, 1]],
    costs=[[4, 2, 1]] * 4,
)


@pytest.fixture(scope="module")
def found():
    return {method.name: method for method in baselines(EVIDENCE, TEST)}


def accuracy(method):
    return {label: outcome.accuracy for label, outcome in method.settings.items()}


def test_random_is_an_expectation(found):
    assert accuracy(found["random"]) == {"one": pytest.approx((1 + 2 + 1 + 1) / 12)}
    assert found["random"].settings["one"].mean_dollars == pytest.approx(7 / 3)


def test_every_expert_alone(found):
    assert accuracy(found["an expert alone"]) == {"a": 0.25, "b": 0.75, "c": 0.25}


def test_the_best_single_is_best_on_the_evidence_not_on_the_test(found):
    assert found["best single"].note == "a"
    assert accuracy(found["best single"]) == {"one": 0.25}
    assert accuracy(found["best single, in hindsight"]) == {"one": 0.75}


def test_a_fixed_vote_breaks_ties_by_evidence(found):
    # of two, a always decides; of three: b and c say 1 twice, then everyone differs and a decides
    assert accuracy(found["fixed top-k vote"]) == {"top 1": 0.25, "top 2": 0.25, "top 3": 0.25}
    assert found["fixed top-k vote"].settings["top 2"].mean_dollars == 6.0


def test_everyone_votes_once(found):
    assert accuracy(found["everyone votes"]) == {"everyone": 0.25}
    assert found["everyone votes"].settings["everyone"].mean_calls == 3.0


def test_weights_are_log_odds(found):
    # of three: (b, c) outweigh a on the first two; a is the most trusted on the others
    assert accuracy(found["naive Bayes vote"])["top 3"] == 0.25


def test_the_category_oracle_knows_the_best_of_each_category(found):
    # colour: anyone gets one of two; sum: b gets both
    assert accuracy(found["category oracle"]) == {"one": 0.75}
    assert accuracy(found["oracle"]) == {"one": 1.0}


def test_told_the_category_b_is_asked_about_sums():
    many = table(
        np.repeat(EVIDENCE.scores, 20, axis=0),
        categories=np.repeat(EVIDENCE.categories, 20).tolist(),
        vectors=np.repeat(EVIDENCE.vectors, 20, axis=0),
    )
    methods = {method.name: method for method in baselines(many, TEST)}
    assert accuracy(methods["told the category"])["top 1"] == 0.75
    for name in ("kNN", "clusters", "matrix factorisation"):
        assert accuracy(methods[name])["top 1"] == 0.75, name


def test_bounds_are_marked_as_such(found):
    bounds = {name for name, method in found.items() if method.kind is Kind.BOUND}
    assert {"oracle", "category oracle", "kNN, best k in hindsight"} <= bounds
    assert {"kNN", "best single", "random"} & bounds == set()


def test_scores_alone_are_not_voted_on():
    methods = {f.name: f for f in baselines(table(EVIDENCE.scores), table(TEST.scores))}
    assert "everyone votes" not in methods
    assert set(methods["kNN"].settings) == {"top 1"}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 30))
def test_the_oracle_is_at_least_everyone(seed, known):
    random = np.random.default_rng(seed)
    evidence, test = (
        table(
            (answers == 0).astype(float),
            answers,
            categories=random.choice(["x", "y"], len(answers)).tolist(),
            vectors=random.normal(size=(len(answers), 4)),
        )
        for answers in (random.integers(-1, 3, (count, 4)) for count in (known, 12))
    )
    methods = {method.name: method for method in baselines(evidence, test)}
    best = methods.pop("oracle").settings["one"].accuracy
    for method in methods.values():
        assert all(outcome.accuracy <= best for outcome in method.settings.values())
    bounds = methods["category oracle"].settings["one"].accuracy
    assert bounds >= methods["best single, in hindsight"].settings["one"].accuracy
    hindsight = methods["kNN, best k in hindsight"].settings["one"].accuracy
    assert not known or hindsight >= methods["kNN"].settings["top 1"].accuracy
