"""What a reply answers: by its text, or by the tools that it calls."""

import json
from collections.abc import Callable, Iterable, Sequence

from experts.types import Answer, ToolCall
from orchestrator.answers.extraction import final_answer
from orchestrator.answers.structured import canonical


def reader(options: Sequence[str], as_json: bool) -> Callable[[Answer], str | None]:
    """Reads replies to a question with these options, or one whose replies are JSON."""

    def read(reply: Answer) -> str | None:
        if reply.calls:
            return called(reply.calls)
        return canonical(reply.text) if as_json else final_answer(reply.text, tuple(options))

    return read


def called(calls: Iterable[ToolCall]) -> str:
    """What is called, with what: the same however arguments are spelled, and in whatever order
    the calls come, as all of them are to be made."""
    return "; ".join(sorted(f"{call.name}({_spelled(call.arguments)})" for call in calls))


def _spelled(arguments: str) -> str:
    """One way to write them; what is no JSON is the same only if it is written the same."""
    return canonical(arguments or "{}") or json.dumps(arguments)
