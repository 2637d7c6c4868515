"""Whose waiting requests an engine serves next, and until when. Pure: the caller has the clock.

An engine with room for one model serves a base until it is left for another: it stops admitting,
drains, swaps. A generation takes about as long for many requests as for one, so a visit pays by
how many it serves; but each visit holds up everybody who waits elsewhere.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from experts.engines.scene import BATCH_FACTOR, Scene
from experts.types import Priority

CROWD = 1.0  # how far the number that waits counts in the order of two bases
DEMAND = 0.7  # how far their popularity does
BUSY = 0.9  # arrivals during one generation that make a base one in constant demand
FAIR = 0.5  # part of its share of the time for which such a base is kept without work
LIKELY = 0.2  # arrivals during one generation that make it worth while to wait for one
PATIENCE = 1.5  # times what reading ahead saves: so long those who wait do so together
GLANCE = 1 / 32  # of the time that reading takes, between two looks at whether it is done


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose prompts are next: the resident's are admitted; for another base's the engine drains
    and swaps. None: it waits for a request, until `until` at the longest."""

    base: str | None
    before: float = math.inf  # only prompts that arrived by then are admitted
    batch: bool = True  # whether batch work is admitted
    until: float | None = None


Policy = Callable[[Scene], Choice]


def bounded(scene: Scene) -> Choice:
    """As few swaps as go with short waits, and none beyond the bound while the load allows it.

    The resident base goes on until another's prompts would be late (as if all that wait were
    served by their dates: earliest due date first, Jackson 1955). Between bases that are in no
    danger, those go first where many wait, and have waited long, for what is seldom asked.
    """
    scene = _with_bound(scene)
    others = scene.others
    if not others:
        return Choice(scene.resident if scene.lines else None)
    if scene.resident in scene.lines and _stays(scene, others):
        return Choice(scene.resident, batch=_batch_too(scene, others))
    if scene.running:
        return Choice(others[0])  # whose turn it is will be seen when it has drained
    base, until = _next(scene, others), _kept(scene, others)
    if base in scene.unread and scene.resident not in scene.lines:
        until = max(until, _read(scene, others))
    return Choice(base) if scene.now >= until else Choice(None, until=until)


def in_order(scene: Scene) -> Choice:
    """First come, first served, whatever that takes in swaps. To compare with."""
    if not scene.lines:
        return Choice(None)
    first = min(scene.lines, key=lambda base: (scene.oldest(base), base != scene.resident))
    elsewhere = [scene.oldest(base) for base in scene.lines if base != first]
    return Choice(first, before=min(elsewhere, default=math.inf))


def drained(scene: Scene) -> Choice:
    """The resident base as long as it is in use, then the one that has waited longest, without a
    bound: how llama-swap collates requests (its pull request 790). To compare with."""
    if not scene.lines:
        return Choice(None)
    if scene.resident in scene.lines:
        return Choice(scene.resident)
    return Choice(min(scene.lines, key=lambda base: (scene.oldest(base), base)))


POLICIES: Mapping[str, Policy] = {"bounded": bounded, "in order": in_order, "drained": drained}


def order(scene: Scene) -> tuple[str, ...]:
    """The bases that wait for a swap, in the order in which they are likely to be served."""
    scene = _with_bound(scene)
    left, ordered = scene.others, []
    while left:
        ordered.append(_next(scene, left))
        left = [base for base in left if base != ordered[-1]]
    return tuple(ordered)


def latest(scene: Scene, others: Sequence[str], ahead: float) -> float:
    """Until when the work `ahead`, in seconds, may still begin, so that the others, in this order
    after it, all start by their due dates."""
    moment = math.inf
    for base in others:
        ahead += scene.costs.swap
        moment = min(moment, scene.due(base) - ahead)
        ahead += scene.group(base)
    return moment


def _with_bound(scene: Scene) -> Scene:
    """With a bound that can be kept: no shorter than one round of everybody who waits."""
    groups = sum(scene.costs.swap + scene.group(base) for base in scene.lines)
    return replace(scene, max_wait=max(scene.max_wait, scene.costs.tail + groups))


def _stays(scene: Scene, others: Sequence[str]) -> bool:
    """Whether more of the resident's prompts are admitted. A visit without any was in vain."""
    if not scene.admitted or scene.due(scene.resident) <= scene.due(others[0]):
        return True
    if Priority.INTERACTIVE not in scene.lines[scene.resident] and _called_away(scene, others):
        return False
    return scene.now <= latest(scene, others, scene.costs.tail)


def _batch_too(scene: Scene, others: Sequence[str]) -> bool:
    """Whether batch work is admitted along with interactive work of the resident base."""
    line = scene.lines[scene.resident]
    if len(line) < len(Priority):
        return True
    due = line[Priority.BATCH].since + BATCH_FACTOR * scene.max_wait
    return due <= scene.due(others[0]) or not _called_away(scene, others)


def _called_away(scene: Scene, others: Sequence[str]) -> bool:
    """Whether interactive work elsewhere has waited as long as the way there and back takes."""
    arrived = [
        scene.lines[base][Priority.INTERACTIVE].oldest
        for base in others
        if Priority.INTERACTIVE in scene.lines[base]
    ]
    return bool(arrived) and scene.now - min(arrived) >= 2 * scene.costs.swap


def _kept(scene: Scene, others: Sequence[str]) -> float:
    """Until when a base in demand is kept though it has no work: leaving it by chance, only to
    come back, makes more swaps, and rounds of uneven length, which is what makes long waits."""
    rate, until = scene.rates.get(scene.resident, 0.0), -math.inf
    if scene.resident in scene.lines:
        return until
    if rate * scene.costs.reply >= LIKELY:
        waiting = sum(scene.prompts(base) for base in others)
        until = _free(scene, others) + PATIENCE * scene.costs.read / waiting
    if rate * scene.costs.reply >= BUSY:
        bases = len(scene.rates.keys() | scene.lines.keys())
        spare = scene.max_wait - bases * (scene.costs.swap + scene.costs.tail)
        share = rate / sum(scene.rates.values())
        until = max(until, scene.since + FAIR * share * spare)
    return min(until, latest(scene, others, 0.0))


def _read(scene: Scene, others: Sequence[str]) -> float:
    """Until when the engine goes on with the old weights while the next are read, since a swap
    would only wait for them; no longer than is usual, for reading may fail."""
    longest = 2 * max(scene.costs.read, scene.costs.swap)
    if scene.now >= _free(scene, others) + longest:
        return -math.inf
    return scene.now + max(GLANCE * scene.costs.read, 0.001)


def _free(scene: Scene, others: Sequence[str]) -> float:
    """Since when a swap has been wanted and possible."""
    return max(scene.ended, min(scene.oldest(base) for base in others))


def _next(scene: Scene, others: Sequence[str]) -> str:
    """The first by merit that makes nobody late who would not be late anyway."""
    for base in sorted(others, key=lambda base: _merit(scene, base, len(others)), reverse=True):
        rest = [other for other in others if other != base]
        ahead = scene.costs.swap + scene.group(base)
        if scene.now <= latest(scene, rest, ahead):
            return base
    return others[0]


def _merit(scene: Scene, base: str, bases: int) -> tuple[bool, float]:
    """Where many have waited long. Of two alike the less popular goes first: the engine is then
    left with the base that the next request most probably wants. The more bases wait, the more
    their age alone counts: passed over, a base waits for a whole round."""
    line = scene.lines[base]
    demand = line.get(Priority.INTERACTIVE) or line[Priority.BATCH]
    rate = max(scene.rates.get(base, 0.0), 0.01 * sum(scene.rates.values())) or 1.0
    waited = max(scene.now - demand.since, 0.0) + 0.01 * scene.costs.swap
    merit = waited * (demand.prompts**CROWD / rate**DEMAND) ** (1 / bases)
    return Priority.INTERACTIVE in line, merit
