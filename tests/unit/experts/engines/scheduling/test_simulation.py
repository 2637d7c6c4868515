import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.scheduling.machine import Job
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.simulation import by_question, one_by_one, replayed
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import problems

ALL = Site("all", frozenset("fg"))
BUILT = Costs({"f": 30.0, "g": 30.0}, read={"a": 0.0, "b": 0.0})


@settings(max_examples=40)
@given(problems(groups=8, sites=4), st.integers(1, 4), st.integers(1, 3))
def test_a_plan_at_the_costs_it_believed_takes_the_time_it_says(problem, room, ahead):
    groups, sites, costs = problem
    cache = Cache(room, ahead)
    plan = schedule(groups, sites, costs, cache)
    found = replayed(plan, sites, costs, cache)
    for site in sites:
        lane, tally = plan.lanes[site.name], found.sites[site.name]
        assert tally.stalled == pytest.approx(sum(step.stall for step in lane.steps))
        assert tally.changing == pytest.approx(sum(step.change for step in lane.steps))
        reads = (*lane.reads, *(read for step in lane.steps for read in step.reads))
        assert tally.reads == len(reads)


def test_a_base_that_runs_longer_than_believed_ends_later():
    sites = [Site("s", frozenset("f"), "f", "a"), Site("t", frozenset("f"), "f", "b")]
    groups = [Group("a", "f", 10, 5.0), Group("b", "f", 10, 5.0)]
    plan = schedule(groups, sites, BUILT)
    found = replayed(plan, sites, BUILT, Cache(), seconds={"b": 2.0})
    assert found.makespan == 10.0
    assert [found.sites[name].generating for name in "st"] == [5.0, 10.0]
    assert found.total.generating == 15.0


def test_expert_by_expert_each_engine_is_built_and_taken_down():
    found = one_by_one([Group("a", "f", 9, 5.0), Group("b", "f", 9, 7.0)], ALL, BUILT, pause=10.0)
    assert found.makespan == 2 * (30.0 + 10.0) + 12.0
    assert (found.total.starts, found.total.swaps) == (2, 0)


def test_question_by_question_every_call_builds_an_engine():
    found = by_question([Job(base, "f", 2.0) for base in "aab"], ALL, BUILT)
    assert found.makespan == 3 * 32.0
    assert found.total.starts == 3
