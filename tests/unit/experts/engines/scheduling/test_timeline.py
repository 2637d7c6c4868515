from hypothesis import given
from hypothesis import strategies as st

from experts.engines.scheduling.standing import Standing
from experts.engines.scheduling.timeline import Part, laid_out
from experts.engines.scheduling.work import Cache, Costs, Group, Read, Site
from tests.schedules import problems

COSTS = Costs({"f": 10.0}, {}, dict.fromkeys("abcd", 1.0), dict.fromkeys("abcd", 5.0))
GROUPS = {base: Group(base, "f", 100, 4.0) for base in "abcd"}


def parts(bases, prompts=100):
    return [Part(GROUPS[base], prompts) for base in bases]


def test_a_read_hides_behind_generation_and_what_is_left_over_stalls():
    site = Site("s", frozenset("f"), "f", "a", held=frozenset("a"))
    lane = laid_out(site, parts("ab"), COSTS, Cache(ahead=1))
    assert lane.reads == ()
    first, second = lane.steps
    assert first.reads == (Read("b"),)
    assert (first.start, first.stall, first.change, first.end) == (0.0, 0.0, 0.0, 4.0)
    assert (second.start, second.stall, second.change, second.end) == (4.0, 1.0, 1.0, 10.0)


def test_what_the_first_steps_need_is_read_at_once_while_the_site_is_busy():
    site = Site("s", frozenset("f"), "f", "a", busy=7.0)
    lane = laid_out(site, parts("bcd"), COSTS, Cache(ahead=2))
    assert lane.reads == (Read("b"), Read("c"))
    assert [step.stall for step in lane.steps] == [0.0, 0.0, 0.0]
    assert lane.steps[0].reads == (Read("d"),)


def test_one_base_is_read_after_the_other():
    lane = laid_out(Site("s", frozenset("f"), "f", "d"), parts("abc"), COSTS, Cache())
    assert [step.start + step.stall for step in lane.steps] == [5.0, 10.0, 15.0]


def test_a_base_makes_room_once_its_engine_has_it():
    lane = laid_out(
        Site("s", frozenset("f"), "f", "d", held=frozenset("d")), parts("abc"), COSTS, Cache(1)
    )
    assert lane.reads == (Read("a", ("d",)),)
    assert [step.reads for step in lane.steps] == [(Read("b", ("a",)),), (Read("c", ("b",)),), ()]


def test_a_base_that_an_engine_had_and_lost_is_read_again():
    site = Site("s", frozenset("f"), "f", "a")
    assert laid_out(site, parts("ba"), COSTS, Cache()).reads == (Read("b"), Read("a"))


def test_part_of_a_group_takes_its_share_of_the_seconds():
    site = Site("s", frozenset("f"), "f", "a")
    assert laid_out(site, parts("a", prompts=25), COSTS, Cache()).end == 1.0


@given(problems(sites=1), st.integers(1, 4), st.integers(1, 4), st.randoms())
def test_every_step_finds_its_base_and_memory_is_never_overfull(problem, room, ahead, random):
    groups, (site,), costs = problem
    random.shuffle(groups)
    cache = Cache(max(room, len(site.held)), ahead)
    lane = laid_out(site, [Part(group, group.prompts) for group in groups], costs, cache)
    held, standing = set(site.held), Standing.of(site)
    take(lane.reads, held, cache)
    for step in lane.steps:
        assert standing.holds(step.family, step.base) or step.base in held
        standing.change(step.family, step.base, costs)
        take(step.reads, held, cache)


def take(reads, held, cache):
    for read in reads:
        assert held >= set(read.evicts)
        held -= set(read.evicts)
        held.add(read.base)
        assert len(held) <= cache.room


@given(problems(sites=1), st.integers(1, 5), st.integers(1, 4))
def test_reading_further_ahead_never_ends_later_where_all_has_room(problem, ahead, more):
    groups, (site,), costs = problem
    order = [Part(group, group.prompts) for group in groups]
    short = laid_out(site, order, costs, Cache(ahead=ahead))
    assert laid_out(site, order, costs, Cache(ahead=ahead + more)).end <= short.end + 1e-9


@given(problems(sites=1), st.integers(1, 4))
def test_a_read_never_drops_what_is_used_before_it(problem, room):
    groups, (site,), costs = problem
    lane = laid_out(site, [Part(g, g.prompts) for g in groups], costs, Cache(room))
    turn = {step.base: place for place, step in enumerate(lane.steps)}
    for place, reads in enumerate((lane.reads, *(step.reads for step in lane.steps))):
        for read in reads:
            for dropped in read.evicts:
                assert not place <= turn.get(dropped, -1) < turn[read.base] or unneeded(
                    site, lane, dropped
                )


def unneeded(site, lane, base):
    """Whether its step finds the base in an engine."""
    standing = Standing.of(site)
    for step in lane.steps:
        if step.base == base:
            return standing.holds(step.family, base)
        standing.change(step.family, step.base, Costs())
    return True
