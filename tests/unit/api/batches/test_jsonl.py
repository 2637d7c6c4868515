import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.batches.jsonl import numbered
from api.files.errors import TooLarge
from tests.batches import each


def read(blocks, **most):
    async def found():
        return [pair async for pair in numbered(each(blocks), **most)]

    return asyncio.run(found())


@given(st.lists(st.sampled_from([b"", b" ", b"{}", b'{"a": 1}', b"x\r"])), st.data())
def test_lines_are_the_same_however_the_blocks_are_cut(lines, data):
    whole = b"\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    blocks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read(blocks) == [(n, raw) for n, raw in enumerate(lines, 1) if raw.strip()]


def test_a_line_that_never_ends_is_not_held():
    with pytest.raises(TooLarge, match="100 bytes"):
        read([b"x" * 60, b"x" * 60], most=100)
