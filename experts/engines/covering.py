"""The least costly way to free what is short: exact branch and bound, within a limit. Pure."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

LOOKS = 5_000  # choices looked at before the best found so far is good enough


@dataclass(frozen=True, slots=True)
class Option:
    """Something that may be done with `name`, and what becomes free by it, by resource."""

    name: str
    to: str
    loss: float  # above zero
    frees: Mapping[str, int]  # below zero: it takes that much


def least_loss(
    choices: Sequence[Sequence[Option]], short: Mapping[str, int]
) -> tuple[Option, ...] | None:
    """At most one option of each choice, with the least loss together, so that nothing is short;
    None if there is no way. No option could be left out.

    `short` is what is to be freed, below zero what may still be taken. The last option of each
    choice takes nothing and frees at least as much as the others, so doing all the last options
    shows whether there is a way.
    """
    order = sorted(
        _relevant(choices, short),
        key=lambda options: min(_density(each, short) for each in options),
    )
    best = _without_excess([options[-1] for options in order], short)
    if best is None:
        return None
    return _without_excess(_Search(order, best).found(short), short)


def _relevant(
    choices: Sequence[Sequence[Option]], short: Mapping[str, int]
) -> list[Sequence[Option]]:
    """Those that free what is short, or what an option of those would take."""
    wanted = {resource for resource, need in short.items() if need > 0}
    freeing = [o for options in choices for o in options if _frees(o, wanted)]
    wanted |= {r for option in freeing for r, amount in option.frees.items() if amount < 0}
    return [options for options in choices if any(_frees(option, wanted) for option in options)]


def _frees(option: Option, wanted: Collection[str]) -> bool:
    return any(amount > 0 and resource in wanted for resource, amount in option.frees.items())


def _density(option: Option, short: Mapping[str, int]) -> float:
    """Loss per byte of what is short."""
    freed = sum(min(short[r], option.frees.get(r, 0)) for r in short if short[r] > 0)
    return option.loss / freed if freed > 0 else math.inf


def _left(short: Mapping[str, int], option: Option) -> dict[str, int]:
    return {r: need - option.frees.get(r, 0) for r, need in short.items()}


def _without_excess(
    chosen: Sequence[Option], short: Mapping[str, int]
) -> tuple[Option, ...] | None:
    """The same without what is not needed, the costliest first; None if it is not enough."""
    kept = list(chosen)
    if not _enough(kept, short):
        return None
    for option in sorted(chosen, key=lambda option: -option.loss):
        rest = [each for each in kept if each is not option]
        if _enough(rest, short):
            kept = rest
    return tuple(kept)


def _enough(chosen: Sequence[Option], short: Mapping[str, int]) -> bool:
    return all(sum(o.frees.get(r, 0) for o in chosen) >= need for r, need in short.items())


class _Search:
    """Depth first, cheapest bytes first, leaving what cannot beat the best so far."""

    def __init__(self, order: Sequence[Sequence[Option]], best: Sequence[Option]) -> None:
        self._order = order
        self._best = tuple(best)
        self._loss = _total(best)
        self._looks = 0
        # Of the choices from each place on, by resource: the most they free, and at what loss
        # per byte at least.
        self._most: list[dict[str, int]] = [{}]
        self._cheapest: list[dict[str, float]] = [{}]
        for options in reversed(order):
            self._extend(options)
        self._most.reverse()
        self._cheapest.reverse()

    def found(self, short: Mapping[str, int]) -> tuple[Option, ...]:
        self._look(0, (), 0.0, short)
        return self._best

    def _extend(self, options: Sequence[Option]) -> None:
        most, cheapest = dict(self._most[-1]), dict(self._cheapest[-1])
        for resource, amount in options[-1].frees.items():
            most[resource] = most.get(resource, 0) + amount
        for option in options:
            for resource, amount in option.frees.items():
                if amount > 0:
                    loss = option.loss / amount
                    cheapest[resource] = min(loss, cheapest.get(resource, math.inf))
        self._most.append(most)
        self._cheapest.append(cheapest)

    def _look(
        self, place: int, chosen: tuple[Option, ...], loss: float, short: Mapping[str, int]
    ) -> None:
        self._looks += 1
        if self._looks > LOOKS:
            return
        needed = {resource: need for resource, need in short.items() if need > 0}
        if not needed:
            if loss < self._loss:
                self._best, self._loss = chosen, loss
            return
        if self._hopeless(place, loss, needed):
            return
        for option in self._order[place]:
            self._look(place + 1, (*chosen, option), loss + option.loss, _left(short, option))
        self._look(place + 1, chosen, loss, short)

    def _hopeless(self, place: int, loss: float, needed: Mapping[str, int]) -> bool:
        most, cheapest = self._most[place], self._cheapest[place]
        return any(
            need > most.get(resource, 0) or loss + need * cheapest[resource] >= self._loss
            for resource, need in needed.items()
        )


def _total(options: Sequence[Option]) -> float:
    return math.fsum(option.loss for option in options)
