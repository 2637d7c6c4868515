"""Generated worlds for tests: experts whose skills are known, because they were planted."""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

import numpy as np

from experts.recordings import RecordedReply, Recording
from orchestrator.ballots import Ballots
from orchestrator.grading import as_evidence
from orchestrator.rehearsal import Rehearsal
from routing.profile import Profile
from tests.encoders import BagOfWords

Rates = Mapping[str, Mapping[str, float]]  # expert -> skill -> how often it is right


def world(rates: Rates, questions: int, options: int = 4, seed: int = 0, split: str = "validation"):
    """Multiple-choice questions; a question says its skill and a number. Errors are independent
    and spread evenly over the wrong options."""
    rng = np.random.default_rng(seed)
    skills = sorted({skill for own in rates.values() for skill in own})
    letters = ascii_uppercase[:options]
    for i in range(questions):
        skill = skills[rng.integers(len(skills))]
        gold = letters[rng.integers(options)]
        wrong = letters.replace(gold, "")
        replies = {
            expert: gold if rng.random() < own[skill] else wrong[rng.integers(options - 1)]
            for expert, own in rates.items()
        }
        yield Recording(
            f"{split} {i}",
            f"{skill} {skill} {skill} {split}{i}",
            {expert: RecordedReply(letter) for expert, letter in replies.items()},
            tuple(f"choice {letter}" for letter in letters),
            skill,
            gold,
            split,
        )


def everywhere(**rates: float) -> Rates:
    """Experts as good at one thing as at another."""
    return {expert: {"any": rate} for expert, rate in rates.items()}


async def rehearsed(recordings: Sequence[Recording]) -> Rehearsal:
    profile = await Profile.of(map(as_evidence, recordings), BagOfWords())
    experts = sorted({expert for recording in recordings for expert in recording.replies})
    return Rehearsal.of(profile, Ballots.of(recordings, experts))


def ballots_of(answers, gold, possible=4, experts="abcdefgh", choice=True) -> Ballots:
    """Ballots from tables: answers of shape (questions, experts), gold of shape (questions,)."""
    table = np.asarray(answers, np.int16)
    count = len(table)
    return Ballots(
        tuple(experts[: table.shape[1]]),
        table,
        np.asarray(gold, np.int16),
        np.full(count, float(possible)),
        np.full(count, choice),
    )


def random_ballots(rng, questions=60, experts=4, possible=4, right=0.5, abstains=0.1) -> Ballots:
    """Experts right at one rate, who err evenly and now and then say nothing."""
    gold = rng.integers(possible, size=questions)
    shift = rng.integers(1, possible, size=(questions, experts))
    hits = rng.random((questions, experts)) < right
    answers = np.where(hits, gold[:, None], (gold[:, None] + shift) % possible)
    answers[rng.random((questions, experts)) < abstains] = -1
    return ballots_of(answers, gold, possible)
