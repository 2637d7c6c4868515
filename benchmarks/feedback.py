"""What feedback teaches about an expert that joins: how often it is asked, and what that costs.

    python -m benchmarks.feedback [--questions N] [--seeds N]

A simulation of the router that serves: four experts are profiled, one joins of whom nothing is
known. Each question needs one skill and is answered by one expert; some users say if it was right.
Regret counts right answers that the best expert for each question would have given more.
"""

import argparse
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import typer

from routing.evidence import Counts, Evidence, Outcome
from routing.exploring import NONE, Exploration
from routing.learned import Learned
from routing.router import Growth, Recruiting, Router
from routing.types import Needs, Question
from tests.routes import NoSkills

SKILLS = ("algebra", "law", "poetry")
PROFILED = {
    "ada": (0.8, 0.5, 0.5),
    "ben": (0.5, 0.7, 0.5),
    "cleo": (0.5, 0.5, 0.75),
    "dan": (0.6, 0.6, 0.6),
}
GRADED = 60  # questions of each skill that the four were profiled on
NEWCOMERS = {
    "better at law": (0.4, 0.9, 0.4),
    "worse at all": (0.4, 0.4, 0.4),
    "as good at law": (0.4, 0.7, 0.4),
}
JOINED, TENANT = "zoe", "acme"
WEIGHT, MOST = 0.25, 100.0
SERVED = Exploration(0.05, 10.0)
ALONE = Recruiting("single", size=1)


class Asked(NamedTuple):
    """One question of the simulation."""

    skill: str
    expert: str
    propensity: float
    regret: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who asks: how many questions, how many are told apart by a user, and by which chance."""

    questions: int = 12_000
    told: float = 0.5  # share of answers that somebody judges
    exploration: Exploration = SERVED
    seed: int = 0


def profiled() -> Evidence:
    """Exactly what the four are good at, as a profile would have it."""
    wins = np.array([[GRADED * good for good in PROFILED[name]] for name in PROFILED])
    return Evidence(tuple(PROFILED), SKILLS, wins, GRADED - wins)


def simulated(good: Mapping[str, tuple[float, ...]], crowd: Crowd) -> list[Asked]:
    """What becomes of a crowd's questions; `good` is each expert's chance to be right by skill."""
    dice = random.Random(crowd.seed)
    learned = Learned(MOST)
    growth = Growth(learned=learned, exploration=crowd.exploration)
    router = Router(tuple(good), NoSkills(), profiled(), seed=crowd.seed, growth=growth)
    counts: Counts = np.zeros((2, len(good), len(SKILLS)))
    names = tuple(sorted(good))
    learned.learn(TENANT, Evidence.of([Outcome("dan", "poetry", 0.6)]))  # who was told before
    log = []
    for number in range(crowd.questions):
        column = dice.randrange(len(SKILLS))
        needs, question = Needs({SKILLS[column]: 1.0}), Question(f"question {number}")
        route = router.recruit(question, needs, ALONE, TENANT)
        (expert,) = route.panel
        best = max(each[column] for each in good.values())
        log.append(Asked(SKILLS[column], expert, route.propensity, best - good[expert][column]))
        right = dice.random() < good[expert][column]
        if dice.random() < crowd.told:
            counts[0 if right else 1, names.index(expert), column] += WEIGHT
            learned.learn(TENANT, Evidence(names, SKILLS, counts[0].copy(), counts[1].copy()))
    return log


def share(log: list[Asked], skill: str) -> float:
    """Of the questions that need a skill, how many the newcomer was asked."""
    asked = [each.expert == JOINED for each in log if each.skill == skill]
    return sum(asked) / max(len(asked), 1)


def regret(log: list[Asked]) -> float:
    return sum(each.regret for each in log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    quarter = options.questions // 4
    typer.echo(f"{'':<34}{'asked at law, by quarter':<32}regret per 1000, by quarter")
    for title, good in NEWCOMERS.items():
        for told, exploration in (("explored", SERVED), ("never tried", NONE)):
            logs = [
                simulated(
                    {**PROFILED, JOINED: good},
                    Crowd(options.questions, exploration=exploration, seed=seed),
                )
                for seed in range(options.seeds)
            ]
            parts = [
                [each for log in logs for each in log[start : start + quarter]]
                for start in range(0, 4 * quarter, quarter)
            ]
            shares = "".join(f"{share(part, 'law'):>7.1%}" for part in parts)
            costs = "".join(f"{1000 * regret(part) / len(part):>7.1f}" for part in parts)
            typer.echo(f"{title:<18}{told:<14}{shares}    {costs}")


if __name__ == "__main__":
    main()
