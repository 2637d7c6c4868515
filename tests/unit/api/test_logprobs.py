from api.logprobs import logprobs
from experts.types import Token


def test_tokens_are_told_as_openai_tells_them():
    token = Token("é", -0.5, "é".encode(), (Token("\ufffd", -2.0),))
    assert logprobs([token]) == {
        "content": [
            {
                "token": "é",
                "logprob": -0.5,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "\ufffd", "logprob": -2.0, "bytes": None}],
            }
        ],
        "refusal": None,
    }


def test_where_nothing_is_known_nothing_is_told():
    assert logprobs(()) is None
