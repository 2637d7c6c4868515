"""The file that `convene batch` writes: one result a line, and what an earlier run left of them."""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

from api.batches.line import Askable, Result
from api.cli.lines import STDIN, asked
from api.cli.progress import Advance

ASKED = "asked"  # the field of a result that names its line


def name(raw: bytes, model: str) -> str:
    """The same for lines that ask the same; two runs agree on it."""
    told = model.encode() + b"\n" + raw.strip()
    return hashlib.blake2b(told, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the lines before they are asked."""

    lines: int | None  # how many; None where only reading them would tell
    kept: Counter[str] = field(default_factory=Counter)  # results that are there, by line

    @property
    def mode(self) -> Literal["a", "w"]:
        """How the results are written: after those that are there, or over what is no result."""
        return "a" if self.kept else "w"


def before(source: Path, target: Path, model: str, *, fresh: bool) -> Before:
    """Leaves in `target` just the answers to lines of `source`, and says which. All of it is
    dropped where the lines are not known in advance, as of a pipe, or with `fresh`."""
    if source == STDIN or not source.is_file():
        return Before(None)
    there: set[str] = set()
    if target.is_file() and not fresh:
        with target.open("rb") as old:
            there = {answered for answered, _ in _answers(old)}
    lines, wanted = 0, Counter[str]()
    with source.open("rb") as file:
        for raw in file:
            lines += bool(raw.strip())
            if there and (asks := name(raw, model)) in there:
                wanted[asks] += 1
    return Before(lines, _carried_over(target.resolve(), wanted) if wanted else wanted)


def _carried_over(target: Path, wanted: Counter[str]) -> Counter[str]:
    kept: Counter[str] = Counter()
    part = target.with_name(f"{target.name}.part")
    with target.open("rb") as old, part.open("wb") as new:
        for answered, raw in _answers(old):
            if kept[answered] < wanted[answered]:
                kept[answered] += 1
                new.write(raw)
    part.replace(target)  # in one step: whatever ends this leaves one of the two
    return kept


def _answers(old: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """(name of its line, result) of all that are whole and no error: what failed is asked again."""
    for raw in old:
        try:
            told = json.loads(raw) if raw.endswith(b"\n") else None
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get(ASKED), str) and _good(told):
            yield told[ASKED], raw


def _good(told: dict[str, Any]) -> bool:
    response = told.get("response", {"status_code": 200})
    return told.get("error") is None and bool(response) and response.get("status_code") == 200


@dataclass(slots=True)
class Journal:
    """The results so far: each is a line of the file as soon as it is known."""

    out: TextIO
    model: str
    advance: Advance
    before: Before
    failed: int = 0
    done: int = 0
    _names: dict[int, str] = field(default_factory=dict)  # of lines that are being asked

    @property
    def kept(self) -> int:
        return self.before.kept.total()

    async def pending(
        self, lines: AsyncIterator[tuple[int, bytes]]
    ) -> AsyncGenerator[Askable, None]:
        """Lines without a result. Of several that ask the same each has its own."""
        had = Counter(self.before.kept)
        async for number, raw in lines:
            named = name(raw, self.model)
            if had[named]:
                had[named] -= 1
                continue
            self._names[number] = named
            yield asked(number, raw, self.model)

    async def record(self, line: Askable, result: Result) -> None:
        told = {**result.document, ASKED: self._names.pop(line.number)}
        self.out.write(json.dumps(told, ensure_ascii=False) + "\n")
        self.done += 1
        self.failed += result.failed
        self.advance("answering", self.kept + self.done, self.before.lines)
