"""The turns of a conversation, checked together."""

from collections.abc import Sequence

from api.strict import problem
from api.turns import Turn

LONGEST_TEXT = 100_000  # characters over all messages


def check(turns: Sequence[Turn]) -> None:
    """Raises a complaint about the turn that is out of place."""
    if all(turn.role != "user" for turn in turns):
        raise problem("invalid_value", "has no message of role 'user'; ask something", "messages")
    _check_end(turns)
    _check_calls(turns)
    length = sum(turn.length for turn in turns)
    if length > LONGEST_TEXT:
        message = f"{length} characters of text; at most {LONGEST_TEXT} are taken"
        raise problem("string_above_max_length", message, "messages")


def _check_end(turns: Sequence[Turn]) -> None:
    at, last = f"messages.{len(turns) - 1}", turns[-1]
    if last.role not in ("user", "tool"):
        told = "the last message must be the user's question, or a tool's result"
        raise problem("invalid_value", told, f"{at}.role")
    if last.role == "user" and not last.text.strip():
        raise problem("invalid_value", "the question is empty; ask something", f"{at}.content")


def _check_calls(turns: Sequence[Turn]) -> None:
    """Each call has one result, before anybody else says anything."""
    waiting: list[str] = []
    calling = 0
    for place, turn in enumerate(turns):
        if turn.role == "tool":
            if turn.tool_call_id not in waiting:
                told = "answers no call of the assistant's message before it"
                raise problem("invalid_value", told, f"messages.{place}.tool_call_id")
            waiting.remove(turn.tool_call_id)
            continue
        if waiting:
            break
        calling, waiting = place, [call.id for call in turn.tool_calls]
    if waiting:
        told = f"a message of role 'tool' must follow with the result of {waiting[0]}"
        raise problem("invalid_value", told, f"messages.{calling}.tool_calls")
