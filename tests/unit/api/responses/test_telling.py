from api.responses.items import Called, Said
from api.responses.telling import begun, done, going_on
from experts.types import ToolCall
from tests.responses import EVENT

SAID = Said("msg_1", "assistant", ("so",))
CALLED = Called("fc_1", ToolCall("c1", "weather", "{}"))


def read(*events):
    """Each as OpenAI's library takes it."""
    return [
        EVENT.validate_python({"type": kind, "sequence_number": 0, **fields})
        for kind, fields in events
    ]


def test_a_message_begins_with_its_part_and_ends_with_it():
    added, part = read(*begun(Said("msg_1", "assistant", ()), 2))
    assert (added.output_index, added.item.status, added.item.content) == (2, "in_progress", [])
    assert (part.item_id, part.content_index, part.part.text) == ("msg_1", 0, "")
    (delta,) = read(going_on(SAID, 2, "s"))
    assert (delta.type, delta.delta) == ("response.output_text.delta", "s")
    text, part, item = read(*done(SAID, 2, "incomplete"))
    assert text.text == part.part.text == item.item.content[0].text == "so"
    assert item.item.status == "incomplete"


def test_a_call_has_its_arguments_in_place_of_parts():
    (added,) = read(*begun(CALLED, 1))
    assert (added.item.type, added.item.call_id, added.item.name) == (
        "function_call",
        "c1",
        "weather",
    )
    (delta,) = read(going_on(CALLED, 1, "{"))
    assert (delta.type, delta.item_id) == ("response.function_call_arguments.delta", "fc_1")
    arguments, item = read(*done(CALLED, 1, "completed"))
    assert (arguments.name, arguments.arguments) == ("weather", "{}")
    assert (item.item.arguments, item.item.status) == ("{}", "completed")
