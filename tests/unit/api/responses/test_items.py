from openai.types.responses import (
    ResponseFunctionToolCallItem,
    ResponseFunctionToolCallOutputItem,
    ResponseInputMessageItem,
    ResponseOutputMessage,
)

from api.responses.items import Called, Output, Said, document
from experts.types import ToolCall


def test_an_item_is_what_openais_library_takes_it_for():
    asked = ResponseInputMessageItem.model_validate(document(Said.new("user", "and", "why?")))
    said = ResponseOutputMessage.model_validate(document(Said.new("assistant", "so")))
    assert [part.text for part in asked.content] == ["and", "why?"]
    assert [part.text for part in said.content] == ["so"]
    assert (asked.status, said.status) == ("completed", "completed")


def test_a_call_and_its_output_are_what_openais_library_takes_them_for():
    call = document(Called.new(ToolCall("c1", "weather", "{}")), "incomplete")
    told = ResponseFunctionToolCallItem.model_validate(call)
    assert (told.call_id, told.name, told.arguments) == ("c1", "weather", "{}")
    assert (told.id[:3], told.status) == ("fc_", "incomplete")
    output = ResponseFunctionToolCallOutputItem.model_validate(document(Output.new("c1", "mild")))
    assert (output.call_id, output.output, output.status) == ("c1", "mild", "completed")


def test_the_parts_of_an_item_are_paragraphs():
    assert Said.new("user", "and", "why?").text == "and\nwhy?"


def test_what_experts_read_of_an_item_counts():
    call = Called.new(ToolCall("c1", "weather", "{}"))
    items = (call, Output.new("c1", "mild"), Said.new("user", "a", "b"))
    assert [item.length for item in items] == [len("weather{}"), len("mild"), len("a\nb")]
