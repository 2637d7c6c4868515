"""Feedback on an answered request: what is kept of it, and whom a judgement credits.

No text is kept. An expert's answer is kept as marks: keyed hashes of the forms in which equal
answers are equal strings. The request's id is the key, and whoever keeps the marks has no id.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from experts.types import Answer
from orchestrator.agreement import forms
from orchestrator.answers import final_answer
from orchestrator.answers.structured import canonical
from orchestrator.types import Given, Request, Verdict
from routing.learned import ANY_SKILL

MARK = 12  # bytes of a hash


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a user says of an answer: how good it was, 0..1, or what would have been right. With a
    score `expert` may say whose answer it is about, in place of the verdict's author."""

    score: float | None = None
    answer: str | None = None
    expert: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Experts whose answers were counted as one, and the marks of how they put it; none where no
    answer could be read."""

    experts: tuple[str, ...]
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """All that crediting takes. Skills weigh at most 1 together; the rest is unknown."""

    skills: tuple[tuple[str, float], ...]
    groups: tuple[Group, ...]  # the verdict's first, which nobody need be in
    author: str
    json: bool = False  # whether answers are JSON
    choices: int = 0  # answers to choose from, by letter; 0: an open question

    @classmethod
    def of(cls, request: Request, verdicts: Iterable[Verdict], id: str) -> "Asked":
        """Of a request's verdict, or of its samples' verdicts together."""
        listed = tuple(verdicts)
        first = listed[0]
        said: dict[str, list[Given]] = {}  # by the answer counted
        silent: list[str] = []
        for verdict in listed:
            for given in verdict.given:
                said.setdefault(given.counted, []).append(given)
            read = {given.expert for given in verdict.given}
            replied = (reply.expert for reply in verdict.replies if isinstance(reply, Answer))
            silent += [expert for expert in replied if expert not in read]
        own = next((g.counted for g in first.given if first.answer in (g.answer, g.counted)), None)
        groups = [Group(())] if own is None else []
        for counted in sorted(said, key=lambda answer: answer != own):
            answers = {counted, *(given.answer for given in said[counted])}
            experts = tuple(given.expert for given in said[counted])
            groups.append(Group(experts, marks(answers, id)))
        if silent:
            groups.append(Group(tuple(silent)))
        return cls(
            first.route.skills,
            tuple(groups),
            first.author,
            request.prompt.sampling.format is not None,
            len(request.options),
        )

    @property
    def experts(self) -> frozenset[str]:
        """Everybody who replied."""
        return frozenset(expert for group in self.groups for expert in group.experts)

    def credited(self, judgement: Judgement, id: str) -> dict[str, float]:
        """How right whom was, 0..1. A right answer judges all who replied; a score the one it is
        about and those who said the same. Nobody where nobody is known to be concerned."""
        if judgement.answer is not None:
            found = marks([self._read(judgement.answer) or ""], id)
            known = any(group.marks for group in self.groups)
            right = [float(bool(group.marks & found)) for group in self.groups]
            return self._averaged(right) if known else {}
        assert judgement.score is not None, "whoever judges says one of both"
        return dict.fromkeys(self._concerned(judgement.expert), judgement.score)

    def _concerned(self, expert: str | None) -> list[str]:
        """Who said what this expert did; None: what the verdict says."""
        said = self.groups[:1] if expert is None else self.groups
        alike = [g for g in said if g.marks and (expert is None or expert in g.experts)]
        if alike:
            return [name for group in alike for name in group.experts]
        alone = expert or self.author
        return [alone] if alone in self.experts else []

    def _averaged(self, scores: list[float]) -> dict[str, float]:
        """By expert; one that was asked more than once is as right as its replies on average."""
        every: dict[str, list[float]] = {}
        for group, score in zip(self.groups, scores, strict=True):
            for expert in group.experts:
                every.setdefault(expert, []).append(score)
        return {expert: sum(each) / len(each) for expert, each in every.items()}

    def _read(self, answer: str) -> str | None:
        return canonical(answer) if self.json else final_answer(answer, ("",) * self.choices)

    def shares(self) -> dict[str, float]:
        """The skills that an outcome counts for, adding up to 1."""
        known = {skill: weight for skill, weight in self.skills if weight > 0}
        rest = 1 - sum(known.values())
        return known | ({ANY_SKILL: rest} if rest > 1e-6 else {})


def marks(answers: Iterable[str], id: str) -> frozenset[str]:
    """What answers are recognised by, however they are put; none for no answer."""
    key = hashlib.blake2b(id.encode(), digest_size=32).digest()
    keyed = hashlib.blake2b(digest_size=MARK, key=key)
    found = set()
    for form in {form for answer in answers if answer for form in forms(answer)}:
        hashed = keyed.copy()
        hashed.update(form.encode("utf-8", "surrogatepass"))
        found.add(hashed.hexdigest())
    return frozenset(found)


def name(id: str) -> str:
    """What a request is kept under. Who reads it learns no id, and so no answer."""
    return hashlib.sha256(b"feedback\0" + id.encode()).hexdigest()[:32]


def packed(asked: Asked) -> str:
    """As it is kept."""
    groups = [[list(group.experts), sorted(group.marks)] for group in asked.groups]
    skills = [[skill, round(float(weight), 6)] for skill, weight in asked.skills]
    kept = [skills, groups, asked.author, asked.json, asked.choices]
    return orjson.dumps(kept).decode()


def unpacked(text: str) -> Asked:
    skills, groups, author, shaped, choices = orjson.loads(text)
    return Asked(
        tuple((skill, weight) for skill, weight in skills),
        tuple(Group(tuple(experts), frozenset(found)) for experts, found in groups),
        author,
        shaped,
        choices,
    )
