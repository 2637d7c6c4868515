"""Short answers that are the same phrase. Expects answers as `normalise` writes them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from orchestrator.agreement.places import is_country_or_state
from orchestrator.answers.units import unit

NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
}
_SYNONYMS = {"true": "yes", "false": "no"} | NUMBER_WORDS
LONG = 80  # characters; longer answers are prose
_ACCENT = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")  # of other scripts they make other letters
_HYPHEN = re.compile(r"(?<=[a-z]{2})-(?=[a-z]{2})")
_PLURAL = re.compile(r"(?<=[a-z]{2}[a-rt-z])s\b")  # but glass is no plural

# An answer with something around it that others leave out: which is the answer, and which the rest.
_QUANTITY = re.compile(r"^(?P<bare>-?[\d./e-]+)(?P<rest>°| ?[a-z°μω][^\d,;]*(?:\^-?\d)?)$")  # 12 km
_COUNTED = re.compile(r"^(?!less$|times$|plus$|minus$|(?:ten|dozen|hundred|thousand)s$)[a-z]{2,}s$")
_ASSIGNED = re.compile(r"^(?P<rest>[a-z]|\\[a-z]+)=(?P<bare>[^=<>]+)$")  # x=5
_GLOSSED = re.compile(r"^(?P<bare>[^\d\W]{3}[\w '-]*) (?P<rest>\([^()]+\))$")  # mercury (planet)
_PLACE = re.compile(r"^(?P<bare>[^\d\W][\w .'-]*), (?P<rest>[\w .'-]+)$")  # paris, france
_SENTENCE = re.compile(
    r"^[^.,;:?!\n]{3,80} (?:is|are|was|were|equals|is called) (?:the |an? )?(?P<bare>[^.,;:?!\n]+)$"
)
_UNSURE = re.compile(
    r"\b(?:not|no|never|nor|either|neither|or|but|if|maybe|perhaps|n['’]t)\b|n['’]t\b"
)
_SIGN = re.compile(r"[\\^=+*/]")
_SENTENCE_REST = "a sentence around it"


def key(answer: str) -> str:
    """Equal for phrases that differ harmlessly: accents, hyphens, plurals, number words, and
    whether a yes is called true."""
    if len(answer) > LONG:
        return answer
    if not answer.isascii():
        plain = _ACCENT.sub("", unicodedata.normalize("NFD", answer))
        answer = unicodedata.normalize("NFC", plain)
    if not (any(map(str.isdigit, answer)) or _SIGN.search(answer)):
        spaced = " ".join(_HYPHEN.sub(" ", answer).replace(" & ", " and ").split())
        answer = _PLURAL.sub("", spaced) or answer
    return _SYNONYMS.get(answer, answer)


def completions(answers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(bare, dressed) where a dressed answer says what a bare one leaves out: `12` and `12 km`,
    `5` and `x=5`, `paris` and `paris, france`. Where answers dress a bare one differently,
    nobody knows which of them it means, and it stands alone."""
    bare = {key(answer): answer for answer in reversed(answers)}
    dressed = defaultdict(list)
    for answer in answers:
        if parted := _parted(answer):
            core, rest = parted
            dressed[key(core)].append((rest, answer))
    for core, found in dressed.items():
        if core in bare and len({rest for rest, _ in found}) == 1:
            for _, answer in found:
                yield bare[core], answer


def _parted(answer: str) -> tuple[str, str] | None:
    """The bare answer and the rest, or None where there is nothing to take off."""
    if len(answer) > 2 * LONG:
        return None
    quantity = _QUANTITY.match(answer)
    if quantity and (unit(rest := quantity["rest"].strip()) or _COUNTED.match(rest)):
        return quantity["bare"], rest
    for pattern in (_ASSIGNED, _GLOSSED):
        if (found := pattern.match(answer)) and not _UNSURE.search(found["rest"]):
            return found["bare"], found["rest"]
    place = _PLACE.match(answer)
    if place and is_country_or_state(place["rest"]) and not is_country_or_state(place["bare"]):
        return place["bare"], place["rest"]
    sentence = _SENTENCE.match(answer)
    if sentence and not _UNSURE.search(answer) and len(sentence["bare"].split()) <= 4:
        return sentence["bare"], _SENTENCE_REST
    return None
