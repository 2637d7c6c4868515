import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.client import EngineDied
from experts.engines.generation import Piece, merged
from experts.engines.pool import EnginePool, unsent
from experts.errors import BackendUnavailable
from experts.types import Priority, Token
from tests.engines import FakeEngine, Yard, family, fleet_with, request, said, station
from tests.virtual_time import in_virtual_time

ASKED = request("a")
SECONDS = 600.0


def now():
    return asyncio.get_running_loop().time()


class Scripted(FakeEngine):
    """Streams its turn of the yard's `lives`: texts, and the place before which it dies."""

    async def stream(self, request, deadline):
        self.asked.append([request])
        texts, dies = self.yard.lives[sum(bool(each.asked) for each in self.yard.engines) - 1]
        for place, text in enumerate(texts):
            if place == dies:
                self.died.set()
                raise EngineDied("gone")
            yield Piece(text, finish="stop" if place == len(texts) - 1 else None)
            await asyncio.sleep(0)


def scripted(*lives):
    yard = Yard(kind=Scripted)
    yard.lives = lives
    return yard


def only(fleet, dispatcher):
    return EnginePool(fleet, dispatcher, "f")


async def streamed(*lives):
    async with fleet_with(scripted(*lives), station(family("f", "a"))) as pair:
        pieces = only(*pair).stream(ASKED, now() + SECONDS)
        return "".join([piece.text async for piece in pieces])


@in_virtual_time
async def test_what_a_dead_engine_was_asked_another_answers():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(family("f", "a"))) as pair:
        calls = [asyncio.create_task(only(*pair).ask([ASKED] * n, SECONDS)) for n in (1, 2)]
        await asyncio.sleep(5)
        yard.alive("f").died.set()
        assert await asyncio.gather(*calls) == [[said("a")], [said("a")] * 2]
    assert len(yard.engines) == 2


@in_virtual_time
async def test_prompts_that_three_engines_died_of_are_given_up():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(family("f", "a"))) as pair:
        call = asyncio.create_task(only(*pair).ask([ASKED], SECONDS))
        while not call.done():
            await asyncio.sleep(1)
            for engine in yard.engines:
                if engine.asked:
                    engine.died.set()
        with pytest.raises(EngineDied):
            await call
    assert [len(engine.asked) for engine in yard.engines if engine.asked] == [1, 1, 1]


@in_virtual_time
async def test_batch_work_waits_for_its_turn_and_interactive_work_does_not():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(family("f", "a", "b", "c"))) as pair:
        pool = only(*pair)
        batch = [request(base, Priority.BATCH) for base in "abc"]
        calls = [asyncio.create_task(pool.ask([each], SECONDS)) for each in batch]
        await asyncio.sleep(1)
        calls.append(asyncio.create_task(pool.ask([request("c")], SECONDS)))
        await asyncio.sleep(1)
        assert yard.alive("f").sent == {"a": 1, "b": 1, "c": 1}
        assert await asyncio.gather(*calls) == [[said(base)] for base in "abcc"]


@in_virtual_time
async def test_a_base_is_resident_where_it_is_or_is_about_to_be():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(family("f", "a", "b", "c"))) as pair:
        pool = only(*pair)
        call = asyncio.create_task(pool.ask([request("b")], SECONDS))
        await asyncio.sleep(1)
        assert [pool.resident(base) for base in "abc"] == [True, True, False]
        await call


@pytest.mark.parametrize("dies", range(3))
@in_virtual_time
async def test_a_stream_goes_on_where_it_was(dies):
    assert await streamed((("ab", "cd", "ef"), dies), (("abc", "def"), None)) == "abcdef"


@in_virtual_time
async def test_a_stream_that_three_engines_died_of_is_given_up():
    with pytest.raises(EngineDied):
        await streamed(*((("ab", "cd"), 1) for _ in range(3)))


@pytest.mark.parametrize("texts", [("abX", "def"), ("ab", "c")], ids=["differs", "ends early"])
@in_virtual_time
async def test_a_stream_that_would_go_on_differently_fails(texts):
    with pytest.raises(BackendUnavailable, match="differs"):
        await streamed((("ab", "cd", "ef"), 2), (texts, None))


def said_of(text):
    """A piece of one token per character."""
    return Piece(text, logprobs=tuple(Token(character, -1.0) for character in text))


def cut(piece, start, end):
    return replace(piece, text=piece.text[start:end], logprobs=piece.logprobs[start:end])


@given(st.text("abc"), st.lists(st.integers(0, 9), max_size=5), st.integers(0, 9))
def test_however_it_is_cut_the_rest_is_what_was_not_sent(text, cuts, sent):
    bounds = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    whole = said_of(text)
    fresh = [
        unsent(cut(whole, 0, sent), cut(whole, 0, start), cut(whole, start, end))
        for start, end in pairwise(bounds)
    ]
    assert merged([cut(whole, 0, sent), *fresh]) == whole


@in_virtual_time
async def test_leaving_a_stream_frees_its_engine():
    yard = Yard()
    async with fleet_with(yard, station(family("f", "a"))) as (fleet, dispatcher):
        pieces = only(fleet, dispatcher).stream(ASKED, now() + SECONDS)
        await anext(pieces)
        assert (fleet.stations[0].busy, yard.alive("f").sent.total()) == (1, 1)
        await pieces.aclose()
        assert (fleet.stations[0].busy, yard.alive("f").sent.total()) == (0, 0)
