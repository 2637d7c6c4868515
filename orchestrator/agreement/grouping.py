"""Groups the answers to one question: same phrase, same mathematics, same meaning.

A missed group costs some votes, a false one gives a wrong answer votes it never had. So every
rule here rather misses. Groups depend on the set of answers, never on their order.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, product

from orchestrator.agreement import formulas, phrases, prose
from routing.encoder import Vectors

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was found out about some answers, of one question or of many."""

    vectors: Mapping[str, Vectors] = field(
        default_factory=dict
    )  # text -> unit vector, (dimension,)
    equal: frozenset[Pair] = frozenset()  # pairs of formulas that are the same mathematics


def representatives(answers: Iterable[str], likeness: Likeness) -> dict[str, str]:
    """For every answer the first of those that are the same answer."""
    found = list(dict.fromkeys(answers))
    groups = _Groups(found)
    groups.join_by(phrases.key)
    groups.join_by(_value_of)
    for bare, dressed in phrases.completions(found):
        groups.join(bare, dressed)
    for one, other in combinations(found, 2):
        if formulas.rounded(one, other) or frozenset((one, other)) in likeness.equal:
            groups.join(one, other)
    for cluster in prose.clusters(found, likeness.vectors):
        for text in cluster[1:]:
            groups.join(cluster[0], text)
    return groups.firsts()


def same(one: str, other: str) -> bool:
    """Whether two answers are the same phrase or number. Stricter than grouping: whoever marks
    an answer does not guess what it leaves out."""
    return (
        phrases.key(one) == phrases.key(other)
        or _value_of(one) == _value_of(other)
        or formulas.rounded(one, other)
    )


def forms(answer: str) -> tuple[str, ...]:
    """What an answer is known by: equal in any of these, two answers are the same phrase or number.
    `same`, but for rounding, where only one of both is at hand."""
    exact = formulas.value(answer)
    return (f"phrase {phrases.key(answer)}", *([] if exact is None else [f"value {exact}"]))


def formula_pairs(answers: Sequence[str]) -> list[Pair]:
    """The pairs that mathematics may find equal though nothing here does."""
    written = [answer for answer in dict.fromkeys(answers) if formulas.is_formula(answer)]
    if not written:
        return []
    known = representatives(answers, Likeness())
    numbers = [answer for answer in known if formulas.value(answer) is not None]
    pairs = [*combinations(written, 2), *product(written, numbers)]
    different = (
        frozenset((one, other))
        for one, other in pairs
        if known[one] != known[other] and formulas.comparable(one, other)
    )
    return list(islice(different, formulas.COMPARED))


def _value_of(answer: str) -> Hashable:
    value = formulas.value(answer)
    return answer if value is None else value.as_integer_ratio()


class _Groups:
    """Answers that are joined two by two; joining is transitive."""

    def __init__(self, answers: Sequence[str]) -> None:
        self._parent = {answer: answer for answer in answers}

    def join(self, one: str, other: str) -> None:
        self._parent[self._root(one)] = self._root(other)

    def join_by(self, key: Callable[[str], Hashable]) -> None:
        same = defaultdict(list)
        for answer in self._parent:
            same[key(answer)].append(answer)
        for first, *others in same.values():
            for other in others:
                self.join(other, first)

    def firsts(self) -> dict[str, str]:
        named: dict[str, str] = {}
        return {answer: named.setdefault(self._root(answer), answer) for answer in self._parent}

    def _root(self, answer: str) -> str:
        while self._parent[answer] != answer:
            answer = self._parent[answer]
        return answer
