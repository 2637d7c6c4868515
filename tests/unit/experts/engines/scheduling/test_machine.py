import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.scheduling.machine import Eviction, Job, Machine, Tally
from experts.engines.scheduling.work import Cache, Costs, Site

COSTS = Costs(
    {"f": 40.0, "g": 40.0},
    {"f": 4.0, "g": 4.0},
    dict.fromkeys("abcd", 1.0),
    dict.fromkeys("abcd", 5.0),
)
WARM = Site("s", frozenset("fg"), "f", "a")


def ran(bases, cache, eviction=Eviction.FARTHEST, site=WARM):
    machine = Machine(site, COSTS, cache, eviction)
    machine.run([Job(base, "f", 4.0) for base in bases])
    return machine


def test_without_reading_ahead_an_engine_waits_for_every_read():
    machine = ran("abc", Cache(ahead=0))
    assert machine.now == 3 * 4.0 + 2 * (5.0 + 1.0)
    assert (machine.tally.stalled, machine.tally.overlap, machine.tally.reads) == (10.0, 0.0, 2)


def test_reading_ahead_hides_what_generation_covers():
    machine = ran("abc", Cache(ahead=1))
    assert machine.tally.stalled == 2.0
    assert machine.tally.overlap == pytest.approx(0.8)
    assert machine.now == 3 * 4.0 + 2 * 1.0 + 2.0


def test_a_cycle_longer_than_the_memory_never_hits_by_recency_and_does_by_next_use():
    cycle = "bcd" * 4
    recent = ran(cycle, Cache(2, ahead=0), Eviction.OLDEST).tally
    planned = ran(cycle, Cache(2, ahead=0), Eviction.FARTHEST).tally
    assert recent.hit_rate == 0.0
    assert planned.hit_rate > 0.4
    assert planned.stalled < recent.stalled


def test_starts_wakes_and_swaps_are_told_apart():
    machine = Machine(WARM, COSTS)
    machine.run([Job("a", "f", 1.0), Job("c", "g", 1.0), Job("b", "f", 1.0), Job("c", "g", 1.0)])
    assert (machine.tally.starts, machine.tally.swaps) == (1, 1)
    assert machine.tally.changing == 40.0 + (4.0 + 1.0) + 4.0


def test_a_machine_that_was_stopped_starts_anew_after_its_pause():
    machine = Machine(WARM, COSTS)
    machine.run([Job("a", "f", 1.0)])
    machine.stop(pause=10.0)
    machine.run([Job("a", "f", 1.0)], known=11.0)
    assert machine.tally.starts == 1
    assert machine.now == 1.0 + 10.0 + 5.0 + 40.0 + 1.0


def test_a_later_run_finds_what_an_earlier_one_left():
    machine = ran("ab", Cache(ahead=2))
    assert machine.seen() == Site("s", frozenset("fg"), "f", "b", {}, frozenset("b"))
    machine.wait(100.0)
    machine.run([Job("b", "f", 1.0)], known=100.0)
    assert machine.now == 101.0


@given(
    st.lists(st.sampled_from("abcd"), max_size=20),
    st.integers(1, 4),
    st.integers(0, 4),
    st.sampled_from(Eviction),
)
def test_time_is_generation_changes_and_stalls(bases, room, ahead, eviction):
    machine = ran(bases, Cache(room, ahead), eviction)
    tally = machine.tally
    assert machine.now == pytest.approx(tally.generating + tally.changing + tally.stalled)
    assert tally.reads <= len(bases)
    assert tally.loads == tally.swaps
    assert len(machine.seen().held) <= room


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.integers(1, 4))
def test_no_eviction_reads_less_than_farthest_next_use(bases, room):
    best = ran(bases, Cache(room, ahead=0), Eviction.FARTHEST).tally
    assert best.reads <= ran(bases, Cache(room, ahead=0), Eviction.OLDEST).tally.reads


def test_shares_of_nothing_are_whole():
    assert (Tally().overlap, Tally().hit_rate) == (1.0, 1.0)
