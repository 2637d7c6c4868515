"""Reads files of recorded replies: JSON lines, plain or gzipped, one question a line.

`experts.recorded` answers from them, and evaluation replays them. What a line does not say is
unknown, never a guess; what it says wrongly is an error that names file, line and field. Fields
that mean nothing here are left alone: files come with notes of their own.
"""

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from experts.errors import RecordingError

_GZIP = b"\x1f\x8b"
_ANY = sys.float_info.max  # no bound, but infinity is out
_JSON_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """What one expert replied. Only `text` or `score` known: `answer` is unknown; nothing known:
    a reply was given, but no answer could be read from it."""

    answer: str | None = None
    score: float | None = None  # how right it was, 0..1
    cost_usd: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One question, and what each expert replied to it."""

    id: str  # the line's number where the file has none
    question: str
    replies: Mapping[str, RecordedReply]
    options: tuple[str, ...] = ()
    category: str | None = None
    gold: str | None = None
    split: str | None = None


def read(path: Path) -> Iterator[Recording]:
    """The file's recordings, one at a time. Raises `RecordingError`. Blocks: use a thread."""
    number = 0
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _recording(line, number)
    except _Complaint as complaint:
        raise RecordingError(f"{path}:{number}: {complaint}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        broken = f"{path}:{number + 1}: the gzip data is broken here: {error}; fetch the file again"
        raise RecordingError(broken) from error
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error


def write(path: Path, recordings: Iterable[Recording]) -> None:
    """Write recordings as `read` reads them, gzipped where the name ends in .gz."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as file:
        for recording in recordings:
            known = {key: value for key, value in asdict(recording).items() if value is not None}
            file.write(json.dumps(known, ensure_ascii=False) + "\n")


class _Complaint(Exception):  # noqa: N818 - becomes a RecordingError once the line is known
    """What is wrong with a line."""


def _opened(path: Path) -> io.BufferedIOBase:
    """By content, so that a file may be renamed or unpacked without another word."""
    file = path.open("rb")
    if not file.peek(2).startswith(_GZIP):
        return file
    file.close()
    return gzip.open(path, "rb")


def _recording(line: bytes, number: int) -> Recording:
    raw = _parsed(line)
    replies = raw.get("replies") or {}
    if not isinstance(replies, dict):
        raise _expected("replies", "an object: expert -> reply", replies)
    return Recording(
        id=_text(raw, "id") or str(number),
        question=_question(raw),
        replies={sys.intern(name): _reply(name, reply) for name, reply in replies.items()},
        options=_options(raw.get("options")),
        category=_text(raw, "category"),
        gold=_text(raw, "gold"),
        split=_text(raw, "split"),
    )


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(line)
    except json.JSONDecodeError as error:
        raise _Complaint(f"not valid JSON: {error.msg} at column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise _Complaint(f"not UTF-8 text: {error.reason} at byte {error.start + 1}") from None
    except RecursionError:
        raise _Complaint("not valid JSON: nested too deeply") from None
    if not isinstance(raw, dict):
        raise _Complaint(f"expected an object with 'question' and 'replies', found {_kind(raw)}")
    return raw


def _reply(name: str, raw: Any) -> RecordedReply:
    where = f"replies.{name}"
    if not isinstance(raw, dict):
        raise _expected(where, "an object with 'answer', 'score' or 'text'", raw)
    return RecordedReply(
        answer=_text(raw, "answer", where),
        score=_number(raw, "score", where, highest=1.0),
        cost_usd=_number(raw, "cost_usd", where),
        text=_text(raw, "text", where),
    )


def _question(raw: Mapping[str, Any]) -> str:
    question = _text(raw, "question")
    if not question or not question.strip():
        raise _expected("question", "the question's text", question)
    return question


def _options(raw: Any) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise _expected("options", "a list of strings or null", raw)
    if len(raw) > len(ascii_uppercase):
        raise _Complaint(f"options: expected at most one per letter, found {len(raw)}")
    for i, option in enumerate(raw):
        if not isinstance(option, str):
            raise _expected(f"options.{i}", "a string", option)
    return tuple(raw)


def _text(raw: Mapping[str, Any], key: str, where: str = "") -> str | None:
    value = raw.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _expected(f"{where}.{key}" if where else key, "a string or null", value)


def _number(raw: Mapping[str, Any], key: str, where: str, highest: float = _ANY) -> float | None:
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest:
        return float(value)
    span = "0 or more" if highest == _ANY else f"from 0 to {highest:g}"
    raise _expected(f"{where}.{key}", f"a number {span}, or null", value)


def _expected(where: str, what: str, found: Any) -> _Complaint:
    shown = f"{found!r:.40}" if isinstance(found, str | int | float) else _kind(found)
    return _Complaint(f"{where}: expected {what}, found {shown}")


def _kind(value: Any) -> str:
    return _JSON_NAMES[type(value)]
