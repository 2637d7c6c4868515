import pytest
from hypothesis import given

from experts.engines.scheduling.tables import Tables
from experts.engines.scheduling.timeline import Part, laid_out
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import problems


@given(problems())
def test_a_site_is_done_when_its_lane_would_be(problem):
    groups, sites, costs = problem
    tables = Tables.of(groups, sites, costs, Cache())
    for place, site in enumerate(tables.sites):
        parts = {g: 500 + g for g in range(len(groups)) if tables.may(place, g)}
        order = [Part(tables.groups[g], parts[g]) for g in tables.ordered(place, parts)]
        end = laid_out(site, order, costs, Cache()).end
        assert tables.finish(place, parts) == pytest.approx(end)


def order(site, groups, costs=None):
    tables = Tables.of(groups, [site], costs or Costs(), Cache())
    found = tables.ordered(0, {g: group.prompts for g, group in enumerate(tables.groups)})
    return [tables.groups[g].base for g in found]


def test_what_is_resident_is_first_and_families_stay_together():
    groups = [Group(base, family, 10, 9.0) for base, family in zip("abcd", "fgfg", strict=True)]
    site = Site("s", frozenset("fg"), "g", "d", held=frozenset("abcd"))
    assert order(site, groups) == ["d", "b", "a", "c"]


def test_what_is_read_soon_comes_first_and_what_runs_short_last():
    groups = [
        Group(base, "f", 10, seconds) for base, seconds in zip("abcd", (1, 9, 9, 2), strict=True)
    ]
    costs = Costs(read={"a": 8.0, "b": 5.0, "c": 3.0, "d": 8.0}, swap=dict.fromkeys("abcd", 1.0))
    assert order(Site("s", frozenset("f"), "f"), groups, costs) == ["c", "b", "d", "a"]


def test_how_far_off_a_base_is():
    groups = [Group(base, "f", 10, 9.0) for base in "abcd"]
    sites = [
        Site("s", frozenset("f"), "f", "a", held=frozenset("b")),
        Site("t", frozenset("f"), "f", "b", held=frozenset("d")),
    ]
    tables = Tables.of(groups, sites, Costs(), Cache())
    assert [tables.distance(0, group) for group in range(4)] == [0, 1, 2, 3]
