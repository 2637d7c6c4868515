"""JSON of somebody else's, whose shape nothing is taken for granted of."""

from typing import Any


def at(value: Any, *keys: str) -> Any:
    """What the keys lead to; None where the JSON has another shape."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def members(value: Any) -> dict[str, Any]:
    """An object's members; none of anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list's items; none of anything else."""
    return value if isinstance(value, list) else []


def text_of(content: Any) -> str:
    """Content is a string, null, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    return "".join(text for part in items(content) if isinstance(text := at(part, "text"), str))
