"""Works out nothing twice for one tenant: what its latest questions need."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from routing.skills import SkillChannel
from routing.types import Needs, Question

Name = tuple[str, bytes]  # a salt, a text's digest


class RememberedNeeds:
    """A channel that keeps the needs of the `size` latest questions: retries cost nothing.

    Each tenant has its own, by its questions' salt, so that nobody learns from the time an answer
    takes what others asked. For a channel whose needs are a function of the text alone. 1,000 of
    them with vectors of 384 numbers take about 2 MB.
    """

    def __init__(self, channel: SkillChannel, size: int = 1000) -> None:
        self._channel = channel
        self._size = size
        self._kept: OrderedDict[Name, Needs] = OrderedDict()  # the longest unused first

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        if len(questions) > self._size:  # they would push each other out
            return await self._channel.needs(questions)
        names = [_name(question) for question in questions]
        found = {name: self._kept[name] for name in names if name in self._kept}
        new = {n: q for n, q in zip(names, questions, strict=True) if n not in found}
        if new:
            needs = await self._channel.needs(list(new.values()))
            found |= {name: _alone(each) for name, each in zip(new, needs, strict=True)}
        for name in names:
            self._kept[name] = found[name]
            self._kept.move_to_end(name)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return [found[name] for name in names]


def _name(question: Question) -> Name:
    text = question.text.encode("utf-8", "surrogatepass")
    return question.salt, hashlib.sha256(text).digest()


def _alone(needs: Needs) -> Needs:
    """With a vector of its own: a row of a batch would keep all of it in memory."""
    if needs.vector is None:
        return needs
    vector = needs.vector.copy()
    vector.flags.writeable = False
    return Needs(needs.skills, vector)
