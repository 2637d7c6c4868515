from dataclasses import dataclass, field

import pytest

from experts.engines.likelihoods import tokens
from experts.types import Token


@dataclass
class Told:
    """As vLLM tells of one token."""

    logprob: float
    rank: int
    decoded_token: str


@dataclass
class Output:
    """As much of a piece of vLLM's output as is read."""

    token_ids: list = field(default_factory=lambda: [7, 2])
    logprobs: list = field(
        default_factory=lambda: [
            {7: Told(-3.0, 3, "é"), 1: Told(-0.2, 1, "a"), 4: Told(-1.0, 2, "\ufffd")},
            {2: Told(0.0, 1, "")},
        ]
    )
    finish_reason: str | None = None
    stop_reason: str | None = None


def test_a_token_stands_with_the_likeliest_in_its_place_best_first():
    first, _ = tokens(Output(), 2)
    top = (Token("a", -0.2, b"a"), Token("\ufffd", -1.0))
    assert first == Token("é", -3.0, "é".encode(), top)


def test_the_token_that_was_drawn_is_not_among_the_likeliest_unless_it_is_one():
    assert [token.top for token in tokens(Output(), 0)] == [(), ()]


@pytest.mark.parametrize(
    ("finish", "stop", "count"),
    [("stop", None, 1), ("stop", "END", 2), ("length", None, 2), (None, None, 2)],
    ids=["the model ends it", "a stop word ends it", "its length ends it", "it goes on"],
)
def test_a_token_that_is_only_the_end_is_left_out(finish, stop, count):
    assert len(tokens(Output(finish_reason=finish, stop_reason=stop), 1)) == count
