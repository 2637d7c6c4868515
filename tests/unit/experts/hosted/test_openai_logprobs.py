import pytest

from experts.hosted.openai_logprobs import tokens_of
from experts.types import Token


def choice(*content):
    return {"logprobs": {"content": list(content)}}


def test_tokens_are_told_with_the_likeliest_in_their_place():
    other = {"token": "b", "logprob": -2, "bytes": None}
    told = {"token": "é", "logprob": -0.5, "bytes": [195, 169], "top_logprobs": [other]}
    assert tokens_of(choice(told)) == (Token("é", -0.5, "é".encode(), (Token("b", -2.0),)),)


@pytest.mark.parametrize(
    "given",
    [{}, {"logprobs": None}, {"logprobs": []}, choice("a"), choice({"token": "a"}), None],
    ids=str,
)
def test_what_is_no_token_is_left_out(given):
    assert tokens_of(given) == ()


@pytest.mark.parametrize("raw", [[300], "a", {}, [1.5], 7.5], ids=str)
def test_bytes_that_are_none_are_not_told(raw):
    (token,) = tokens_of(choice({"token": "a", "logprob": -1, "bytes": raw}))
    assert token.raw in (None, b"")
