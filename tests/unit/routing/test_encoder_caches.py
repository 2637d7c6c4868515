"""The encoder's cache: whole batches, one file each."""

import numpy as np

from routing.encoder import CachedEncoder
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
