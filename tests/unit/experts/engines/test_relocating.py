import asyncio
from contextlib import asynccontextmanager

import pytest

from experts.cards import Cluster
from experts.engines.nodes import Node, Wanted
from experts.engines.processes import Berth
from experts.engines.relocating import relocating, stranded, wanted
from experts.errors import BackendUnavailable, RegistryError
from tests.engines import Yard, family, fleet_with, request, station
from tests.virtual_time import in_virtual_time

SECONDS = 600.0


def node(name, gpus=0):
    return Node(name, f"address of {name}", cpus=4.0, gpus=gpus)


class ToyPlaces:
    """Grants everything but on the nodes that are taken."""

    def __init__(self, taken=()):
        self.taken = taken

    async def reserve(self, seats):
        await asyncio.sleep(1)
        if taken := [seat for seat in seats if seat.node in self.taken]:
            raise RegistryError(f"somebody uses {taken[0].node}")
        return {seat: Berth(seat.node) for seat in seats}


class Scene:
    """Nodes that come and go, and a fleet of one engine for each name on one of them."""

    def __init__(self, *names):
        self.stations = [station(family(name), node="first") for name in names]
        self.nodes = [node("first"), node("second")]
        self.fails = False

    async def look(self):
        if self.fails:
            raise ConnectionError("no answer")
        return self.nodes

    @asynccontextmanager
    async def watched(self, places=None):
        async with (
            fleet_with(Yard(), *self.stations) as (fleet, _),
            relocating(fleet, places or ToyPlaces(), Cluster(), self.look),
        ):
            yield fleet

    @property
    def places(self):
        return [each.berth and each.berth.node for each in self.stations]


async def use(fleet, name):
    deadline = asyncio.get_running_loop().time() + SECONDS
    async with fleet.hold(name, [request(f"{name}-base")], deadline):
        pass


def test_who_has_no_place_or_one_that_is_gone_is_stranded():
    here, gone, nowhere = (station(family(name), node=name) for name in ("a", "b", "c"))
    nowhere.berth = None
    assert stranded([here, gone, nowhere], [node("a"), node("c")]) == [gone, nowhere]


def test_what_a_family_wants_of_a_cluster():
    assert wanted(family("a"), 3) == Wanted("a", 3)
    large = family("b", gpus=1.0, tensor_parallel=2, replicas=1, node="here")
    assert wanted(large, 3) == Wanted("b", 1, 1.0, 2, "here")


@in_virtual_time
async def test_engines_of_a_lost_node_start_on_another():
    scene = Scene("a", "b")
    async with scene.watched() as fleet:
        await asyncio.sleep(10)
        assert scene.places == ["first", "first"]
        scene.nodes = [node("second")]
        await asyncio.sleep(30)
        assert scene.places == ["second", "second"]
        assert [str(each.state) for each in scene.stations] == ["awake", "awake"]
        await use(fleet, "a")


@in_virtual_time
async def test_where_there_is_no_place_the_reason_is_told_until_a_node_comes():
    scene = Scene("a")
    async with scene.watched() as fleet:
        scene.nodes = []
        await asyncio.sleep(10)
        for _ in range(3):
            with pytest.raises(BackendUnavailable, match=r"its machine was lost, and .*node"):
                await use(fleet, "a")
            await asyncio.sleep(60)
        scene.nodes = [node("third")]
        await asyncio.sleep(10)
        await use(fleet, "a")
        assert scene.places == ["third"]


@in_virtual_time
async def test_a_place_that_is_not_granted_keeps_nobody_else_from_another():
    scene = Scene("a", "b")
    scene.stations[0].family = family("a", node="second")
    scene.stations[1].family = family("b", node="third")
    async with scene.watched(ToyPlaces(taken=["second"])) as fleet:
        scene.nodes = [node("second"), node("third")]
        await asyncio.sleep(10)
        await use(fleet, "b")
        with pytest.raises(BackendUnavailable, match="Ray grants it no place"):
            await use(fleet, "a")
        assert scene.places == [None, "third"]


@in_virtual_time
async def test_a_cluster_that_does_not_answer_changes_nothing():
    scene = Scene("a")
    async with scene.watched() as fleet:
        scene.fails = True
        await asyncio.sleep(10)
        await use(fleet, "a")
        scene.fails, scene.nodes = False, [node("second")]
        await asyncio.sleep(30)
        assert scene.places == ["second"]
