from hypothesis import given

from experts.engines.scheduling.draft import Draft
from experts.engines.scheduling.filling import largest_first
from experts.engines.scheduling.improving import improve
from experts.engines.scheduling.tables import Tables
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import problems


def draft(parts, least=10, **seconds):
    groups = [Group(base, "f", 100, value, least) for base, value in seconds.items()]
    held = frozenset(seconds)
    sites = [Site(f"s{i}", frozenset("f"), "f", held=held) for i in range(len(parts))]
    tables = Tables.of(groups, sites, Costs(swap=dict.fromkeys(seconds, 1.0)), Cache())
    found = Draft.empty(tables)
    for site, mine in enumerate(parts):
        found.set(site, mine)
    return found


def test_a_group_moves_where_it_is_done_sooner():
    found = draft([{0: 100, 1: 100}, {}], least=100, a=5.0, b=4.0)
    improve(found, 9)
    assert sorted(found.loads) == [5.0, 6.0]


def test_a_group_is_split_so_that_both_sites_are_done_together():
    found = draft([{0: 100}, {}], a=11.0)
    improve(found, 9)
    assert found.parts == [{0: 50}, {0: 50}]


def test_a_group_is_exchanged_for_a_shorter_one():
    found = draft([{0: 100, 1: 100}, {2: 100, 3: 100}], least=100, a=9.0, b=6.0, c=4.0, d=5.0)
    improve(found, 9)
    assert max(found.loads) == 15.0


def test_it_stops_after_so_many_changes():
    found = draft([{0: 100}, {}, {}], a=30.0)
    improve(found, 1)
    assert [len(parts) for parts in found.parts] == [1, 1, 0]


@given(problems(groups=8, sites=4))
def test_a_draft_never_gets_worse_and_loses_nothing(problem):
    tables = Tables.of(*problem, Cache())
    found = largest_first(tables)
    before = found.makespan
    improve(found, 50)
    assert found.makespan <= before
    for group, work in enumerate(tables.groups):
        assert sum(parts.get(group, 0) for parts in found.parts) == work.prompts
