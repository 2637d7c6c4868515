from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.scheduling.bound import lower_bound
from experts.engines.scheduling.drafts import CLOSE
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import FAR, best_split, best_whole, problems

many = problems(groups=8, sites=4)
some = settings(max_examples=40)  # of problems that take tens of milliseconds each


@some
@given(many, st.integers(1, 5))
def test_every_prompt_is_planned_once_where_its_family_may_run(problem, room):
    groups, sites, costs = problem
    plan = schedule(groups, sites, costs, Cache(room))
    planned = Counter()
    for site in sites:
        for step in plan.lanes[site.name].steps:
            assert step.family in site.families
            assert step.prompts > 0
            planned[step.family, step.base] += step.prompts
    assert planned == Counter({(group.family, group.base): group.prompts for group in groups})


@some
@given(many, st.integers(1, 50))
def test_no_part_is_smaller_than_it_may_be(problem, least):
    groups, sites, costs = problem
    groups = [Group(g.base, g.family, g.prompts, g.seconds, 10 * least) for g in groups]
    for lane in schedule(groups, sites, costs).lanes.values():
        assert all(step.prompts >= 10 * least for step in lane.steps)


@some
@given(many)
def test_steps_of_a_site_follow_each_other_once_it_is_free(problem):
    groups, sites, costs = problem
    plan = schedule(groups, sites, costs)
    for site in sites:
        steps = plan.lanes[site.name].steps
        assert all(step.start == site.busy for step in steps[:1])
        assert all(before.end == after.start for before, after in pairwise(steps))
        assert all(step.start + step.stall + step.change <= step.end for step in steps)


@some
@given(many)
def test_a_site_has_one_step_for_a_base_and_one_turn_for_a_family(problem):
    groups, sites, costs = problem
    for lane in schedule(groups, sites, costs).lanes.values():
        assert len({step.base for step in lane.steps}) == len(lane.steps)
        turns = [step.family for step in lane.steps]
        changes = sum(before != after for before, after in pairwise(turns))
        assert changes == max(0, len(set(turns)) - 1)


@some
@given(many, st.integers(0, 9))
def test_equal_inputs_in_any_order_give_an_equal_plan(problem, seed):
    groups, sites, costs = problem
    shuffled = [Random(seed).sample(each, len(each)) for each in (groups, sites)]
    assert schedule(*shuffled, costs) == schedule(groups, sites, costs)


# Drawn once and for all: how close a heuristic comes is measured, and cannot be proved.
sample = settings(derandomize=True, max_examples=100, database=None)
FACTOR = 1.1


@sample
@given(problems(split=False))
def test_whole_groups_are_done_nearly_as_soon_as_can_be(problem):
    assert schedule(*problem, FAR).makespan <= FACTOR * best_whole(*problem)


@sample
@given(problems(groups=3, reads=False))
def test_split_groups_are_done_nearly_as_soon_as_can_be(problem):
    groups, *_ = problem
    prompt = max(group.share(1) for group in groups)
    assert schedule(*problem).makespan <= FACTOR * best_split(*problem) + prompt


@sample
@given(problems(sites=2))
def test_another_site_makes_it_no_worse(problem):
    groups, sites, costs = problem
    fewer = schedule(groups, sites, costs, FAR).makespan
    extra = Site("another", frozenset(group.family for group in groups))
    assert schedule(groups, [*sites, extra], costs, FAR).makespan <= (1 + CLOSE) * fewer


@pytest.mark.parametrize("families", [1, 4, 10])
def test_many_groups_are_done_close_to_the_bound(families):
    random = Random(families)
    names = [f"f{i}" for i in range(families)]
    groups = [
        Group(f"b{i:03}", random.choice(names), 300, random.uniform(30, 90), 32) for i in range(100)
    ]
    held = frozenset(group.base for group in groups)
    sites = [Site(f"s{i:02}", frozenset(names), held=held) for i in range(16)]
    costs = Costs(
        dict.fromkeys(names, 40.0), swap={base: random.uniform(0.5, 5.0) for base in sorted(held)}
    )
    assert schedule(groups, sites, costs).makespan <= 1.05 * lower_bound(groups, sites, costs)


WARM = Costs({"f": 40.0}, swap={"a": 1.0, "b": 1.0})
BOTH = frozenset("ab")


def bases(plan, name):
    return [step.base for step in plan.lanes[name].steps]


def test_what_is_resident_runs_where_it_is():
    groups = [Group("a", "f", 100, 10.0), Group("b", "f", 100, 10.0)]
    sites = [Site("s", frozenset("f"), "f", "b"), Site("t", frozenset("f"), "f", "a")]
    plan = schedule(groups, sites, WARM)
    assert (bases(plan, "s"), bases(plan, "t")) == (["b"], ["a"])
    assert plan.makespan == 10.0


@pytest.mark.parametrize(("seconds", "sites"), [(20.0, 2), (0.5, 1)], ids=["pays", "costs"])
def test_a_group_is_split_only_where_that_pays_for_the_swap(seconds, sites):
    engines = [
        Site("s", frozenset("f"), "f", "a", held=BOTH),
        Site("t", frozenset("f"), "f", "b", held=BOTH),
    ]
    plan = schedule([Group("a", "f", 100, seconds)], engines, WARM)
    assert sum(bool(lane.steps) for lane in plan.lanes.values()) == sites


def test_groups_of_one_base_are_one_step():
    groups = [Group("a", "f", 10, 1.0), Group("a", "f", 30, 2.0)]
    (step,) = schedule(groups, [Site("s", frozenset("f"), "f", "a")], WARM).lanes["s"].steps
    assert (step.prompts, step.end) == (40, 3.0)


def test_nothing_to_do_is_a_plan():
    plan = schedule([Group("a", "f", 0, 0.0)], [Site("s", frozenset("f"))], Costs())
    assert (plan.makespan, plan.lanes["s"].steps) == (0.0, ())
    assert schedule([], [], Costs()).makespan == 0.0


def test_a_family_that_may_run_nowhere_is_refused():
    with pytest.raises(ValueError, match="no site may run g, which a needs"):
        schedule([Group("a", "g", 1, 1.0)], [Site("s", frozenset("f"))], Costs())


def test_a_base_of_two_families_is_refused():
    groups = [Group("a", "f", 1, 1.0), Group("a", "g", 1, 1.0)]
    with pytest.raises(ValueError, match="a is in the families f and g"):
        schedule(groups, [Site("s", frozenset("fg"))], Costs())


def test_the_next_step_of_one_site_is_what_it_holds_and_the_next_is_read_meanwhile():
    groups = [Group(base, "f", 10, 10.0) for base in "abc"]
    site = Site("s", frozenset("f"), "f", "b", held=frozenset("c"))
    lane = schedule(groups, [site], Costs()).lanes["s"]
    assert [step.base for step in lane.steps] == ["b", "c", "a"]
    assert [read.base for read in lane.steps[0].reads] == ["a"]
