"""Machines: what they are called, and who may be there."""

from fractions import Fraction

import pytest

from experts.engines.nodes import Node, Wanted, load_on, may_sit

GIB = 2**30
BIG = Node("n1", "10.0.0.1", 8, 2, 80 * GIB, {"zone": "a"})
UNKNOWN = Node("n2", "10.0.0.2", 4, 1)
CPUS = Node("n3", "10.0.0.3", 4, 0)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("n1", True),
        ("10.0.0.1", True),
        ("zone=a", True),
        ("zone=b", False),
        ("rack=a", False),
        ("rack=", False),
        ("zone", False),
        ("n2", False),
    ],
)
def test_a_node_is_known_by_id_address_or_label(name, named):
    assert BIG.named(name) == named


@pytest.mark.parametrize(
    ("one", "node", "may"),
    [
        pytest.param(Wanted("a"), CPUS, True, id="on processors"),
        pytest.param(Wanted("a", gpus=0.5), CPUS, False, id="no GPU there"),
        pytest.param(Wanted("a", gpus=1, tensor_parallel=2), BIG, True, id="two GPUs of two"),
        pytest.param(Wanted("a", gpus=1, tensor_parallel=3), BIG, False, id="three GPUs of two"),
        pytest.param(Wanted("a", gpus=1, bytes=80 * GIB), BIG, True, id="as large as the GPU"),
        pytest.param(Wanted("a", gpus=1, bytes=80 * GIB + 1), BIG, False, id="larger"),
        pytest.param(Wanted("a", gpus=1, bytes=99 * GIB), UNKNOWN, True, id="perhaps larger"),
        pytest.param(Wanted("a", node="n2"), CPUS, False, id="elsewhere only"),
    ],
)
def test_who_may_sit_there(one, node, may):
    assert may_sit(one, node) == may


@pytest.mark.parametrize(
    ("one", "node", "load"),
    [
        pytest.param(Wanted("a", gpus=1, bytes=20 * GIB), BIG, Fraction(1, 4), id="its bytes"),
        pytest.param(
            Wanted("a", gpus=0.5, bytes=GIB), UNKNOWN, Fraction(1, 2), id="else its share"
        ),
        pytest.param(Wanted("a", gpus=0.5), BIG, Fraction(1, 2), id="the same without bytes"),
        pytest.param(Wanted("a"), CPUS, Fraction(1, 4), id="a core's worth"),
    ],
)
def test_what_one_replica_takes_of_a_device(one, node, load):
    assert load_on(one, node) == load
