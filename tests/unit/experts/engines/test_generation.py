from experts.engines.generation import Piece, merged
from experts.types import Token

A, B = Token("a", -0.1), Token("b", -0.2)


def test_merged_pieces_are_one_that_stands_where_the_last_stood():
    pieces = [Piece("a", 5, 1), Piece("b", 5, 3), Piece("", 5, 4, "stop", 2.0)]
    assert merged(pieces) == Piece("ab", 5, 4, "stop", 2.0)


def test_merged_pieces_tell_the_tokens_of_all():
    pieces = [Piece("a", 5, 1, logprobs=(A,)), Piece("b", 5, 2, "stop", logprobs=(B,))]
    assert merged(pieces).logprobs == (A, B)
