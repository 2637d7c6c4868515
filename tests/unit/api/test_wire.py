import pytest

from api import wire


def test_an_event_is_one_line_whatever_the_text():
    assert wire.data({"a": "x\n\ny\u2028"}) == b'data: {"a":"x\\n\\ny\\u2028"}\n\n'


def test_a_comment_cannot_become_an_event():
    assert wire.comment("asking\n\ndata: {}") == b": asking data: {}\n\n"
    assert wire.comment("half \ud83d").startswith(b": half ")


def test_an_event_can_have_a_name():
    assert wire.event("error", {}) == b"event: error\ndata: {}\n\n"


def test_what_is_not_json_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        wire.dumps(float("nan"))
