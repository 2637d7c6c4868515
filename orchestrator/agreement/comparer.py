"""Says which answers are the same; asks algebra and an encoder where words cannot tell."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from orchestrator.agreement.grouping import Likeness, Pair, formula_pairs, representatives
from orchestrator.agreement.mathematics import Mathematics
from orchestrator.agreement.prose import worth_encoding
from routing.encoder import Encoder, Vectors

Questions = Sequence[Sequence[str]]  # the different answers to each
Alike = Mapping[str, str]  # answer -> the first of those that are the same
AT_ONCE = 2000  # characters that are grouped on the event loop; more go to a thread

T = TypeVar("T")


class Comparer(Protocol):
    """What the drivers ask when deliberations want answers compared."""

    async def alike(self, questions: Questions) -> list[Alike]:
        """For each question, in order, which of its answers are the same."""
        ...


class WordsOnly:
    """Asks nobody: answers are the same by what is written alone."""

    async def alike(self, questions: Questions) -> list[Alike]:
        return await _grouped(questions, [Likeness()] * len(questions))


class MeaningComparer:
    """Formulas by mathematics, prose by its meaning: one call of the encoder for all questions.

    What the words alone decide costs neither. The encoder is loaded, and the verifier started, by
    the first answers that need them; both work outside the event loop.
    """

    def __init__(self, encoder: Encoder, mathematics: Mathematics) -> None:
        self._encoder = encoder
        self._mathematics = mathematics

    async def alike(self, questions: Questions) -> list[Alike]:
        """What proves to be the same in one question says nothing of another: whose formulas are
        given up there would else be the same here."""
        equal = [await self._equal([answers]) for answers in questions]
        vectors = await self._vectors(questions)
        return await _grouped(questions, [Likeness(vectors, pairs) for pairs in equal])

    async def likeness(self, questions: Questions) -> Likeness:
        """What there is to find out about all these answers; `representatives` groups by it."""
        return Likeness(await self._vectors(questions), await self._equal(questions))

    async def _equal(self, questions: Questions) -> frozenset[Pair]:
        return await self._mathematics.equal(map(formula_pairs, questions))

    async def _vectors(self, questions: Questions) -> dict[str, Vectors]:
        texts = await _off_the_loop(lambda: _worth_encoding(questions), questions)
        if not texts:
            return {}
        return dict(zip(texts, await self._encoder.encode(texts), strict=True))


def _worth_encoding(questions: Questions) -> list[str]:
    return sorted({text for answers in questions for text in worth_encoding(answers)})


async def _grouped(questions: Questions, likenesses: Sequence[Likeness]) -> list[Alike]:
    return await _off_the_loop(lambda: [*map(representatives, questions, likenesses)], questions)


async def _off_the_loop(work: Callable[[], T], questions: Questions) -> T:
    """The work's result. Reading a batch of essays takes long enough to go to a thread."""
    size = sum(len(answer) for answers in questions for answer in answers)
    return work() if size <= AT_ONCE else await asyncio.to_thread(work)
