"""The encoder's caches: single texts in memory, whole batches one file each."""

import asyncio

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from routing.encoder import CachedEncoder, RememberingEncoder
from tests.encoders import BagOfWords


async def test_a_batch_is_encoded_once_even_by_another_process(tmp_path):
    first, second = BagOfWords(), BagOfWords()
    vectors = await CachedEncoder(first, tmp_path / "new" / "folder").encode(["one", "two"])
    again = await CachedEncoder(second, tmp_path / "new" / "folder").encode(["one", "two"])
    assert np.array_equal(vectors, again)
    assert (len(first.encoded), second.encoded) == (1, [])


async def test_other_batches_are_encoded_anew(tmp_path):
    inner = BagOfWords()
    cached = CachedEncoder(inner, tmp_path)
    batches = [[], [""], ["a", "b"], ["b", "a"], ["a\0b"], ["a", "b", ""]]
    for batch in [*batches, *batches]:
        assert len(await cached.encode(batch)) == len(batch)
    assert inner.encoded == batches


async def test_no_unfinished_file_is_left(tmp_path):
    await CachedEncoder(BagOfWords(), tmp_path).encode(["one"])
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_text_seen_before_is_not_encoded_again():
    inner = BagOfWords()
    remembering = RememberingEncoder(inner)
    (first,) = await remembering.encode(["one"])
    again = await remembering.encode(["two", "one", "two"])
    assert inner.encoded == [["one"], ["two"]]
    assert np.array_equal(again[1], first)


async def test_the_text_unused_for_longest_is_forgotten_first():
    inner = BagOfWords()
    remembering = RememberingEncoder(inner, size=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        await remembering.encode([text])
    assert inner.encoded == [["one"], ["two"], ["three"], ["two"]]


async def test_a_batch_larger_than_the_memory_pushes_nothing_out():
    inner = BagOfWords()
    remembering = RememberingEncoder(inner, size=2)
    for batch in (["one"], ["two", "three", "four"], ["one"]):
        await remembering.encode(batch)
    assert inner.encoded == [["one"], ["two", "three", "four"]]


async def test_what_a_caller_does_to_its_vectors_changes_nobody_elses():
    remembering = RememberingEncoder(BagOfWords())
    for _ in range(2):
        vectors = await remembering.encode(["one"])
        assert np.isclose(np.linalg.norm(vectors), 1)
        vectors[:] = 0


TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]) | st.text()), max_size=8)


@given(TEXTS, st.integers(1, 4))
def test_remembering_changes_no_vector(batches, size):
    async def check():
        remembering = RememberingEncoder(BagOfWords(), size)
        for batch in batches:
            expected = await BagOfWords().encode(batch)
            assert np.array_equal((await remembering.encode(batch)).ravel(), expected.ravel())

    asyncio.run(check())
