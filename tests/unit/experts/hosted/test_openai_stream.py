"""Streamed chat completions: events to chunks, and what is made of a stream that goes wrong."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.calls import extended
from experts.cards import Price
from experts.errors import BackendRejected, BackendUnavailable, EmptyReply, ExpertError
from experts.hosted.openai_stream import StreamReader
from experts.types import Chunk, Token, Usage
from tests.openai_server import event
from tests.tools import LIMA, PARIS

END = event(delta={}, finish="stop")
USED = {**event(), "usage": {"prompt_tokens": 3, "completion_tokens": 4}}


def written(*payloads):
    data = [each if isinstance(each, str) else json.dumps(each) for each in payloads]
    return "".join(f"data: {each}\n\n" for each in data).encode()


def read(*payloads, price=None):
    reader = StreamReader(price)
    return [*reader.feed(written(*payloads)), reader.end()]


def test_text_comes_in_chunks_and_the_end_has_what_it_cost():
    events = [event(delta={"content": text}) for text in ("", "Å", " b")]
    assert read(*events, END, USED, "[DONE]", price=Price(input=1, output=10)) == [
        Chunk("Å"),
        Chunk(" b"),
        Chunk("", "stop", Usage(3, 4, 43e-6)),
    ]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_thinking_is_a_chunk_without_text(key):
    chunks = read(event(delta={key: "hm"}), event(delta={"content": "a"}), END)
    assert [chunk.text for chunk in chunks] == ["", "a", ""]


def calling(index, arguments, call=None):
    begun = {"id": call.id, "type": "function"} if call else {}
    function = {"arguments": arguments} | ({"name": call.name} if call else {})
    return event(delta={"tool_calls": [{"index": index, **begun, "function": function}]})


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.data())
def test_however_calls_are_split_and_mixed_they_join_to_what_the_model_wrote(sizes, data):
    left = {0: PARIS.arguments, 1: LIMA.arguments}
    events = [calling(0, "", PARIS), calling(1, "", LIMA)]
    while left:
        index = data.draw(st.sampled_from(sorted(left)))
        size = data.draw(st.sampled_from(sizes))
        events.append(calling(index, left[index][:size]))
        left[index] = left[index][size:]
        left = {index: text for index, text in left.items() if text}
    chunks = read(*events, event(delta={}, finish="tool_calls"), "[DONE]")
    assert extended((), [piece for chunk in chunks for piece in chunk.calls]) == (PARIS, LIMA)
    assert chunks[-1].finish == "tool_calls"


def test_log_probabilities_come_with_their_text():
    told = event(delta={"content": "a"})
    told["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.5}]}
    assert read(told, END)[0] == Chunk("a", logprobs=(Token("a", -0.5),))


def test_a_reply_cut_at_its_limit_says_so():
    events = [event(delta={"content": "a"}), event(delta={}, finish="length")]
    assert read(*events)[-1] == Chunk("", "length", Usage())


def test_a_stream_without_finish_that_says_it_is_done_is_done():
    assert read(event(delta={"content": "a"}), "[DONE]")[-1].finish == "stop"


def test_nothing_is_read_behind_the_end():
    assert len(read(event(delta={"content": "a"}), "[DONE]", event(delta={"content": "b"}))) == 2


def test_what_comes_before_an_error_is_told_before_it_is_raised():
    reader, gone = StreamReader(None), {"error": {"message": "gone", "code": 503}}
    together = written(event(delta={"content": "a"}), gone, event(delta={"content": "b"}))
    assert reader.feed(together) == [Chunk("a")]
    assert reader.over
    with pytest.raises(BackendUnavailable, match="gone"):
        reader.end()


@pytest.mark.parametrize(
    ("payloads", "kind", "message"),
    [
        pytest.param([], BackendUnavailable, "broke off", id="nothing"),
        pytest.param([event(delta={"content": "a"})], BackendUnavailable, "broke off", id="cut"),
        pytest.param([END], EmptyReply, "had no text", id="no text"),
        pytest.param([event(delta={"content": " "}), END], EmptyReply, "no text", id="blank"),
        pytest.param(
            [event(delta={"reasoning": "hm"}), event(delta={}, finish="length")],
            EmptyReply,
            "raise the expert's max_tokens",
            id="only thoughts",
        ),
        pytest.param(["{"], BackendUnavailable, "no JSON", id="no JSON"),
        pytest.param(["7"], BackendUnavailable, "no JSON object", id="no object"),
        pytest.param(
            [event(delta={"content": "a"}), {"error": {"message": "gone", "code": 503}}],
            BackendUnavailable,
            "HTTP 503 Service Unavailable: gone",
            id="an error event",
        ),
        pytest.param(
            [{"error": {"message": "too long", "code": 400}}],
            BackendRejected,
            "HTTP 400 Bad Request: too long",
            id="an error event that will not pass",
        ),
    ],
)
def test_a_stream_that_goes_wrong_says_how(payloads, kind, message):
    with pytest.raises(kind, match=message):
        read(*payloads)


anything = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["delta", "content", "finish_reason"]), inner)
    ),
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["choices", "usage", "error"], anything)))
def test_no_event_at_all_breaks_the_reader(payload):
    with suppress(ExpertError):
        read(payload)
