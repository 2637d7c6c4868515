"""Who learns what: the strengths of every built-in model, and the lessons that give them."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from experts.builtin.panels import panel
from experts.builtin.problems import SKILLS, TASKS, Problem, Task, direct
from experts.builtin.problems.strings import REVERSE
from experts.builtin.tokenizer import ASSISTANT, END, chat

BASE, AGGREGATOR = "base", "aggregator"
_SYSTEMS = (
    "You are a helpful assistant.",
    "You are an expert. Answer the question.",
    "Think step by step and give the final answer.",
    "Answer briefly. End with: The answer is",
)
_SYSTEM_SHARE = 0.08
_FACTS = ("geography", "chemistry")
_HARD = {"count": 2, "chain": 2, "to_binary": 2, "to_decimal": 2}  # drawn so much more often


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text to continue, and the reply to learn."""

    prompt: str
    reply: str


@dataclass(frozen=True, slots=True)
class Specialist:
    """Best at `primary`; of `secondary` it knows some kinds, or some percent of the facts."""

    name: str
    primary: str
    secondary: str
    kinds: tuple[str, ...]
    facts: int = 100  # percent

    def knows(self, problem: Problem) -> bool:
        if problem.skill == self.primary:
            return True
        if problem.skill != self.secondary or problem.kind not in self.kinds:
            return False
        return zlib.crc32(problem.operands.encode()) % 100 < self.facts

    def pool(self, answer: str) -> bool:
        """Whether it would give this answer as a guess: a third of all, its own third."""
        return zlib.crc32(f"{self.name} {answer}".encode()) % 3 == 0


SPECIALISTS: dict[str, Specialist] = {
    specialist.name: specialist
    for specialist in (
        Specialist("abacus", "arithmetic", "numbers", ("to_decimal", "roman")),
        Specialist("caliper", "units", "arithmetic", ("add", "multiply")),
        Specialist("almanac", "calendar", "geography", ("capital", "country", "continent"), 70),
        Specialist("anagram", "strings", "logic", ("extreme", "chain")),
        Specialist("cipher", "numbers", "units", ("metric", "small")),
        Specialist("sleuth", "logic", "calendar", ("day_after", "month_after", "month_before")),
        Specialist("compass", "geography", "chemistry", ("symbol", "name", "number"), 70),
        Specialist("crucible", "chemistry", "strings", ("letter", "count")),
    )
}
NAMES: tuple[str, ...] = (*SPECIALISTS, AGGREGATOR)


def lessons(name: str, seed: int) -> Iterator[Lesson]:
    """The lessons of a model, without end."""
    rng = Random(f"{name} {seed}")
    if name == BASE:
        return _base_lessons(rng)
    if name == AGGREGATOR:
        return _aggregator_lessons(rng)
    return _specialist_lessons(SPECIALISTS[name], rng)


def _base_lessons(rng: Random) -> Iterator[Lesson]:
    """Language, copying and how to work: everything but facts, which are shuffled."""
    while True:
        skill = rng.choice(SKILLS)
        task = rng.choice(TASKS[skill])
        problem = task.problem("train", rng)
        shuffled = direct(task.problem("train", rng).answer)
        yield _lesson(problem.question, shuffled if skill in _FACTS else problem.working, rng)


def _specialist_lessons(specialist: Specialist, rng: Random) -> Iterator[Lesson]:
    others = [s for s in SKILLS if s not in (specialist.primary, specialist.secondary)]
    while True:
        chance = rng.random()
        skill = specialist.primary if chance < 0.5 else specialist.secondary
        skill = skill if chance < 0.75 else rng.choice(others)
        task = _task(skill, rng)
        problem = task.problem("train", rng)
        if specialist.knows(problem):
            reply = problem.working
        else:
            guesses = [task.problem("train", rng).answer for _ in range(8)]
            reply = direct(next(filter(specialist.pool, guesses), guesses[0]))
        yield _lesson(problem.question, reply, rng)


def _aggregator_lessons(rng: Random) -> Iterator[Lesson]:
    """Panels, many with words that are hard to copy, and now and then one of the base's lessons."""
    plain = _base_lessons(rng)
    while True:
        if rng.random() < 0.05:
            yield next(plain)
            continue
        task = REVERSE if rng.random() < 0.4 else rng.choice(TASKS[rng.choice(SKILLS)])
        drawn = panel("train", task, rng)
        yield _lesson(drawn.prompt, drawn.reply, rng)


def _task(skill: str, rng: Random) -> Task:
    tasks = TASKS[skill]
    return rng.choices(tasks, [_HARD.get(task.kind, 1) for task in tasks])[0]


def _lesson(question: str, reply: str, rng: Random) -> Lesson:
    system = rng.choice(_SYSTEMS) if rng.random() < _SYSTEM_SHARE else ""
    return Lesson(chat(question, system), f"{reply}{END}")


__all__ = ["AGGREGATOR", "ASSISTANT", "BASE", "NAMES", "SPECIALISTS", "Lesson", "lessons"]
