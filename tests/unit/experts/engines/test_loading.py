"""The parts of loading that need no vLLM; engines that it is part of are tested elsewhere."""

import threading
import time
from contextlib import contextmanager

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from experts.engines.loading import SwapFailed, Weights
from experts.engines.reading import bytes_on_disk
from tests.engines import family

SIZE = 12 * 4  # bytes of a base


class ToyEngine:
    """As much of vLLM's engine as loading needs, around one layer."""

    def __init__(self, base):
        self.model = nn.Linear(4, 3, bias=False)
        self.from_files, self.resets = [], 0
        self.collective_rpc("reload_weights", {"weights_path": base})

    def apply_model(self, apply):
        return [apply(self.model)]

    def collective_rpc(self, method, kwargs):
        assert method == "reload_weights"
        tensors = kwargs.get("weights_iterator")
        if tensors is None:
            self.from_files.append(kwargs["weights_path"])
            tensors = load_file(f"{kwargs['weights_path']}/model.safetensors").items()
        for name, tensor in tensors:
            with torch.no_grad():
                getattr(self.model, name).copy_(tensor)

    def reset_prefix_cache(self):
        self.resets += 1

    @property
    def value(self):
        """That all its weights have."""
        [value] = self.model.weight.detach().unique().tolist()
        return value


class Disk:
    """Reads a base's file when it is let to."""

    def __init__(self):
        self.go, self.read = threading.Event(), []
        self.go.set()

    def __call__(self, base):
        assert self.go.wait(5)
        self.read.append(base)
        return load_file(f"{base}/model.safetensors").items()


@pytest.fixture
def bases(tmp_path):
    """Folders of weights that all have the value 0, 1, 2 or 3."""
    folders = []
    for value in range(4):
        folder = tmp_path / str(value)
        folder.mkdir()
        weight = torch.full((3, 4), float(value))
        save_file({"weight": weight}, str(folder / "model.safetensors"))
        folders.append(str(folder))
    return folders


PLENTY = 10_000  # bytes of host memory


@contextmanager
def loaded(bases, room=PLENTY):
    """With the first of the bases in the engine, and so many bytes of host memory."""
    llm, disk = ToyEngine(bases[0]), Disk()
    weights = Weights(llm, family("f", *bases), bases[0], room, disk)
    try:
        yield weights, llm, disk
    finally:
        disk.go.set()
        weights.close()


def read_ahead(weights, bases):
    deadline = time.monotonic() + 30
    while not set(bases) <= weights.held:
        weights.expect(bases)
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_base_that_is_loaded_is_resident_and_the_cache_is_reset(bases):
    with loaded(bases) as (weights, llm, _):
        swap = weights.load(bases[1])
        assert (weights.resident, llm.value, llm.resets) == (bases[1], 1.0, 1)
        assert (swap.base, swap.source, swap.size) == (bases[1], "disk", SIZE)
        assert swap.seconds >= swap.read_seconds > 0


def test_what_was_resident_is_put_back_without_the_disk(bases):
    with loaded(bases) as (weights, llm, disk):
        for place in (1, 2, 0, 1, 2, 0):
            swap = weights.load(bases[place])
            assert llm.value == float(place)
        assert swap.source == "held"
        assert disk.read == [bases[1], bases[2]]
        assert weights.held == set(bases[:3])


def test_what_is_expected_is_read_ahead(bases):
    with loaded(bases) as (weights, llm, disk):
        read_ahead(weights, [bases[2], bases[1]])
        assert disk.read == [bases[2], bases[1]]
        assert llm.value == 0.0
        first, again = weights.load(bases[2]), weights.load(bases[2])
        assert (first.source, again.source, llm.value) == ("held", "held", 2.0)
        assert len(disk.read) == 2


def test_how_long_the_disk_took_is_told_once(bases):
    with loaded(bases) as (weights, _, _):
        read_ahead(weights, [bases[1]])
        assert weights.load(bases[1]).read_seconds > 0
        weights.load(bases[0])
        assert weights.load(bases[1]).read_seconds == 0


def test_what_is_still_being_read_is_waited_for(bases):
    with loaded(bases) as (weights, llm, disk):
        disk.go.clear()
        weights.expect([bases[1]])
        threading.Timer(0.05, disk.go.set).start()
        assert weights.load(bases[1]).source == "read ahead"
        assert llm.value == 1.0


def test_of_what_does_not_fit_the_base_that_is_needed_last_is_read_again(bases):
    room = bytes_on_disk(bases[0]) + SIZE  # for two
    with loaded(bases, room) as (weights, llm, disk):
        weights.expect([bases[1], bases[0], bases[2]])
        weights.load(bases[1])
        weights.expect([bases[0], bases[2], bases[1]])
        weights.load(bases[2])
        assert bases[0] in weights.held
        weights.load(bases[0])
        assert (llm.value, disk.read) == (0.0, [bases[1], bases[2]])
        assert (weights.held, weights.held_bytes) == ({bases[0], bases[2]}, room)


def test_without_host_memory_the_engine_reads_the_files_itself(bases):
    with loaded(bases, room=0) as (weights, llm, disk):
        weights.expect([bases[1]])
        swap = weights.load(bases[1])
        assert (swap.source, llm.value, weights.held) == ("disk", 1.0, frozenset())
        assert llm.from_files == [bases[0], bases[1]]
        assert disk.read == []


def test_a_base_larger_than_the_host_memory_is_left_to_the_engine(bases):
    with loaded(bases, room=SIZE - 1) as (weights, llm, _):
        assert weights.load(bases[1]).source == "disk"
        assert llm.from_files == [bases[0], bases[1]]
        assert llm.value == 1.0


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        pytest.param({"other": torch.zeros(3, 4)}, "do not fit", id="another tensor"),
        pytest.param({"weight": torch.zeros(2, 4)}, "do not fit", id="another shape"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(bases, tmp_path, tensors, why):
    (tmp_path / "wrong").mkdir()
    save_file(tensors, str(tmp_path / "wrong" / "model.safetensors"))
    with loaded(bases) as (weights, llm, disk):
        with pytest.raises(SwapFailed, match=why):
            weights.load(str(tmp_path / "wrong"))
        assert (weights.resident, llm.value, llm.resets, disk.read) == (bases[0], 0.0, 0, [])


def test_a_file_that_is_no_weights_changes_nothing(bases, tmp_path):
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "model.safetensors").write_bytes(b"junk")
    with loaded(bases) as (weights, llm, _):
        with pytest.raises(SwapFailed, match="cannot be loaded"):
            weights.load(str(tmp_path / "wrong"))
        assert (weights.resident, llm.value) == (bases[0], 0.0)


def test_a_base_that_cannot_be_read_ahead_says_so_when_it_is_loaded(bases, tmp_path):
    with loaded(bases) as (weights, llm, _):
        missing = str(tmp_path / "missing")
        for _ in range(100):
            weights.expect([missing, bases[1]])
            time.sleep(0.001)
        read_ahead(weights, [bases[1]])  # others are read nevertheless
        weights.load(bases[1])
        assert llm.value == 1.0
