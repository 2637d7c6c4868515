"""Which of a family's engines a group of prompts goes to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

SWAP_COST = 16  # waiting prompts that are worth as much as a change of weights
FAR_COST = 2  # and as much as the way to another machine
DOWN_COST = 10_000  # an engine that restarts is the last choice, but better than none


@dataclass(frozen=True, slots=True)
class Load:
    """What is known of an engine without asking it."""

    bases: frozenset[str]  # resident, or about to be
    prompts: int  # sent and not answered
    up: bool = True
    here: bool = False  # on the machine of whoever asks


def place(loads: Sequence[Load], base: str) -> int:
    """The engine that holds the base already, unless it is so busy that another with a swap is
    the better choice; among equals the first, so that the same history gives the same place."""

    def cost(index: int) -> tuple[int, int]:
        load = loads[index]
        swap = 0 if base in load.bases else SWAP_COST
        way = (0 if load.here else FAR_COST) + (0 if load.up else DOWN_COST)
        return load.prompts + swap + way, index

    return min(range(len(loads)), key=cost)
