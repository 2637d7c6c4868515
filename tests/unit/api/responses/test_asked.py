import pytest
from pydantic import TypeAdapter, ValidationError

from api.responses.asked import Asked
from experts.types import ToolCall

ASKED = TypeAdapter(Asked)
CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "mild"}


def test_a_call_that_is_echoed_is_taken_with_what_clients_add_to_it():
    added = {"id": "fc_1", "status": "completed", "parsed_arguments": {}, "caller": None}
    item = ASKED.validate_python({**CALL, **added}).item
    assert item.call == ToolCall("c1", "weather", "{}")
    assert item.id.startswith("fc_")
    assert item.id != "fc_1"


def test_an_output_is_a_text_or_parts_and_may_be_empty():
    parts = [{"type": "input_text", "text": "mild"}, {"type": "input_text", "text": "dry"}]
    for output, text in (("mild", "mild"), ("", ""), (parts, "mild\ndry")):
        item = ASKED.validate_python({**OUTPUT, "output": output, "id": None}).item
        assert (item.call_id, item.text) == ("c1", text)


WRONG = {
    "a call without arguments": ({**CALL, "arguments": None}, "arguments"),
    "a call without an id": ({**CALL, "call_id": ""}, "call_id"),
    "an output of nothing": ({**OUTPUT, "output": None}, "output"),
    "an output of no call": ({"type": "function_call_output", "output": ""}, "call_id"),
    "an image": (
        {**OUTPUT, "output": [{"type": "input_image", "image_url": "x"}]},
        "output.<list>.0.type",
    ),
    "half an emoji": ({**OUTPUT, "output": "\ud83d"}, "output"),
    "another item": ({"type": "reasoning", "summary": []}, "type"),
}


@pytest.mark.parametrize(("item", "at"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_an_item_is_named(item, at):
    with pytest.raises(ValidationError) as wrong:
        ASKED.validate_python(item)
    assert ".".join(map(str, wrong.value.errors()[0]["loc"][1:])).startswith(at)
