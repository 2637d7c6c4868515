import math
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experts.engines.generation import Request
from experts.engines.pace import Mean, Pace
from experts.engines.scene import BATCH_FACTOR, Costs, Demand, Scene
from experts.engines.serving import Serving
from experts.engines.simulated import SimulatedEngine, Timing, VirtualClock, replay
from experts.engines.switching import (
    POLICIES,
    Choice,
    bounded,
    drained,
    in_order,
    latest,
    order,
)
from experts.engines.waiting import Call
from experts.types import Message, Priority

BASES = "abcd"
NOW, SWAP, GENERATION = 100.0, 1.0, 2.0  # seconds
COSTS = Costs(SWAP, GENERATION, GENERATION, 64)


def people(arrived, prompts=1):
    return {Priority.INTERACTIVE: Demand(prompts, arrived)}


def files(arrived, prompts=1):
    return {Priority.BATCH: Demand(prompts, arrived)}


def scene(lines, **changes):
    seen = Scene(
        now=NOW,
        resident="a",
        since=NOW - 5.0,
        admitted=1,
        running=1,
        lines=lines,
        costs=COSTS,
        max_wait=20.0,
    )
    return replace(seen, **changes)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_nobody_waits_so_nobody_is_served(policy):
    assert policy(scene({})).base is None


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_resident_base_goes_on_if_nobody_else_waits(policy):
    assert policy(scene({"a": people(99)})).base == "a"


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_only_base_that_waits_is_served(policy):
    assert policy(scene({"b": people(99)}, running=0)).base == "b"


@pytest.mark.parametrize(
    ("lines", "changes", "expected"),
    [
        pytest.param({"a": people(99), "b": people(98)}, {}, "a", id="nobody is in danger"),
        pytest.param({"a": people(99), "b": people(82)}, {}, "b", id="b would be late"),
        pytest.param({"a": people(80), "b": people(83)}, {}, "a", id="a would be later"),
        pytest.param(
            {"a": people(99), "b": people(83)}, {"admitted": 0}, "a", id="not in vain: a visit"
        ),
        pytest.param(
            {"a": people(99), "b": people(86), "c": people(86), "d": people(86)},
            {},
            "b",
            id="one of three that wait would be late",
        ),
        pytest.param({"a": files(60), "b": people(99.5)}, {}, "a", id="a swap does not pay yet"),
        pytest.param({"a": files(60), "b": people(98)}, {}, "b", id="a person passes a file"),
        pytest.param({"a": files(60), "b": files(61)}, {}, "a", id="files wait for files"),
        pytest.param({"a": people(99), "b": files(-79)}, {}, "a", id="a file waits for people"),
        pytest.param({"a": people(99), "b": files(-98)}, {}, "b", id="nor does a file for ever"),
    ],
)  # fmt: skip
def test_who_is_served_while_the_resident_base_is_in_use(lines, changes, expected):
    assert bounded(scene(lines, **changes)).base == expected


@pytest.mark.parametrize(
    ("lines", "rates", "expected"),
    [
        pytest.param({"b": people(98), "c": people(97)}, {}, "c", id="who has waited longer"),
        pytest.param({"b": people(98, 9), "c": people(97)}, {}, "b", id="where many wait"),
        pytest.param(
            {"b": people(98), "c": people(98)}, {"b": 0.3, "c": 0.1}, "c", id="the rare one first"
        ),
        pytest.param({"b": files(50, 99), "c": people(99)}, {}, "c", id="people before files"),
        pytest.param({"b": people(98, 9), "c": people(81)}, {}, "c", id="who would be late"),
        pytest.param({"b": people(70), "c": people(71, 9)}, {}, "b", id="all late: by their age"),
    ],
)
def test_who_is_next_on_a_drained_engine(lines, rates, expected):
    assert bounded(scene(lines, running=0, rates=rates)).base == expected


def test_batch_work_is_not_admitted_along_when_people_wait_elsewhere():
    lines = {"a": people(99) | files(50), "b": people(97)}
    assert bounded(scene(lines)) == Choice("a", batch=False)
    assert bounded(scene({"a": lines["a"]})).batch
    overdue = lines | {"a": people(99) | files(NOW - 20 * BATCH_FACTOR - 10)}
    assert bounded(scene(overdue)).batch


def test_a_base_in_demand_is_kept_for_a_while_without_work():
    rates = {"a": 0.9, "b": 0.1}
    drained_now = scene({"b": people(99)}, running=0, since=99.0, rates=rates, max_wait=60.0)
    choice = bounded(drained_now)
    assert choice.base is None
    assert NOW < choice.until < 99.0 + 60.0
    assert bounded(replace(drained_now, now=choice.until)).base == "b"
    assert bounded(replace(drained_now, rates={"a": 0.1, "b": 0.9})).base == "b"


READING = replace(COSTS, read=0.8)


def test_the_old_weights_are_kept_while_the_next_are_read_but_not_for_ever():
    seen = scene({"b": people(99.9)}, running=0, ended=99.0, unread=frozenset("b"), costs=READING)
    assert bounded(seen).base is None
    assert NOW < bounded(seen).until < NOW + 0.1
    assert bounded(replace(seen, unread=frozenset("c"))).base == "b"
    assert bounded(replace(seen, now=103.0)).base == "b"
    with_own = replace(seen, lines={"a": people(99), "b": people(70)})
    assert bounded(with_own).base == "b"


def test_what_reading_ahead_saves_is_spent_on_staying_and_shared_by_those_who_wait():
    seen = scene({"b": people(NOW)}, running=0, ended=99.0, costs=READING, rates={"a": 0.2})
    alone = bounded(seen).until
    assert alone == pytest.approx(NOW + 1.2)
    assert bounded(replace(seen, lines={"b": people(NOW, 4)})).until == pytest.approx(NOW + 0.3)
    assert bounded(replace(seen, rates={"a": 0.02})).base == "b"
    assert bounded(replace(seen, costs=COSTS)).base == "b"


def test_a_bound_that_cannot_be_kept_is_stretched_to_a_round():
    lines = {"a": people(99), "b": people(98), "c": people(98)}
    assert bounded(scene(lines, max_wait=0.1)).base == "a"
    waited = {"a": people(99), "b": people(94), "c": people(94)}
    assert bounded(scene(waited, max_wait=0.1)).base == "b"


def test_first_come_first_served_admits_none_that_came_later():
    lines = {"a": people(95), "b": people(97), "c": people(96)}
    assert in_order(scene(lines)) == Choice("a", before=96)


def test_the_drained_policy_stays_as_long_as_its_base_is_in_use():
    assert drained(scene({"a": people(99), "b": people(0)})).base == "a"


def test_the_order_names_every_waiting_base_once_and_the_next_one_first():
    lines = {"a": people(99), "b": people(98), "c": people(90), "d": people(97, 5)}
    ordered = order(scene(lines))
    assert sorted(ordered) == ["b", "c", "d"]
    assert bounded(scene(lines, running=0, resident="e")).base == order(
        scene(lines, resident="e")
    )[0]  # fmt: skip


def test_the_latest_moment_leaves_time_for_every_swap_and_group_before_a_due_date():
    lines = {"b": people(90), "c": people(90, 128)}
    seen = scene(lines)
    assert latest(seen, ["b", "c"], 2.0) == 110 - 2 - SWAP - GENERATION - SWAP
    assert latest(seen, ["c", "b"], 2.0) == 110 - 2 - SWAP - 2 * GENERATION - SWAP
    assert latest(seen, [], 2.0) == math.inf


# What follows runs whole traces through `Serving` with an engine of exactly known costs.

TOKENS, STEP = 20, 0.1  # so a generation takes 2 seconds
arrivals = st.lists(
    st.tuples(st.floats(0, 60), st.sampled_from(BASES), st.sampled_from(Priority)),
    min_size=1,
    max_size=40,
).map(sorted)


def served(arrived, policy, max_wait, batch=64, read=0.0):
    clock = VirtualClock()
    engine = SimulatedEngine(clock, Timing(swap=SWAP, read=read, step=STEP), "a", batch)
    pace = Pace(Mean(SWAP, measured=True), Mean(GENERATION, measured=True))
    serving = Serving(engine, clock, max_wait=max_wait, policy=policy, pace=pace)
    request = {base: Request(base, (Message("user", ""),), TOKENS) for base in BASES}
    calls = [
        Call(str(number), base, when, {0: request[base]}, priority=priority)
        for number, (when, base, priority) in enumerate(arrived)
    ]
    return replay(serving, clock, calls), serving


FEASIBLE = (len(BASES) + 1) * (SWAP + GENERATION) + 1.0  # seconds: a round, what runs, a margin


@settings(max_examples=200)
@given(arrivals, st.floats(FEASIBLE, 40), st.sampled_from([0.0, 0.5]))
@example([(0.0, "b", Priority.INTERACTIVE), (5e-324, "a", Priority.INTERACTIVE)], 16.0, 0.5)
def test_no_wait_passes_a_bound_that_can_be_kept(arrived, max_wait, read):
    for one in served(arrived, bounded, max_wait, read=read)[0]:
        factor = BATCH_FACTOR if one.call.priority is Priority.BATCH else 1.0
        assert one.wait <= factor * max_wait + 2 * STEP


@given(arrivals, st.floats(0, 40), st.sampled_from(list(POLICIES)), st.integers(1, 8))
def test_every_request_is_served_once_under_every_policy(arrived, max_wait, policy, batch):
    done, serving = served(arrived, POLICIES[policy], max_wait, batch)
    assert sorted(one.call.id for one in done) == sorted(map(str, range(len(arrived))))
    assert all(one.wait >= -1e-9 for one in done)
    assert serving.idle


@given(arrivals, st.floats(0, 40))
def test_none_is_overtaken_by_a_later_one_of_its_base_and_class(arrived, max_wait):
    done, _ = served(arrived, bounded, max_wait)
    for base in BASES:
        for priority in Priority:
            mine = [one for one in done if (one.call.base, one.call.priority) == (base, priority)]
            mine.sort(key=lambda one: int(one.call.id))
            starts = [one.started for one in mine]
            assert starts == sorted(starts)


@given(arrivals)
def test_first_come_first_served_starts_in_the_order_of_arrival(arrived):
    done, _ = served(arrived, in_order, 5.0)
    done.sort(key=lambda one: one.started)
    assert all(
        one.call.arrived <= later.call.arrived
        for one, later in combinations(done, 2)
        if later.started > one.started + STEP
    )


def busy(policy, max_wait, gap=0.7, requests=400):
    """A steady stream in which half wants one base."""
    arrived = [(gap * n, "abacadab"[n % 8], Priority.INTERACTIVE) for n in range(requests)]
    done, serving = served(arrived, policy, max_wait)
    return serving.swaps, max(one.wait for one in done)


def test_a_stream_for_one_base_does_not_starve_the_others_as_it_does_without_a_bound():
    swaps, longest = busy(bounded, 30.0)
    assert longest <= 30.0
    assert busy(drained, 30.0)[1] > 2 * longest
    assert swaps < busy(in_order, 30.0)[0] / 5


def test_batch_work_ends_while_people_keep_asking_for_other_bases():
    stream = [(1.0 * n, "bcd"[n % 3], Priority.INTERACTIVE) for n in range(600)]
    done, _ = served(sorted([*stream, (0.5, "a", Priority.BATCH)]), bounded, FEASIBLE)
    [file] = [one for one in done if one.call.priority is Priority.BATCH]
    assert file.wait <= BATCH_FACTOR * FEASIBLE
