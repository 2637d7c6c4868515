"""Problems that the built-in specialists are trained and measured on."""

from collections.abc import Iterator
from random import Random

from experts.builtin.problems import (
    arithmetic,
    calendar,
    chemistry,
    geography,
    logic,
    numbers,
    strings,
    units,
)
from experts.builtin.problems.base import Problem, Split, Task, direct

__all__ = ["SKILLS", "TASKS", "Problem", "Split", "Task", "direct", "problems", "stream"]

TASKS: dict[str, tuple[Task, ...]] = {
    "arithmetic": arithmetic.TASKS,
    "units": units.TASKS,
    "calendar": calendar.TASKS,
    "strings": strings.TASKS,
    "numbers": numbers.TASKS,
    "logic": logic.TASKS,
    "geography": geography.TASKS,
    "chemistry": chemistry.TASKS,
}
SKILLS: tuple[str, ...] = tuple(TASKS)
_PATIENCE = 2000  # repeats in a row after which a split counts as used up


def stream(split: Split, skill: str, rng: Random) -> Iterator[Problem]:
    """Problems of one skill without end, each of its kinds in turn."""
    while True:
        for task in TASKS[skill]:
            yield task.problem(split, rng)


def problems(split: Split, count: int, seed: int) -> list[Problem]:
    """Problems balanced over the skills, the same for the same arguments.

    No operands are shared between splits, save of facts, and no question is repeated
    in `validation` and `test`; asking for more than there are is a ValueError.
    """
    rng = Random(f"{split} {seed}")
    streams = [stream(split, skill, rng) for skill in SKILLS]
    found: list[Problem] = []
    seen: set[str] = set()
    repeats = 0
    while len(found) < count:
        problem = next(streams[len(found) % len(streams)])
        if split != "train" and problem.id in seen:
            repeats += 1
            if repeats > _PATIENCE:
                raise ValueError(f"{split} has no {count} different problems; ask for fewer")
            continue
        repeats = 0
        seen.add(problem.id)
        found.append(problem)
    return found
