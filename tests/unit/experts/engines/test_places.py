from experts.engines.nodes import Node
from experts.engines.places import Gpu, berth_on, node_of
from experts.engines.processes import Berth


def test_a_node_is_as_ray_tells_it():
    told = {
        "NodeID": "abc",
        "NodeManagerAddress": "10.0.0.1",
        "Resources": {"CPU": 8.0, "GPU": 2.0, "memory": 1e9},
        "Labels": {"rack": "7"},
    }
    assert node_of(told) == Node("abc", "10.0.0.1", 8.0, 2, labels={"rack": "7"})


def test_a_node_without_labels_or_gpus_has_none():
    told = {"NodeID": "abc", "NodeManagerAddress": "10.0.0.1", "Resources": {}, "Labels": None}
    assert node_of(told) == Node("abc", "10.0.0.1", 0.0, 0)


def test_a_berth_on_gpus_has_those_and_as_much_memory_as_the_smallest():
    gpus = [Gpu("3", "NVIDIA H100", 80), Gpu("5", "NVIDIA H100", 70)]
    assert berth_on("abc", gpus, None) == Berth("abc", ("3", "5"), "NVIDIA H100", 70)


def test_a_berth_without_gpus_is_on_the_nodes_processors():
    assert berth_on("abc", [], None) == Berth("abc")
