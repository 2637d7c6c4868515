"""Prose is grouped by the real encoder: what is joined means the same."""

from benchmarks.meanings import encoded, joined_by
from orchestrator.agreement import Mathematics, MeaningComparer
from orchestrator.answers import final_answer
from routing.encoder import SentenceEncoder
from tests.meanings import LATER, PARAGRAPHS, QUESTIONS, UNSEEN, pairs


async def test_what_is_joined_means_the_same():
    questions = QUESTIONS | PARAGRAPHS | LATER | UNSEEN
    labelled = pairs(0, questions) + pairs(1, questions)
    joined = joined_by(labelled, await encoded([*questions.values()]))
    assert sum(joined) >= 0.95 * len(joined)
    assert sum(joined) >= 0.3 * sum(alike for *_, alike in labelled)


async def test_replies_of_every_kind_are_grouped():
    replies = [
        ["The answer is $x + 1$.", r"\boxed{1 + x}", "x + 2"],
        [
            "Penicillin was discovered by Alexander Fleming.",
            "It was Alexander Fleming who discovered penicillin.",
            "Penicillin was discovered by Louis Pasteur.",
        ],
    ]
    questions = [[final_answer(reply) or "" for reply in group] for group in replies]
    async with Mathematics() as mathematics:
        found = await MeaningComparer(SentenceEncoder(), mathematics).alike(questions)
    for (first, second, third), alike in zip(questions, found, strict=True):
        assert alike == {first: first, second: first, third: third}
