from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from experts.calls import extended, pieces, written
from experts.types import CallPiece, ToolCall

CALLS = st.lists(st.builds(ToolCall, st.text(min_size=1), st.text(min_size=1), st.text()))


def split(index, call, cuts):
    """A call in pieces, cut at these places of its arguments."""
    bounds = [0, *sorted(min(cut, len(call.arguments)) for cut in cuts), len(call.arguments)]
    parts = [call.arguments[a:b] for a, b in pairwise(bounds)]
    first, *rest = parts
    return [CallPiece(index, first, call.id, call.name), *(CallPiece(index, p) for p in rest)]


@given(CALLS, st.lists(st.integers(0, 20), max_size=4), st.integers(1, 3))
def test_however_arguments_are_cut_the_calls_are_the_same(calls, cuts, together):
    streamed = [piece for i, call in enumerate(calls) for piece in split(i, call, cuts)]
    grown = ()
    for start in range(0, len(streamed), together):
        grown = extended(grown, streamed[start : start + together])
    assert grown == tuple(calls)


@given(CALLS)
def test_whole_calls_are_pieces_of_themselves(calls):
    assert extended((), pieces(calls)) == tuple(calls)


def test_a_call_is_written_as_openai_has_it():
    assert written(ToolCall("call_1", "weather", '{"city": "Paris"}')) == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
    }
