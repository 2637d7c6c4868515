import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.client import EngineDied
from experts.engines.generation import Piece, Request
from experts.engines.placement import Load
from experts.engines.pool import EnginePool, unsent
from experts.errors import BackendUnavailable
from experts.types import Message

REQUEST = Request("a", (Message("user", "?"),), 8)


class ToyEngine:
    """Streams its pieces, and dies before the one at `dies`."""

    def __init__(self, *texts, dies=None):
        self.texts, self.dies, self.asked = texts, dies, 0

    @property
    def load(self):
        return Load(frozenset("a"), 0, up=not (self.asked and self.dies is not None))

    async def ask(self, requests, deadline):
        return [piece async for piece in self.stream(requests[0], deadline)]

    async def stream(self, request, deadline):
        self.asked += 1
        for place, text in enumerate(self.texts):
            if place == self.dies:
                raise EngineDied("gone")
            yield Piece(text, finish="stop" if place == len(self.texts) - 1 else None)


async def streamed(*engines):
    pieces = EnginePool(engines).stream(REQUEST, 0.0)
    return "".join([piece.text async for piece in pieces])


async def test_what_a_dead_engine_was_asked_another_answers():
    pool = EnginePool([ToyEngine("x", dies=0), ToyEngine("fine")])
    assert await pool.ask([REQUEST], 0.0) == [Piece("fine", finish="stop")]


async def test_an_engine_that_dies_twice_is_given_up():
    pool = EnginePool([ToyEngine("x", dies=0)])
    with pytest.raises(EngineDied):
        await pool.ask([REQUEST], 0.0)
    assert pool.engines[0].asked == 2


@pytest.mark.parametrize("dies", range(3))
async def test_a_stream_goes_on_where_it_was(dies):
    first, second = ToyEngine("ab", "cd", "ef", dies=dies), ToyEngine("abc", "def")
    assert await streamed(first, second) == "abcdef"


@pytest.mark.parametrize("texts", [("abX", "def"), ("ab", "c")], ids=["differs", "ends early"])
async def test_a_stream_that_would_go_on_differently_fails(texts):
    with pytest.raises(BackendUnavailable, match="differs"):
        await streamed(ToyEngine("ab", "cd", "ef", dies=2), ToyEngine(*texts))


@given(st.text("abc"), st.lists(st.integers(0, 9), max_size=5), st.integers(0, 9))
def test_however_it_is_cut_the_rest_is_what_was_not_sent(text, cuts, sent):
    bounds = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    fresh = [
        unsent(text[:sent], text[:start], Piece(text[start:end])) for start, end in pairwise(bounds)
    ]
    assert text[:sent] + "".join(fresh) == text


async def test_leaving_a_stream_closes_the_engines():
    closed = asyncio.Event()

    class Watched(ToyEngine):
        async def stream(self, request, deadline):
            try:
                yield Piece("a")
                yield Piece("b")
            finally:
                closed.set()

    pieces = EnginePool([Watched()]).stream(REQUEST, 0.0)
    await anext(pieces)
    await pieces.aclose()
    assert closed.is_set()
