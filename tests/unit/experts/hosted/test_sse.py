"""Server-sent events: however the bytes arrive, the events are the same."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.hosted.sse import LONGEST_LINE, Decoder

KEEP_ALIVE = b": still here\n\n"
EVERYTHING = (
    b"\xef\xbb\xbfdata: first\n\n"
    + KEEP_ALIVE
    + "event: message\r\nid: 7\r\ndata: Ångström\r\ndata:  三\r\n\r\n".encode()
    + b"data:tight\r\rretry: 10\n\ndata\n\ndatum: x\n\n"
    + b'data: {"a": 1}\n\ndata: [DONE]\n\ndata: cut off'
)
EVENTS = ["first", "Ångström\n 三", "tight", "", '{"a": 1}', "[DONE]"]


def decoded(*portions):
    decoder = Decoder()
    return [data for portion in portions for data in decoder.feed(portion)]


def test_each_event_has_its_data():
    assert decoded(EVERYTHING) == EVENTS


@given(st.lists(st.integers(0, len(EVERYTHING))))
def test_any_split_of_the_bytes_gives_the_same_events(cuts):
    ends = [0, *sorted(cuts), len(EVERYTHING)]
    portions = [EVERYTHING[a:b] for a, b in pairwise(ends)]
    assert decoded(*portions) == EVENTS


def test_byte_by_byte_gives_the_same_events():
    assert decoded(*(EVERYTHING[i : i + 1] for i in range(len(EVERYTHING)))) == EVENTS


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_decoded_and_where_they_are_cut_is_no_matter(data, cut):
    assert decoded(data[:cut], data[cut:]) == decoded(data)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_an_event_is_given_as_soon_as_its_empty_line_ends(end):
    decoder = Decoder()
    assert decoder.feed(b"data: now" + end) == []
    assert decoder.feed(end) == ["now"]


def test_keep_alives_give_nothing():
    assert decoded(*[KEEP_ALIVE] * 3) == []


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    decoder = Decoder()
    half = b"x" * (LONGEST_LINE // 2)
    assert decoder.feed(half) == decoder.feed(half) == []
    with pytest.raises(ValueError, match="a line of more than"):
        decoder.feed(b"x")
