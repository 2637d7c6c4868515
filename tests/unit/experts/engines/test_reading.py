import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from experts.engines.reading import Reader, bytes_on_disk
from experts.engines.weights import INDEX

TENSORS = {"a": [("w", np.full(4, 1.0)), ("v", np.full(2, 2.0))], "b": [("w", np.full(4, 3.0))]}


class Disk:
    """Reads tensors as fast as it is let to."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.read = []

    def __call__(self, base):
        if base not in TENSORS:
            raise OSError(f"no {base} here")
        for name, tensor in TENSORS[base]:
            assert self.go.wait(5)
            self.read.append((base, name))
            yield name, tensor


@contextmanager
def reading(budget=1_000):
    disk = Disk()
    reader = Reader(disk, np.copy, budget)
    try:
        yield reader, disk
    finally:
        disk.go.set()
        reader.close()


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_what_was_read_can_be_taken_once():
    with reading() as (reader, _):
        reader.expect("a")
        until(lambda: reader.ready() == "a")
        read = reader.take("a")
        assert [(name, tensor.tolist()) for name, tensor in read.tensors] == [
            *(("w", [1.0] * 4), ("v", [2.0] * 2))
        ]
        assert read.size == 6 * 8
        assert (reader.base, reader.ready(), reader.take("a")) == (None, None, None)


def test_what_was_read_is_a_copy():
    with reading() as (reader, _):
        reader.expect("b")
        [(_, tensor)] = reader.take("b").tensors
        assert tensor is not TENSORS["b"][0][1]


def test_what_is_still_being_read_is_waited_for():
    with reading() as (reader, disk):
        disk.go.clear()
        reader.expect("a")
        assert (reader.base, reader.ready()) == ("a", None)
        threading.Timer(0.05, disk.go.set).start()
        assert len(reader.take("a").tensors) == 2


def test_what_was_not_expected_is_not_there():
    with reading() as (reader, _):
        reader.expect("a")
        assert reader.take("b") is None
        assert reader.take("a") is not None


def test_what_is_not_wanted_any_more_is_not_read_on():
    with reading() as (reader, disk):
        disk.go.clear()
        reader.expect("a")
        reader.expect("b")
        disk.go.set()
        assert len(reader.take("b").tensors) == 1
        assert ("a", "v") not in disk.read


def test_to_expect_the_same_again_changes_nothing():
    with reading() as (reader, disk):
        reader.expect("a")
        until(lambda: reader.ready() == "a")
        reader.expect("a")
        assert reader.take("a") is not None
        assert len(disk.read) == 2


def test_to_expect_nothing_lets_go_of_what_was_read():
    with reading() as (reader, _):
        reader.expect("a")
        reader.expect(None)
        assert (reader.base, reader.take("a")) == (None, None)


def test_what_is_too_large_is_left_on_disk():
    with reading(budget=40) as (reader, _):
        reader.expect("a")
        assert reader.take("a") is None
        reader.expect("b")
        assert reader.take("b") is not None


def test_what_reading_raised_is_raised_where_it_is_taken_and_the_next_can_be_read():
    with reading() as (reader, _):
        reader.expect("missing")
        until(lambda: reader.ready() == "missing")
        with pytest.raises(OSError, match="no missing here"):
            reader.take("missing")
        reader.expect("b")
        assert reader.take("b") is not None


def test_closing_ends_what_is_being_read():
    disk = Disk()
    reader = Reader(disk, np.copy, 1_000)
    disk.go.clear()
    reader.expect("a")
    threading.Timer(0.05, disk.go.set).start()
    reader.close()
    assert ("a", "v") not in disk.read


def test_bytes_on_disk_are_those_of_the_weights(tmp_path):
    (tmp_path / "1.safetensors").write_bytes(b"123")
    (tmp_path / "2.safetensors").write_bytes(b"45")
    (tmp_path / "config.json").write_bytes(b"{}")
    assert bytes_on_disk(str(tmp_path)) == 5
    assert bytes_on_disk("someone/model") == 0


def test_weights_that_a_folder_holds_twice_are_counted_once(tmp_path):
    (tmp_path / INDEX).write_text('{"weight_map": {"v": "1.safetensors", "w": "2.safetensors"}}')
    for name, size in (("1", 3), ("2", 2), ("consolidated", 5)):
        (tmp_path / f"{name}.safetensors").write_bytes(b"." * size)
    assert bytes_on_disk(str(tmp_path)) == 5
