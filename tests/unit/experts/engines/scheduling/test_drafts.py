from hypothesis import given, settings

from experts.engines.scheduling.bound import bound_of
from experts.engines.scheduling.drafts import drafts, family_orders, first_drafts, shaken
from experts.engines.scheduling.tables import Tables
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import problems


@settings(max_examples=40)
@given(problems(groups=6))
def test_drafts_end_no_sooner_than_the_bound_and_the_last_is_as_good_as_any(problem):
    tables = Tables.of(*problem, Cache())
    found = list(drafts(tables))
    bound = bound_of(tables) * (1 - 1e-9)
    assert all(draft.makespan >= bound for draft in found)
    assert found[-1].makespan == min(draft.makespan for draft in found)


@settings(max_examples=40)
@given(problems(groups=6))
def test_the_first_drafts_are_in_order_and_shaking_makes_none_worse(problem):
    found = first_drafts(Tables.of(*problem, Cache()))
    ends = [draft.makespan for draft in found]
    assert ends == sorted(ends, reverse=True)
    assert shaken(found[-1]).makespan <= ends[-1]


def test_families_with_fewer_sites_go_first_then_by_work():
    groups = [Group(base, base, 10, seconds) for base, seconds in (("f", 1), ("g", 9), ("h", 5))]
    sites = [Site("s", frozenset("fgh")), Site("t", frozenset("gh"))]
    tables = Tables.of(groups, sites, Costs(), Cache())
    assert family_orders(tables) == [[0, 1, 2], [0, 2, 1]]
