"""The turns of a conversation, checked together."""

from collections.abc import Sequence
from typing import Protocol

from api.strict import problem

LONGEST_TEXT = 100_000  # characters over all messages


class Spoken(Protocol):
    """A message, in whatever form an API has it."""

    @property
    def role(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def length(self) -> int: ...


def check(turns: Sequence[Spoken], at: str = "messages") -> None:
    """Raises a complaint about the turn that is out of place; `at` is the body's key for them."""
    if all(turn.role != "user" for turn in turns):
        raise problem("invalid_value", "has no message of role 'user'; ask something", at)
    _check_end(turns, at)
    length = sum(turn.length for turn in turns)
    if length > LONGEST_TEXT:
        message = f"{length} characters of text; at most {LONGEST_TEXT} are taken"
        raise problem("string_above_max_length", message, at)


def _check_end(turns: Sequence[Spoken], at: str) -> None:
    at, last = f"{at}.{len(turns) - 1}", turns[-1]
    if last.role not in ("user", "tool"):
        told = "the last message must be the user's question, or a tool's result"
        raise problem("invalid_value", told, f"{at}.role")
    if last.role == "user" and not last.text.strip():
        raise problem("invalid_value", "the question is empty; ask something", f"{at}.content")
