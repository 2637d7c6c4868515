"""Experts that answer from a file of recorded replies, at no cost and always the same."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis

from experts.base import Expert
from experts.cards import Cluster, RecordedCard
from experts.errors import RegistryError, error_of
from experts.prompts import question_text
from experts.recordings import RecordedReply, Recording, read
from experts.replying import chunks
from experts.types import Answer, Cause, Chunk, Failure, Prompt, Reply, Usage


@dataclass(frozen=True, slots=True)
class Shelf:
    """A file's recordings by question, shared by the experts that answer from it.

    A question recorded twice keeps its first recording. One with options is also found without
    them, unless the file has it with several sets of options.
    """

    file: Path
    asked: dict[str, Recording] = field(default_factory=dict)  # as `question_text` has it
    bare: dict[str, Recording | None] = field(default_factory=dict)  # None: ambiguous
    names: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, file: Path) -> "Shelf":
        """Blocks; raises `RecordingError`."""
        shelf = cls(file)
        for recording in read(file):
            shelf._add(recording)
        return shelf

    def _add(self, recording: Recording) -> None:
        self.names.update(recording.replies)
        text = question_text(recording.question, recording.options).strip()
        self.asked.setdefault(text, recording)
        bare = recording.question.strip()
        known = self.bare.setdefault(bare, recording)
        if known is not None and known.options != recording.options:
            self.bare[bare] = None

    def find(self, text: str) -> Recording | str:
        """The recording of a question, or why there is none."""
        text = text.strip()
        if recording := self.asked.get(text) or self.bare.get(text):
            return recording
        if text in self.bare:
            return f"{self.file.name} has this question with several sets of options; add them"
        return f"this question is not in {self.file.name}"


class RecordedExpert:
    """What one expert of a file replied, to the questions of that file."""

    def __init__(self, name: str, shelf: Shelf, recorded_as: str | None = None) -> None:
        self.name = name
        self._shelf = shelf
        self._recorded_as = recorded_as or name
        if self._recorded_as not in shelf.names:
            known = ", ".join(sorted(shelf.names)) or "nobody: the file is empty"
            raise RegistryError(
                f"experts.{name}: {shelf.file} has no replies of {self._recorded_as!r}; "
                f"set 'recorded_as' to a name it has: {known}"
            )

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        return [self._reply(prompt) for prompt in prompts]

    async def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        reply = self._reply(prompt)
        if isinstance(reply, Failure):
            raise error_of(reply)
        for chunk in chunks(reply):
            yield [chunk]

    def _reply(self, prompt: Prompt) -> Reply:
        found = self._shelf.find(prompt.text)
        if isinstance(found, str):
            return Failure(self.name, Cause.REJECTED, found)
        reply = found.replies.get(self._recorded_as)
        if reply is None:
            missing = (
                f"{self._shelf.file.name} has no reply of {self._recorded_as} to this question"
            )
            return Failure(self.name, Cause.REJECTED, missing)
        text = _text(reply)
        if text is None:
            return Failure(self.name, Cause.EMPTY, _why_empty(reply))
        return Answer(self.name, text, Usage(cost_usd=reply.cost_usd))


def _text(reply: RecordedReply) -> str | None:
    if reply.text and reply.text.strip():
        return reply.text
    return f"The answer is {reply.answer}." if reply.answer else None


def _why_empty(reply: RecordedReply) -> str:
    if reply.score is not None and reply.text is None:
        return "the file holds only scores for this expert, no answers"
    return "the recorded reply has no answer that could be read"


@asynccontextmanager
async def opened(
    cards: Mapping[str, RecordedCard], cluster: Cluster, redis: Redis | None = None
) -> AsyncIterator[dict[str, Expert]]:
    """Each file is read once, in a thread, however many experts answer from it."""
    files = sorted({card.file for card in cards.values()})
    shelves = {file: await asyncio.to_thread(Shelf.of, file) for file in files}
    yield {
        name: RecordedExpert(name, shelves[card.file], card.recorded_as)
        for name, card in cards.items()
    }
