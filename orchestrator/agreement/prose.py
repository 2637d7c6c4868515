"""Prose that means the same: near by embedding, and with no word that keeps it apart.

An embedding hardly hears a not, a number, a name or who did what to whom: "prices rise" is nearer
to "prices do not rise" than to most of its paraphrases. So whatever the words decide, the words
decide, and only texts that they do not keep apart are asked how near they are. What that gives on
labelled pairs is told by benchmarks/meanings.py.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product

from orchestrator.agreement.reading import Reading, is_prose, own, stem, swapped
from routing.encoder import Vectors

NEAR = 0.75  # cosine of two texts of which one at most says something of its own
SYNONYMS = 0.85  # cosine of two words: wrote and written, but not Argentina and Uruguay (0.79)
PARAGRAPH = 16  # words with a content; from here on every text has words of its own
PARAGRAPHS_NEAR = 0.85
SHARED = (0.6, 0.85)  # of a paragraph's words: fewer is another text, more a copy with a new word
COMPARED_WORDS = 12  # of their own that two texts may have to be worth comparing word by word


def clusters(answers: Iterable[str], vectors: Mapping[str, Vectors]) -> list[list[str]]:
    """Those of the texts with vectors that mean the same, every text of a cluster the same as
    every other (complete linkage), the nearest joined first."""
    texts = sorted(answer for answer in answers if answer in vectors and is_prose(answer))
    readings = {text: Reading.of(text) for text in texts}
    nearness = {
        frozenset((one, other)): _nearness((one, readings[one]), (other, readings[other]), vectors)
        for one, other in combinations(texts, 2)
    }

    def joint(pair: tuple[list[str], list[str]]) -> float:
        return min(nearness[frozenset(texts)] for texts in product(*pair))

    found = [[text] for text in texts]
    while len(found) > 1:
        one, other = max(combinations(found, 2), key=joint)
        if not joint((one, other)):
            break
        found.remove(other)
        one += other
    return [cluster for cluster in found if len(cluster) > 1]


def worth_encoding(answers: Sequence[str]) -> list[str]:
    """The texts whose vectors could bring two answers together, and the words that tell whether
    they say the same in other words. Empty where the words keep everything apart."""
    readings = {answer: Reading.of(answer) for answer in answers if is_prose(answer)}
    wanted: dict[str, None] = {}
    for one, other in combinations(readings, 2):
        words = _to_compare(readings[one], readings[other])
        if words is not None:
            wanted |= dict.fromkeys([one, other, *words])
    return list(wanted)


def _nearness(
    mine: tuple[str, Reading], yours: tuple[str, Reading], vectors: Mapping[str, Vectors]
) -> float:
    """The cosine of two texts that mean the same, 0 for texts that do not."""
    (one, my_reading), (other, your_reading) = mine, yours
    words = _to_compare(my_reading, your_reading)
    if words is None:
        return 0.0
    cosine = float(vectors[one] @ vectors[other])
    if _paraphrase(my_reading, your_reading):
        return cosine if cosine >= PARAGRAPHS_NEAR else 0.0
    same = _synonyms(my_reading, your_reading, vectors) if words else {}
    ours = [same.get(stem, stem) for stem in map(stem, my_reading.words)]
    theirs = [stem(word) for word in your_reading.words]
    substituted = Counter(ours) - Counter(theirs) and Counter(theirs) - Counter(ours)
    return 0.0 if substituted or swapped(ours, theirs) or cosine < NEAR else cosine


def _to_compare(one: Reading, other: Reading) -> list[str] | None:
    """The words whose vectors are needed to tell two texts apart, none where each word of one is
    the other's; None where the words as they are keep the texts apart."""
    if one.numbers != other.numbers or one.negations != other.negations:
        return None
    mine, yours = own(one, other)
    if not mine or not yours or _paraphrase(one, other):
        return []
    return mine + yours if len(mine + yours) <= COMPARED_WORDS else None


def _paraphrase(one: Reading, other: Reading) -> bool:
    """Whether both are so long, and share so much, that one may well paraphrase the other."""
    length = min(len(one.words), len(other.words))
    if length < PARAGRAPH:
        return False
    shared = Counter(map(stem, one.words)) & Counter(map(stem, other.words))
    return SHARED[0] <= shared.total() / length < SHARED[1]


def _synonyms(one: Reading, other: Reading, vectors: Mapping[str, Vectors]) -> dict[str, str]:
    """Stems of words that only one text has, with the other's stem for the same thing."""
    mine, yours = own(one, other)
    return {
        stem(a): stem(b)
        for a, b in product(mine, yours)
        if a in vectors and b in vectors and float(vectors[a] @ vectors[b]) >= SYNONYMS
    }
