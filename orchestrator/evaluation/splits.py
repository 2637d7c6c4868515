"""Which questions are learned from, and which are reported on."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from experts.recordings import Recording
from orchestrator.errors import OrchestratorError
from orchestrator.grading import score_of

TEST = "test"
EACH = "each"  # hold out every category in turn


class NothingToEvaluate(OrchestratorError):  # noqa: N818 - named for the state it reports
    """The files hold no question to report on, none to learn from, or none that can be graded."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Questions to learn from, and questions to report on."""

    evidence: tuple[Recording, ...]
    test: tuple[Recording, ...]
    skipped: int
    held_out: tuple[str, ...] = ()  # categories to report on without learning from them
    folds: tuple["Splits", ...] = ()  # where every question is reported on, learned from others

    @classmethod
    def of(
        cls,
        recordings: Iterable[Recording],
        evidence: Sequence[str],
        held_out: Sequence[str] = (),
    ) -> "Splits":
        """Raises `NothingToEvaluate`. A question that cannot be graded is left out; without names
        of splits nothing is learned."""
        if TEST in evidence:
            raise NothingToEvaluate(
                f"split {TEST!r} is what is reported on, so nothing may be learned from it; "
                "name another split as evidence"
            )
        listed = list(recordings)
        gradable = [r for r in listed if any(score_of(r, e) is not None for e in r.replies)]
        test = tuple(r for r in gradable if r.split == TEST)
        known = tuple(r for r in gradable if r.split in evidence)
        if not test:
            raise NothingToEvaluate(
                f"no question has split {TEST!r} with a 'gold' answer or a 'score'; "
                f"splits in the files: {_found(listed)}"
            )
        for name in evidence:
            if not any(r.split == name for r in known):
                raise NothingToEvaluate(
                    f"no question has split {name!r} with a 'gold' answer or a 'score' to learn "
                    f"from; splits in the files: {_found(listed)}"
                )
        return cls(known, test, len(listed) - len(gradable), tuple(held_out))

    @classmethod
    def crossed(
        cls, recordings: Iterable[Recording], folds: int, learn: int | None = None, seed: int = 0
    ) -> "Splits":
        """Every gradable question reported on once, whatever its split: in `folds` parts, each
        learned from `learn` questions of the others, drawn by the seed, or from all of them.
        Raises `NothingToEvaluate`."""
        listed = list(recordings)
        gradable = [r for r in listed if any(score_of(r, e) is not None for e in r.replies)]
        if not 2 <= folds <= len(gradable):
            raise NothingToEvaluate(
                f"{folds} folds need as many questions that can be graded, and at least 2; "
                f"the files hold {len(gradable)}"
            )
        random.Random(seed).shuffle(gradable)
        parts = []
        for fold in range(folds):
            tested = gradable[fold::folds]
            asked = {(r.question, r.options) for r in tested}  # a question may be there twice
            others = [r for r in gradable if (r.question, r.options) not in asked]
            if learn is not None:  # drawn anew, or all folds would learn the same
                others = random.Random(f"{seed} {fold}").sample(others, min(learn, len(others)))
            parts.append(cls(tuple(others), tuple(tested), 0))
        test = tuple(recording for part in parts for recording in part.test)
        return cls(test, test, len(listed) - len(gradable), folds=tuple(parts))

    @property
    def parts(self) -> "list[Splits]":
        """What is evaluated one after the other and reported as one. Raises
        `NothingToEvaluate`."""
        return list(self.folds) or self._apart()

    @property
    def experts(self) -> list[str]:
        """Everyone who replied to any of these questions, by name."""
        return sorted({name for r in (*self.evidence, *self.test) for name in r.replies})

    @property
    def overlap(self) -> int:
        """How many reported questions are also learned from, word for word."""
        if self.folds:
            return sum(part.overlap for part in self.folds)
        known = {(r.question, r.options) for r in self.evidence}
        return sum((r.question, r.options) in known for r in self.test)

    def _apart(self) -> "list[Splits]":
        """One pair of splits for each category held out: reported on, and not learned from.
        `each` stands for every category; no name, for these splits as they are."""
        hold_out = self.held_out
        if not hold_out:
            return [self]
        found = sorted({str(r.category) for r in self.test})
        unknown = [name for name in hold_out if name not in (EACH, *found)]
        if unknown:
            raise NothingToEvaluate(
                f"no reported question has category {unknown[0]!r}; "
                f"use {EACH} or one of {', '.join(found)}"
            )
        wanted = found if EACH in hold_out else [name for name in found if name in hold_out]
        return [self._without(category) for category in wanted]

    def _without(self, category: str) -> "Splits":
        evidence = tuple(r for r in self.evidence if str(r.category) != category)
        test = tuple(r for r in self.test if str(r.category) == category)
        return Splits(evidence, test, self.skipped)


def restricted(recordings: Iterable[Recording], patterns: Sequence[str]) -> list[Recording]:
    """The recordings with the replies of these experts alone, named or matched (`*-8B-*`). Raises
    `NothingToEvaluate` for a name that nobody has."""
    listed = list(recordings)
    found = sorted({name for r in listed for name in r.replies})
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in found):
            raise NothingToEvaluate(
                f"no expert is named {pattern!r}; the files have {', '.join(found) or 'none'}"
            )
    kept = {name for name in found if any(fnmatchcase(name, p) for p in patterns)}
    return [
        replace(r, replies={name: reply for name, reply in r.replies.items() if name in kept})
        for r in listed
    ]


def _found(recordings: Sequence[Recording]) -> str:
    counts = Counter(str(r.split) for r in recordings)
    return ", ".join(sorted(counts)) or "no questions at all"
