"""What the words of a text say, whatever its embedding says: numbers, nots, who does what.

Expects answers as `normalise` writes them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.agreement.phrases import NUMBER_WORDS

LONGEST = 20_000  # characters; longer texts are only the same if they are the same words
SHORTEST = 5  # words; of fewer, an embedding cannot tell Mars from Venus

_WORD = re.compile(r"[^\W_]+(?:['’.,][^\W_]+)*%?")
_NOT = re.compile(
    r"^(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|cannot|without|hardly|.*n['’]t)$"
)
# Words that say how a sentence is built and hardly what it says.
_BUILDING_WORDS = """
a an the this that these those it its they them their there he she his her him i my we our you your
of in on at to from by for with as into onto than then and or so if which who whom whose what when
where is are was were be been being am do does did has have had having will would shall should can
could may might must because since due cause causes caused also very just about around approximately
really quite such one ones means mean meant called happen happens happened yes therefore thus hence
while make makes made
"""
_BUILDING = frozenset(_BUILDING_WORDS.split())
_PARTICIPLE = re.compile(r"(?:ed|en|wn|on|de|lt|ht|ut|ld|nd|ung)$")  # "written by", not "hours by"
_AGENT_END = {"to", "in", "on", "at", "with", "from", "for", "after", "before", "against", "during"}
_ENDINGS = ("ing", "ied", "ies", "ed", "es", "'s", "’s", "s", "ly", "e")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words of a text say, whatever its embedding says."""

    numbers: frozenset[str]
    negations: int
    words: tuple[str, ...]  # those with a content, the doer before what is done

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, text: str) -> "Reading":
        """`text` is an answer as `normalise` writes it."""
        found = _active(_WORD.findall(text))
        numbers = [NUMBER_WORDS.get(word, word) for word in found if _is_number(word)]
        negations = sum(1 for word in found if _NOT.match(word))
        if negations > 1 and found[0] == "no":
            negations -= 1  # "No, it is not" denies once
        told = (w for w in found if w not in _BUILDING and not _is_number(w) and not _NOT.match(w))
        return cls(frozenset(numbers), negations, tuple(told))


def is_prose(answer: str) -> bool:
    """Whether an answer is more than a phrase: embeddings can tell what it means."""
    return (
        len(answer) <= LONGEST
        and answer.count(" ") + 1 >= SHORTEST
        and not answer.startswith(("[", "{", "("))
    )


def own(one: Reading, other: Reading) -> tuple[list[str], list[str]]:
    """The words of each whose stem the other has not, or not as often."""
    mine, yours = Counter(map(stem, one.words)), Counter(map(stem, other.words))
    left, right = mine - yours, yours - mine
    return (
        [word for word in one.words if stem(word) in left],
        [word for word in other.words if stem(word) in right],
    )


def swapped(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two words have traded places around a third: who does it to whom."""
    shared = Counter(one) & Counter(other)
    places = list(zip(_kept(one, shared), _kept(other, shared), strict=True))
    moved = [place for place, (mine, yours) in enumerate(places) if mine != yours]
    if len(moved) != 2 or moved[1] - moved[0] < 2:
        return False
    return places[moved[0]] == places[moved[1]][::-1]


def _kept(words: Sequence[str], shared: Counter[str]) -> Iterator[str]:
    left = Counter(shared)
    for word in words:
        if left[word]:
            left[word] -= 1
            yield word


def _active(words: list[str]) -> list[str]:
    """`match was won by brazil in june` as `brazil won match was in june`."""
    for place in range(1, len(words) - 1):
        if words[place] == "by" and _PARTICIPLE.search(words[place - 1]):
            after = range(place + 1, len(words))
            end = next((i for i in after if words[i] in _AGENT_END), len(words))
            doer, done = words[place + 1 : end], words[: place - 1]
            return [*doer, words[place - 1], *done, *words[end:]]
    return words


def _is_number(word: str) -> bool:
    return word[0].isdigit() or (word in NUMBER_WORDS and word != "one")  # one is anybody as well


def stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
