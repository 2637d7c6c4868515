from api import wire


def test_an_event_is_one_line_whatever_the_text():
    assert wire.data({"a": "x\n\ny\u2028"}) == b'data: {"a":"x\\n\\ny\\u2028"}\n\n'


def test_a_comment_cannot_become_an_event():
    assert wire.comment("asking\n\ndata: {}") == b": asking data: {}\n\n"
    assert wire.comment("half \ud83d").startswith(b": half ")


def test_an_event_can_have_a_name():
    assert wire.event("error", {}) == b"event: error\ndata: {}\n\n"


def test_text_beyond_ascii_is_escaped_and_half_an_emoji_survives():
    assert wire.dumps(["\u00e9", "\ud83d"]) == b'["\\u00e9","\\ud83d"]'


def test_a_number_that_json_has_not_is_null():
    assert wire.dumps(float("nan")) == b"null"
