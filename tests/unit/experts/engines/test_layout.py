"""Seats for engines: all that can be, none shared within a family, devices evenly full."""

from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.layout import Seat, laid_out, moved
from experts.engines.nodes import Node, Wanted, load_on, may_sit

GIB = 2**30


def node(id_, gpus=0, gib=80, **facts):
    return Node(id_, f"10.0.0.{id_[1:]}", cpus=8, gpus=gpus, gpu_memory_bytes=gib * GIB, **facts)


def gpu(family, replicas=1, tensor_parallel=1, gib=20, where=None):
    return Wanted(family, replicas, 1.0, tensor_parallel, where, gib * GIB)


def fullness(seats, wanted, nodes):
    """How full each device is."""
    by_family, by_id = {w.family: w for w in wanted}, {n.id: n for n in nodes}
    loads = {(n.id, index): 0 for n in nodes for index in (None, *range(n.gpus))}
    for seat in seats:
        for device in seat.devices or (None,):
            loads[seat.node, device] += load_on(by_family[seat.family], by_id[seat.node])
    return sorted(loads.values(), reverse=True)


def test_each_family_has_a_device_of_its_own_where_there_are_enough():
    layout = laid_out(
        [gpu("a"), gpu("b"), gpu("c", tensor_parallel=2)], [node("n1", 2), node("n2", 2)]
    )
    assert not layout.shortages
    assert len({(s.node, d) for s in layout.seats for d in s.devices}) == 4


def test_families_share_devices_so_that_all_fit_at_once():
    wanted = [gpu("big", gib=60), gpu("mid", gib=40), gpu("small", gib=30), gpu("tiny", gib=10)]
    layout = laid_out(wanted, [node("n1", 2)])
    assert max(fullness(layout.seats, wanted, [node("n1", 2)])) <= 1


def test_replicas_of_a_family_are_on_different_gpus():
    layout = laid_out([gpu("a", 3)], [node("n1", 2), node("n2", 1)])
    assert len({(seat.node, seat.devices) for seat in layout.seats}) == 3


def test_replicas_on_cpu_are_on_different_nodes_while_there_are_some():
    layout = laid_out([Wanted("a", 3)], [node("n1"), node("n2")])
    assert sorted(seat.node for seat in layout.seats) == ["n1", "n1", "n2"]
    assert all(seat.devices == () for seat in layout.seats)


@pytest.mark.parametrize("where", ["n2", "10.0.0.2", "zone=b"])
def test_affinity_is_honoured(where):
    nodes = [node("n1", 4, labels={"zone": "a"}), node("n2", 1, labels={"zone": "b"})]
    layout = laid_out([gpu("a", where=where), gpu("b", where=where)], nodes)
    assert [(seat.node, seat.devices) for seat in layout.seats] == [("n2", (0,))] * 2


def test_a_family_without_a_seat_keeps_no_other_from_its_own():
    layout = laid_out([gpu("a", 3), gpu("b")], [node("n1", 2)])
    assert [seat.family for seat in layout.seats] == ["a", "a", "b"]
    assert [(shortage.family, shortage.replicas) for shortage in layout.shortages] == [("a", 1)]


def test_who_was_on_a_lost_node_is_seated_anew_and_nobody_else_moves():
    wanted = [gpu("a", 2), gpu("b"), gpu("c")]
    nodes = [node("n1", 2), node("n2", 2)]
    before = laid_out(wanted, nodes)
    after = moved(before.seats, wanted, nodes[:1])
    assert not after.shortages
    assert {s for s in before.seats if s.node == "n1"} <= set(after.seats)
    assert {s.node for s in after.seats} == {"n1"}


def test_who_cannot_be_seated_anew_is_reported():
    wanted = [gpu("a", 2)]
    before = laid_out(wanted, [node("n1", 1), node("n2", 1)])
    after = moved(before.seats, wanted, [node("n2", 1)])
    assert after.seats == (Seat("a", 1, "n2", (0,)),)
    assert str(after.shortages[0]).startswith("a: 2 replicas x 1 GPU need 2 GPUs")


@pytest.mark.parametrize(
    "seat",
    [
        Seat("gone", 0, "n1", (0,)),
        Seat("a", 7, "n1", (0,)),
        Seat("a", 0, "n9", (0,)),
        Seat("a", 0, "n1", (5,)),
        Seat("a", 0, "n1", ()),
        Seat("a", 0, "n1", (0, 1)),
    ],
    ids=["family", "replica", "node", "device", "no device", "too many devices"],
)
def test_a_seat_that_is_none_any_more_is_not_kept(seat):
    layout = laid_out([gpu("a")], [node("n1", 2)], kept=[seat])
    assert layout.seats == (Seat("a", 0, "n1", (0,)),)


NODES = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([None, 24, 80]), st.sampled_from("xy")),
    min_size=1,
    max_size=3,
).map(
    lambda many: [
        Node(f"n{i}", f"10.0.0.{i}", 4 + i, gpus, gib and gib * GIB, {"zone": zone})
        for i, (gpus, gib, zone) in enumerate(many)
    ]
)
WANTED = st.lists(
    st.builds(
        Wanted,
        family=st.just(""),
        replicas=st.integers(1, 3),
        gpus=st.sampled_from([0.0, 0.5, 1.0]),
        tensor_parallel=st.sampled_from([1, 1, 2]),
        node=st.sampled_from([None, None, "n0", "zone=x"]),
        bytes=st.integers(0, 30).map(lambda gib: gib * GIB),
    ),
    min_size=1,
    max_size=4,
).map(lambda many: [replace(one, family=f"f{i}") for i, one in enumerate(many)])


def places(one, nodes):
    """All that one replica could have."""
    for each in nodes:
        if may_sit(one, each):
            size = one.tensor_parallel if one.gpus else 0
            yield from ((each.id, devices) for devices in combinations(range(each.gpus), size))


def apart(chosen):
    devices = [(node, device) for node, devices in chosen for device in devices]
    return len(set(devices)) == len(devices)


@settings(max_examples=200, deadline=None)
@given(WANTED, NODES)
def test_every_seat_is_a_place_and_nobody_lacks_one_that_could_be_had(wanted, nodes):
    layout = laid_out(wanted, nodes)
    for one in wanted:
        mine = [seat for seat in layout.seats if seat.family == one.family]
        lacking = sum(s.replicas for s in layout.shortages if s.family == one.family)
        possible = list(places(one, nodes))
        assert all((seat.node, seat.devices) in possible for seat in mine)
        assert apart([(seat.node, seat.devices) for seat in mine])
        assert len(mine) + lacking == one.replicas
        more = combinations(possible, len(mine) + 1) if one.gpus else [()] * bool(possible)
        assert not lacking or not any(apart(chosen) for chosen in more)


@given(WANTED, NODES, st.randoms())
def test_the_same_is_laid_out_alike_in_whatever_order_it_is_told(wanted, nodes, random):
    seats = set(laid_out(wanted, nodes).seats)
    random.shuffle(wanted)
    random.shuffle(nodes)
    assert set(laid_out(wanted, nodes).seats) == seats


@given(WANTED, NODES, st.integers(0, 2))
def test_after_a_loss_no_survivor_moves(wanted, nodes, lost):
    before = laid_out(wanted, nodes)
    left = [each for each in nodes if each.id != f"n{lost}"]
    after = moved(before.seats, wanted, left)
    assert {seat for seat in before.seats if seat.node != f"n{lost}"} <= set(after.seats)
    assert moved(after.seats, wanted, left) == after


SINGLES = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 2)), min_size=1, max_size=4).map(
    lambda many: [gpu(f"f{i}", 1, size, gib) for i, (gib, size) in enumerate(many)]
)


@settings(max_examples=100, deadline=None)
@given(SINGLES, st.lists(st.integers(2, 3), min_size=1, max_size=2))
def test_the_fullest_device_is_within_a_third_of_the_best_of_all_layouts(wanted, sizes):
    nodes = [node(f"n{i}", gpus) for i, gpus in enumerate(sizes)]
    fullest = fullness(laid_out(wanted, nodes).seats, wanted, nodes)[0]
    best = min(
        fullness(
            [Seat(w.family, 0, *p) for w, p in zip(wanted, chosen, strict=True)], wanted, nodes
        )[0]
        for chosen in product(*(list(places(one, nodes)) for one in wanted))
    )
    assert fullest <= best * 4 / 3
