"""What is short is told in words that say what would help."""

import pytest

from experts.engines.layout import laid_out
from experts.engines.nodes import Node, Wanted
from experts.engines.shortages import lack

GIB = 2**30


def node(id_, gpus=0, gib=80, **facts):
    return Node(id_, f"10.0.0.{id_[1:]}", cpus=8, gpus=gpus, gpu_memory_bytes=gib * GIB, **facts)


def gpu(family, replicas=1, tensor_parallel=1, gib=20, where=None):
    return Wanted(family, replicas, 1.0, tensor_parallel, where, gib * GIB)


@pytest.mark.parametrize(
    ("one", "nodes", "told"),
    [
        pytest.param(
            gpu("experts.qwen", 2, 2),
            [node("n1", 1), node("n2", 1)],
            "experts.qwen: 2 replicas x 2 GPUs on one node need 4 GPUs; "
            "the cluster has 2 nodes with 1 GPU each",
            id="too few on each node",
        ),
        pytest.param(
            gpu("a", 4),
            [node("n1", 2), node("n2", 1)],
            "a: 4 replicas x 1 GPU need 4 GPUs; "
            "the cluster has 1 node with 2 GPUs and 1 node with 1 GPU",
            id="too few",
        ),
        pytest.param(
            gpu("a"),
            [node("n1")],
            "a: 1 replica x 1 GPU needs 1 GPU; the cluster has 1 node with 0 GPUs",
            id="none",
        ),
        pytest.param(
            gpu("a", 2, where="zone=b"),
            [node("n1", 4), node("n2", 1, labels={"zone": "b"})],
            "a: 2 replicas x 1 GPU need 2 GPUs; node zone=b has 1 node with 1 GPU",
            id="too few where it must be",
        ),
        pytest.param(
            gpu("a", where="zone=c"),
            [node("n1", 4), node("n2", 1)],
            "a: no node is zone=c; nodes are n1 (10.0.0.1), n2 (10.0.0.2)",
            id="no such node",
        ),
        pytest.param(
            gpu("a", gib=90),
            [node("n1", 4, gib=24), node("n2", 1, gib=80)],
            "a: it needs 90.0 GiB on a GPU, and the largest of the cluster has 80.0 GiB; "
            "raise its tensor_parallel, or choose a smaller model",
            id="too large",
        ),
        pytest.param(
            gpu("a", 2, gib=60),
            [node("n1", 4, gib=24), node("n2", 1, gib=80)],
            "a: 2 replicas x 1 GPU need 2 GPUs; the cluster has "
            "1 node with 1 GPU large enough and 1 node with 0 GPUs large enough",
            id="too few large ones",
        ),
        pytest.param(Wanted("a"), [], "a: there are no nodes", id="no nodes"),
    ],
)
def test_what_is_short_is_told(one, nodes, told):
    (shortage,) = laid_out([one], nodes).shortages
    assert shortage.why == lack(one, nodes)
    assert str(shortage) == told
