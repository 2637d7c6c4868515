from itertools import pairwise

from hypothesis import given

from experts.engines.scheduling.ordering import neighbours, settled
from experts.engines.scheduling.timeline import Part, laid_out
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import FAR, problems


@given(problems(sites=1))
def test_another_order_never_ends_later_and_leaves_nothing_out(problem):
    groups, (site,), costs = problem
    groups.sort(key=lambda group: group.family)
    order = [Part(group, group.prompts) for group in groups]
    lane = settled(site, order, costs, FAR)
    assert lane.end <= laid_out(site, order, costs, FAR).end
    assert sorted(step.base for step in lane.steps) == sorted(group.base for group in groups)
    families = [step.family for step in lane.steps]
    assert len(set(families)) == 1 + sum(one != two for one, two in pairwise(families))


def test_a_step_that_waits_for_its_read_changes_places():
    costs = Costs(swap=dict.fromkeys("ab", 0.0), read={"a": 9.0, "b": 1.0})
    order = [Part(Group(base, "f", 1, 8.0), 1) for base in "ab"]
    lane = settled(Site("s", frozenset("f"), "f"), order, costs, Cache())
    assert [step.base for step in lane.steps] == ["b", "a"]
    assert lane.end == 18.0


def test_a_neighbour_moves_one_step_in_its_turn_or_one_turn():
    order = [Part(Group(*each, 1, 1.0), 1) for each in (("a", "f"), ("b", "f"), ("c", "g"))]
    found = {"".join(part.group.base for part in other) for other in neighbours(order)}
    assert found == {"bac", "cab"}
