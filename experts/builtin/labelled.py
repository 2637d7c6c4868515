"""The built-in problems as labelled questions: what profiling asks and the demo is held to."""

from experts.builtin.problems import Split, problems
from experts.recordings import Recording


def labelled(split: Split, count: int, seed: int = 0) -> list[Recording]:
    """Balanced over the skills, the same for the same arguments; nobody has replied yet."""
    return [
        Recording(
            id=problem.id,
            question=problem.question,
            replies={},
            category=problem.skill,
            gold=problem.answer,
            split=split,
        )
        for problem in problems(split, count, seed)
    ]
