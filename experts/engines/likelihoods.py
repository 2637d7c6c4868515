"""How likely an engine's tokens were."""

from collections.abc import Iterable
from typing import Any

from experts.types import Token

BROKEN = "\ufffd"  # in the place of a token that is part of a character


def tokens(reply: Any, likeliest: int) -> tuple[Token, ...]:
    """Those of a piece of vLLM's output, each with so many of the likeliest in its place. The token
    that ends a reply is no part of its text and left out."""
    told = [
        _token(known[drawn], _best(known.values(), likeliest))
        for drawn, known in zip(reply.token_ids, reply.logprobs, strict=True)
    ]
    ends = reply.finish_reason == "stop" and not isinstance(reply.stop_reason, str)
    return tuple(told[:-1] if ends else told)


def _best(known: Iterable[Any], likeliest: int) -> tuple[Token, ...]:
    """Without the token that was drawn where it is none of them: vLLM tells it as well."""
    best = sorted(known, key=lambda each: each.rank)[:likeliest]
    return tuple(_token(each) for each in best)


def _token(told: Any, top: tuple[Token, ...] = ()) -> Token:
    text = told.decoded_token or ""
    return Token(text, told.logprob, None if BROKEN in text else text.encode(), top)
