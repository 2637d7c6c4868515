from hypothesis import example, given

from experts.engines.scheduling.filling import filled, largest_first
from experts.engines.scheduling.tables import Tables
from experts.engines.scheduling.work import Cache, Costs, Group, Site
from tests.schedules import problems


def placed(draft):
    found = [0] * len(draft.tables.groups)
    for site, parts in enumerate(draft.parts):
        for group, prompts in parts.items():
            assert draft.tables.may(site, group)
            found[group] += prompts
    return found


FREE = dict.fromkeys(("f1", "f2", "g1"), 0.0)
# Only one site may run g, and f, which is awake there, fills it though it could go elsewhere: no
# draft is found in twice the time that is needed.
CROWDED = (
    [Group("f1", "f", 1000, 12.0), Group("f2", "f", 1000, 18.0), Group("g1", "g", 1000, 27.0)],
    [
        Site("s0", frozenset("fg"), "f", asleep={"g": None}),
        Site("s1", frozenset("f")),
        Site("s2", frozenset("f")),
    ],
    Costs({"f": 10.0, "g": 10.0}, {"f": 1.0, "g": 1.0}, FREE, FREE),
)


@given(problems(groups=8, sites=4))
@example(CROWDED)
def test_first_drafts_place_everything_and_end_when_they_say(problem):
    tables = Tables.of(*problem, Cache())
    families = range(len(tables.families))
    whole, ample = largest_first(tables), filled(tables, families, everything(*problem))
    assert ample is not None
    short = filled(tables, families, 2 * whole.makespan)
    for draft in (whole, ample, *([short] if short else ())):
        assert placed(draft) == [group.prompts for group in tables.groups]
        assert draft.loads == [tables.finish(s, parts) for s, parts in enumerate(draft.parts)]


def everything(groups, sites, costs):
    """Seconds that all groups would take at whichever site, and more."""
    changes = (costs.start, costs.wake, costs.swap, costs.read)
    setups = sum(sum(seconds.values()) for seconds in changes)
    return setups + sum(g.seconds for g in groups) + max(site.busy for site in sites)


def tables(sites, **seconds):
    groups = [Group(base, "f", 100, value, 10) for base, value in seconds.items()]
    return Tables.of(groups, sites, Costs(swap=dict.fromkeys(seconds, 1.0)), Cache())


AWAKE = [Site(name, frozenset("f"), "f", "a", held=frozenset("abc")) for name in "st"]


def test_a_site_is_filled_to_its_edge_and_the_rest_goes_to_the_next():
    draft = filled(tables(AWAKE, a=6.0, b=10.0), [0], 9.0)
    assert draft.parts == [{0: 100, 1: 20}, {1: 80}]
    assert draft.loads == [9.0, 9.0]


def test_there_is_no_draft_where_time_is_short():
    assert filled(tables(AWAKE, a=6.0, b=10.0), [0], 8.0) is None


def test_a_site_is_given_what_it_has_near_if_it_is_done_in_time():
    sites = [Site("s", frozenset("f"), "f"), Site("t", frozenset("f"), "f", held=frozenset("ab"))]
    assert largest_first(tables(sites, a=6.0, b=6.0), until=14.0).parts == [{}, {0: 100, 1: 100}]
    assert largest_first(tables(sites, a=6.0, b=6.0)).parts == [{1: 100}, {0: 100}]
