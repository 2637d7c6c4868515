"""Tracebacks without what exceptions say: where and what kind, never a value.

An exception's message may quote whatever was being worked on, a question or a key among it.
"""

import traceback

LEFT_OUT = "(what it says is left out; --log-content shows it)"
DEEPEST = 10  # causes of causes, and groups in groups


def outline(error: BaseException, depth: int = 0) -> str:
    """The traceback of an exception, of what caused it and of what it groups."""
    if depth >= DEEPEST:
        return "..."
    parts = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        parts += [outline(before, depth + 1), "which led to:"]
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    parts += ["Traceback (most recent call last):", *([frames] if frames else [])]
    parts.append(f"{kind} {LEFT_OUT}")
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            parts += ["which groups:", outline(inner, depth + 1)]
    return "\n".join(parts)
