from openai.types.responses import ResponseInputMessageItem, ResponseOutputMessage

from api.responses.items import Said, document


def test_an_item_is_what_openais_library_takes_it_for():
    asked = ResponseInputMessageItem.model_validate(document(Said.new("user", "and", "why?")))
    said = ResponseOutputMessage.model_validate(document(Said.new("assistant", "so")))
    assert [part.text for part in asked.content] == ["and", "why?"]
    assert [part.text for part in said.content] == ["so"]
    assert (asked.status, said.status) == ("completed", "completed")


def test_the_parts_of_an_item_are_paragraphs():
    assert Said.new("user", "and", "why?").text == "and\nwhy?"
