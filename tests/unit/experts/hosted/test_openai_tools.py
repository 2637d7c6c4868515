"""Tools on the wire: offered as OpenAI writes them, and calls read from servers that differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.calls import extended
from experts.errors import BackendRejected
from experts.hosted.openai_tools import CallReader, calls_of, offered
from experts.types import Tool, Toolbox, ToolCall
from tests.tools import LIMA, PARIS, TOOLBOX


def delta(index=None, id=None, name=None, arguments=None):
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id, "type": "function", "function": function}


def read(*deltas):
    reader, calls = CallReader(), ()
    for each in deltas:
        calls = extended(calls, reader.take([each]))
    reader.end()
    return calls


def test_a_tool_is_offered_with_what_is_known_of_it():
    assert offered(TOOLBOX) == {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "What it is like there.",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "tool_choice": "auto",
    }


def test_the_tool_that_must_be_called_is_named_and_calls_may_be_one_at_a_time():
    toolbox = Toolbox((Tool("a", strict=True), Tool("b")), only="b", parallel=False)
    body = offered(toolbox)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "b"}}
    assert body["parallel_tool_calls"] is False
    assert body["tools"][0]["function"] == {"name": "a", "strict": True}


def test_whole_calls_are_read_as_the_model_wrote_them():
    raw = [
        {"id": "call_1", "function": {"name": "a", "arguments": '{"x":  1'}},
        {"function": {"name": "b", "arguments": {"y": 2}}},
        {"id": "call_3", "function": {"name": "c"}},
    ]
    first, second, third = calls_of(raw)
    assert first == ToolCall("call_1", "a", '{"x":  1')
    assert (second.name, second.arguments) == ("b", '{"y": 2}')
    assert second.id.startswith("call_")
    assert third.arguments == ""
    assert calls_of(None) == ()


def test_a_call_without_a_name_is_refused():
    with pytest.raises(BackendRejected, match="without naming it"):
        calls_of([{"id": "x", "function": {"arguments": "{}"}}])
    with pytest.raises(BackendRejected, match="without naming it"):
        read(delta(0, "x", None, "{}"))


@given(st.lists(st.integers(1, 4), max_size=8), st.booleans())
def test_interleaved_calls_are_told_apart_by_their_index(sizes, first_whole):
    started = [delta(i, call.id, call.name, "") for i, call in enumerate((PARIS, LIMA))]
    queues = [list(PARIS.arguments), list(LIMA.arguments)]
    rest = []
    for turn, size in enumerate([*sizes, 99, 99]):
        which = turn % 2
        part, queues[which] = queues[which][:size], queues[which][size:]
        rest.append(delta(which, None if first_whole else "", None, "".join(part)))
    assert read(*started, *rest) == (PARIS, LIMA)


def test_calls_that_all_have_one_index_are_told_apart_by_their_ids():
    for index in (0, None):
        deltas = [delta(index, c.id, c.name, c.arguments) for c in (PARIS, LIMA)]
        assert read(*deltas) == (PARIS, LIMA)


def test_an_id_in_every_piece_is_not_a_call_in_every_piece():
    pieces = [delta(0, "call_1", "weather", '{"city": '), delta(0, "call_1", "weather", '"Paris"}')]
    assert read(*pieces) == (PARIS,)
    changing = [delta(0, "call_1", "weather", '{"city": '), delta(0, "call_9", None, '"Paris"}')]
    assert read(*changing) == (PARIS,)


def test_a_call_without_an_id_gets_one_and_a_name_may_come_later():
    (call,) = read(delta(0, None, None, ""), delta(0, None, "weather", "{}"))
    assert (call.name, call.arguments) == ("weather", "{}")
    assert call.id.startswith("call_")


def test_only_the_first_piece_has_the_id_and_the_name():
    reader = CallReader()
    (first,) = reader.take([delta(0, "call_1", "weather", "{")])
    (second,) = reader.take([delta(0, "call_1", "weather", "}")])
    assert (first.id, first.name) == ("call_1", "weather")
    assert (second.id, second.name) == (None, None)
