"""Texts as data for an LLM: nothing in them can pass for a fence, a turn, or a line of ours.

Three things bound what a quoted text can be taken for (after Hines et al. 2024, "Defending Against
Indirect Prompt Injection Attacks With Spotlighting"). Fences and what chat templates write are
gone, also where they only look like it. What cannot be seen is gone. Every line after the first
begins with a mark, so that a line without one is never theirs.
"""

import re
import unicodedata
from functools import lru_cache

MARK = "| "  # before every line but the first
LONGEST = 8000  # characters of one text
IN_ALL = 24_000  # characters of all that are quoted together
CUT = "[...]"
HEAD = 0.25  # of what is kept of a long text: an answer is more often at its end

_UNSEEN = {"Cf", "Cc", "Co", "Cs", "Cn"}  # Unicode's formats, controls, and what is no character
_LOOKS = str.maketrans(
    "‹〈⟨❮❬❰⦑ᐸ˂«≪《⟪›〉⟩❯❭❱⦒ᐳ˃»≫》⟫∣│┃❘ǀ【〔】〕",
    "<<<<<<<<<⟪⟪⟪⟪>>>>>>>>>⟫⟫⟫⟫|||||[[]]",
)
_OTHERS = re.compile(r"[^\x00-\x7f]+")  # ASCII's characters look like themselves alone
# ⟪ is two of <. Every way to match begins with a character by itself, which is searched for fast.
_FENCE = re.compile(r"<[<⟪]{2,}|⟪[<⟪]+|<⟪|⋘|>[>⟫]{2,}|⟫[>⟫]+|>⟫|⋙")
_NAMES = (
    r"s|bos|eos|pad|unk|sep|cls|mask|think|inst|sys|system_prompt|available_tools|tool_calls?"
    r"|tool_results?|start_of_turn|end_of_turn|gmask|sop|begin_of_text|end_of_text"
)
_TEMPLATE = re.compile(
    rf"<\|[^|<>\s]{{1,64}}\|?>|<<?/?(?:{_NAMES})/?>{{1,2}}|\[/?(?:{_NAMES})\]", re.IGNORECASE
)
_SPEAKER = re.compile(
    r"^(?:[^\w\n]*(?:system|developer|assistant|user|human|tool|instructions?)[^\w\n:]*:)+",
    re.IGNORECASE | re.MULTILINE,
)


def quoted(text: str, longest: int = LONGEST) -> str:
    """The text as data: its words as they were, without what it could be mistaken by."""
    lines = visible(_cut(text, longest)).splitlines()
    plain = _without(_TEMPLATE, "\n".join(line for line in lines if line.strip()))
    said = _without(_SPEAKER, unfenced(plain))
    return f"\n{MARK}".join(said.strip().splitlines())


def unfenced(text: str) -> str:
    """The text without runs of three or more angle brackets, of whatever script."""
    return _without(_FENCE, text)


def visible(text: str) -> str:
    """The text without characters that show nothing or turn round how others are shown, its lines
    broken in one way."""
    lines = text.splitlines()
    return "\n".join(
        [line if line.replace("\t", "").isprintable() else _seen(line) for line in lines]
    )


def _seen(line: str) -> str:
    return "".join(c for c in line if c == "\t" or unicodedata.category(c) not in _UNSEEN)


def allowance(texts: int) -> int:
    """Characters that each of so many texts may have."""
    return min(LONGEST, IN_ALL // max(texts, 1))


def _without(pattern: re.Pattern[str], text: str) -> str:
    """A space in place of all that matches: what was left could else join to the same again."""
    kept, end = [], 0
    for match in pattern.finditer(_folded(text)):
        kept.append(text[end : match.start()])
        end = match.end()
    return " ".join([*kept, text[end:]])


def _folded(text: str) -> str:
    """As long a text, each character as the plain one that it looks like."""
    if text.isascii():
        return text
    return _OTHERS.sub(lambda found: "".join(map(_plain, found[0])), text)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    normal = unicodedata.normalize("NFKC", character)
    return (normal if len(normal) == 1 else character).translate(_LOOKS)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    head = int(longest * HEAD)
    return f"{text[:head]}\n{CUT}\n{text[len(text) - longest + head :]}"
