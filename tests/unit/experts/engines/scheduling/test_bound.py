import pytest
from hypothesis import given, settings

from experts.engines.scheduling.bound import lower_bound
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.work import Costs, Group, Site
from tests.schedules import FAR, best_split, best_whole, problems

SLACK = 1 + 1e-9


@given(problems(split=False))
def test_no_order_of_whole_groups_is_done_sooner(problem):
    assert lower_bound(*problem) <= best_whole(*problem) * SLACK


@settings(max_examples=40)
@given(problems(groups=3, reads=False))
def test_no_split_is_done_sooner(problem):
    groups, *_ = problem
    prompt = max(group.share(1) for group in groups)  # what a split may miss of an exact one
    assert lower_bound(*problem) <= best_split(*problem) * SLACK + prompt


@settings(max_examples=40)
@given(problems(groups=12, sites=6))
def test_no_plan_is_done_sooner(problem):
    assert lower_bound(*problem) <= schedule(*problem, FAR).makespan * SLACK


GROUP = Group("a", "f", 100, 60.0)
COSTS = Costs({"f": 20.0}, {"f": 3.0}, {"a": 1.0, "b": 2.0}, {"a": 5.0, "b": 4.0})
COLD, HELD = Site("s", frozenset("f")), Site("s", frozenset("f"), held=frozenset("ab"))
AWAKE = Site("s", frozenset("f"), "f", "a")


@pytest.mark.parametrize(
    ("groups", "sites", "expected"),
    [
        pytest.param([GROUP], [AWAKE], 60.0, id="generation"),
        pytest.param([GROUP], [HELD], 80.0, id="and a start"),
        pytest.param([GROUP], [COLD], 85.0, id="and a read"),
        pytest.param([GROUP, Group("b", "f", 9, 9.0)], [HELD], 90.0, id="and a swap"),
        pytest.param([GROUP], [AWAKE, HELD], 40.0, id="shared by a site that is to be started"),
        pytest.param([Group("a", "f", 9, 60.0, 5)], [AWAKE, AWAKE], 60.0, id="not to be split"),
        pytest.param(
            [Group("a", "f", 3, 60.0)], [AWAKE, AWAKE], 40.0, id="two of three prompts somewhere"
        ),
        pytest.param(
            [GROUP, Group("b", "g", 1, 1.0)],
            [AWAKE, Site("t", frozenset("g"), "g", "b")],
            60.0,
            id="a site that may not help",
        ),
        pytest.param([], [AWAKE], 0.0, id="nothing to do"),
    ],
)
def test_it_counts(groups, sites, expected):
    assert lower_bound(groups, sites, COSTS) == pytest.approx(expected)
