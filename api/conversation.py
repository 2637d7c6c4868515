"""The turns of a conversation, checked together."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from api.strict import problem
from experts.types import Message

LONGEST_TEXT = 100_000  # characters over all messages


class Spoken(Protocol):
    """A message, in whatever form an API has it."""

    @property
    def role(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def length(self) -> int: ...

    @property
    def calls_tools(self) -> bool: ...


def check(turns: Sequence[Spoken], at: str = "messages", *, asked: bool = False) -> None:
    """Raises a complaint about the turn that is out of place; `at` is the body's key for them.
    `asked`: somebody did before these turns."""
    length = 0
    for turn in turns:
        asked = asked or turn.role == "user"
        length += turn.length
    if not asked:
        raise problem("invalid_value", "has no message of role 'user'; ask something", at)
    _check_end(turns, at)
    if length > LONGEST_TEXT:
        message = f"{length} characters of text; at most {LONGEST_TEXT} are taken"
        raise problem("string_above_max_length", message, at)


def _check_end(turns: Sequence[Spoken], at: str) -> None:
    at, last = f"{at}.{len(turns) - 1}", turns[-1]
    if last.role not in ("user", "tool") and not last.calls_tools:  # which is told in `loose`
        told = "the last message must be the user's question, or a tool's result"
        raise problem("invalid_value", told, f"{at}.role")
    if last.role == "user" and not last.text.strip():
        raise problem("invalid_value", "the question is empty; ask something", f"{at}.content")


class Loose(NamedTuple):
    """A call without its result, or a result without its call."""

    place: int  # of its message
    id: str  # of the call
    is_result: bool


def loose(messages: Sequence[Message]) -> Loose | None:
    """The first, if any: each call must have one result, before anybody else says anything."""
    waiting: list[str] = []
    calling = 0
    for place, message in enumerate(messages):
        if message.answers is not None:
            if message.answers not in waiting:
                return Loose(place, message.answers, is_result=True)
            waiting.remove(message.answers)
            continue
        if waiting:
            break
        calling, waiting = place, [call.id for call in message.calls]
    return Loose(calling, waiting[0], is_result=False) if waiting else None
