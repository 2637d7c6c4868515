"""The skills of a question as an LLM names them, in the manner of Symbolic-MoE.

The tagger is asked several times; a keyword named more than once is kept (self-consistency),
and each kept keyword stands for the nearest skill that evidence knows.
Source: Chen et al. 2025, "Symbolic Mixture-of-Experts", and its published code.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from experts.base import Expert
from experts.prompts import tagging
from experts.types import Answer, Prompt, Sampling
from routing.encoder import Encoder, Vectors
from routing.types import Needs, Question, Skills

SAMPLES = 5  # calls to the LLM about one question
LONGEST = 20  # characters of a keyword; longer ones are sentences, not skills
SPLIT = re.compile(r"[,;\n]+")


class LlmTagger:
    """Asks an LLM for keywords, then maps them onto known skills by embedding."""

    def __init__(
        self,
        expert: Expert,
        encoder: Encoder,
        known: Sequence[str],
        *,
        samples: int = SAMPLES,
        temperature: float = 0.7,
        threshold: float = -1.0,
    ) -> None:
        self._expert = expert
        self._encoder = encoder
        self._known = tuple(known)
        self._samples = samples
        self._temperature = temperature
        self._threshold = threshold  # cosine under which a keyword maps nowhere; the paper has none
        self._known_vectors: Vectors | None = None
        self._loading = asyncio.Lock()

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        if not questions or not self._known:
            return [Needs({}) for _ in questions]
        prompts = [
            replace(
                Prompt.of(
                    tagging(question.text), Sampling(temperature=self._temperature, seed=seed)
                ),
                salt=question.salt,
            )
            for question in questions
            for seed in range(self._samples)
        ]
        replies = await self._expert.ask(prompts)
        texts = [reply.text if isinstance(reply, Answer) else "" for reply in replies]
        rounds = [texts[i : i + self._samples] for i in range(0, len(texts), self._samples)]
        return [Needs(await self._mapped(agreed_keywords(samples))) for samples in rounds]

    async def _mapped(self, keywords: Sequence[str]) -> Skills:
        if not keywords:
            return {}
        async with self._loading:
            if self._known_vectors is None:
                self._known_vectors = await self._encoder.encode(self._known)
        cosines = (await self._encoder.encode(keywords)) @ self._known_vectors.T
        nearest = [
            self._known[int(row.argmax())] for row in cosines if row.max() >= self._threshold
        ]
        counts = Counter(nearest)  # two keywords on one skill count twice, as in the paper
        return {skill: n / len(nearest) for skill, n in counts.most_common()}


def agreed_keywords(samples: Sequence[str]) -> list[str]:
    """Keywords named in more than one sample, most named first; all of them for one sample."""
    counts = Counter(word for sample in samples for word in dict.fromkeys(_keywords(sample)))
    needed = min(2, len(samples))
    return [word for word, count in counts.most_common() if count >= needed]


def _keywords(sample: str) -> list[str]:
    listed = sample.rpartition("Keywords:")[2]
    words = (word.strip(" .*-\"'\t").lower() for word in SPLIT.split(listed))
    return [word for word in words if word and len(word) <= LONGEST]
