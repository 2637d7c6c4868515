"""Routing by a word list, to compare with: no evidence, no embedding, weights that somebody wrote.

It stands where a `Router` stands, so whatever evaluates one evaluates the other.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial

from routing.recruiting import DRAWS, dice_for
from routing.router import Recruiting
from routing.types import NO_NEEDS, UNKNOWN, Candidate, Needs, Question, Ranking, Route, Term

WORDS = re.compile(r"\w+")


class LexiconRouter:
    """Each listed term that a question contains adds its weights to experts."""

    def __init__(
        self,
        experts: Sequence[str],
        terms: Mapping[str, Mapping[str, float]],
        default: str,
        seed: int = 0,
    ) -> None:
        """`terms` are words or phrases, in any case: term -> expert -> weight. The default answers
        where none of them is in the question."""
        self._experts = tuple(sorted(experts))
        self._terms = {_words(term): weights for term, weights in terms.items()}
        self._default = default
        self._seed = seed

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        return [NO_NEEDS] * len(questions)

    async def route(self, question: Question, recruiting: Recruiting) -> Route:
        return self.recruit(question, NO_NEEDS, recruiting)

    def recruit(self, question: Question, _: Needs, recruiting: Recruiting) -> Route:
        """The panel by the words of the question. Experts that no word speaks for are no
        candidates. Pure: same in, same out."""
        ranking = Ranking.of(self._candidates(question.text))
        dice = partial(dice_for, question.text, self._seed)
        notes: tuple[str, ...] = ()
        panel = DRAWS[recruiting.draw](ranking, recruiting.size, dice)
        if not panel:
            panel = (self._default,)
            notes = (f"no listed term in the question: the default {self._default} answers",)
        return Route(recruiting.policy, (), panel, ranking, notes)

    def recruit_all(
        self, questions: Sequence[Question], needs: Sequence[Needs], recruiting: Recruiting
    ) -> list[Route]:
        return [
            self.recruit(question, own, recruiting)
            for question, own in zip(questions, needs, strict=True)
        ]

    def _candidates(self, text: str) -> list[Candidate]:
        said = f" {_words(text)} "
        found: dict[str, list[Term]] = {}
        for term, weights in self._terms.items():
            if f" {term} " in said:
                for expert, weight in weights.items():
                    found.setdefault(expert, []).append(Term(f"says {term!r}", weight))
        return [
            Candidate(expert, UNKNOWN, sum(term.value for term in terms), tuple(terms))
            for expert, terms in found.items()
            if expert in self._experts
        ]


def _words(text: str) -> str:
    return " ".join(WORDS.findall(text.casefold()))
