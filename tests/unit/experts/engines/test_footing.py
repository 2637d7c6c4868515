import pytest

from experts.cards import Cluster
from experts.engines.cost_store import Name
from experts.engines.footing import HOST_SHARE, Footing
from tests.engines import GIB, family, station


def footing(*stations, **cluster):
    return Footing(Cluster(**cluster), {}, stations)


@pytest.mark.parametrize(
    ("cores", "engines", "expected"), [(1, 1, 1), (2, 1, 1), (2, 4, 1), (16, 1, 15), (16, 4, 3)]
)
def test_engines_share_all_cores_but_one(cores, engines, expected):
    many = [station(family(f"f{n}")) for n in range(engines)]
    assert footing(*many).threads(cores) == expected


def test_only_as_many_as_are_awake_at_once_share_the_cores():
    many = [station(family(f"f{n}")) for n in range(4)]
    assert footing(*many, memory_gib=2).threads(16) == 7


def test_engines_on_other_nodes_have_their_own_cores():
    two = [station(family(name), node=name) for name in "ab"]
    assert footing(*two).threads(16) == 15


def test_a_gpus_memory_is_its_budget_and_a_nodes_is_what_the_operator_says():
    mixed = station(family("a")), station(family("b", gpus=1.0), gpus="0")
    assert footing(*mixed).budgets == {"GPU 0 of node": 80 * GIB}
    assert footing(*mixed, memory_gib=4, host_memory_gib=8).budgets == {
        "GPU 0 of node": 80 * GIB,
        "CPU of node": 4 * GIB,
        "memory of node": 8 * GIB,
    }


def test_who_does_not_fit_beside_the_others_takes_turns():
    a, b, c = (station(family(name), node=node) for name, node in ("ax", "bx", "cy"))
    some = footing(a, b, c, memory_gib=1.5)
    assert some.contended == {"CPU of x"}
    assert [some.takes_turns(each) for each in (a, b, c)] == [True, True, False]
    assert not footing(a, b, c).contended


def test_a_place_that_is_lost_counts_for_nothing():
    a, b = station(family("a")), station(family("b"))
    b.berth = None
    some = footing(a, b, memory_gib=1.5)
    assert (some.contended, some.threads(4)) == (frozenset(), 3)


def test_engines_of_a_node_share_its_memory_for_weights():
    a, b, c = (station(family(name), node=node) for name, node in ("ax", "bx", "cy"))
    free, told = footing(a, b, c), footing(a, b, c, host_memory_gib=1)
    assert [free.host_share(each) for each in (a, c)] == [HOST_SHARE / 2, HOST_SHARE]
    assert [told.host_share(each) for each in (a, c)] == [0.5, 1.0]
    assert (free.host_bytes, told.host_bytes) == (None, GIB)


def test_costs_are_those_of_a_family_on_a_kind_of_device():
    on_cpu, on_gpu = station(family("a")), station(family("b", gpus=1.0), gpus="0")
    some = footing(on_cpu, on_gpu)
    assert set(some.priors) == {Name("cpu", "a"), Name("l4", "b")}
    assert some.prior(on_gpu).start > some.prior(on_cpu).start


def test_replies_are_expected_to_be_as_long_as_their_expert_says():
    one = station(family("a", "x", "y"))
    lengths = Footing(Cluster(), {"x": 1000, "elsewhere": 5}, [one]).prior(one).lengths
    assert set(lengths) == {"x"}
    assert 1 < lengths["x"].reply < 1000
