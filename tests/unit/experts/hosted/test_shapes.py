import pytest

from experts.hosted.shapes import at, items, text_of


@pytest.mark.parametrize("value", [None, 3, "text", [], {"a": None}, {"a": [1]}])
def test_keys_that_lead_nowhere_give_nothing(value):
    assert at(value, "a", "b") is None


def test_what_is_no_list_has_no_items():
    assert (items([1]), items({"a": 1}), items(None), items("ab")) == ([1], [], [], [])


def test_text_is_joined_from_parts_that_have_some():
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, 3, {"text": "b"}]
    assert (text_of(parts), text_of("ab"), text_of(None)) == ("ab", "ab", "")
