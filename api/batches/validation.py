"""Whether a file can be a batch: every line a request, every custom_id its own."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from api.batches.batch import MOST_PROBLEMS, Problem
from api.batches.line import read

MOST_LINES = 50_000
LONGEST_LINE = 2**20  # bytes, as long as a request by itself may be


@dataclass(slots=True)
class Check:
    """What was found so far. Of a custom_id only a digest is held."""

    most: int = MOST_LINES
    total: int = 0
    problems: list[Problem] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    def look(self, number: int, raw: bytes) -> None:
        self.total += 1
        line = read(number, raw)
        if isinstance(line, Problem):
            self._found(line)
            return
        digest = hashlib.blake2b(line.custom_id.encode("utf-8", "surrogatepass"), digest_size=16)
        if digest.digest() in self._seen:
            message = "The custom_id for this request is a duplicate of another request's."
            self._found(Problem("duplicate_custom_id", message, number, "custom_id"))
        self._seen.add(digest.digest())

    @property
    def enough(self) -> bool:
        """Whether reading on would tell nothing more."""
        return len(self.problems) >= MOST_PROBLEMS or self.total > self.most

    def end(self) -> tuple[Problem, ...]:
        """All problems of a file that was read as far as it is worth."""
        if self.total == 0:
            return (Problem("empty_file", "The file has no line; send at least one request."),)
        if self.total > self.most:
            message = f"The file has more than {self.most} lines; split it."
            return (Problem("too_many_lines", message), *self.problems)
        return tuple(self.problems)

    def _found(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


async def checked(lines: AsyncIterator[tuple[int, bytes]], most: int = MOST_LINES) -> Check:
    """Reads the lines to their end, or until it is clear that they will not do."""
    check = Check(most)
    async for number, raw in lines:
        check.look(number, raw)
        if check.enough:
            break
    return check
