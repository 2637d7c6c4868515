"""The comparer asks the encoder and the verifier only where words cannot tell."""

import numpy as np
import pytest

from orchestrator.agreement import Mathematics, MeaningComparer, WordsOnly

TILT = "the seasons are caused by the tilt of the axis"
TILTED = "the seasons are caused by the strong tilt of the axis"
PLAIN = [["1/2", "0.5"], ["paris", "rome"], ["it is so and not so", "it is so and so forth"]]


class Near:
    """An encoder to which everything is near everything. Keeps what it was asked."""

    def __init__(self):
        self.calls = []

    async def encode(self, texts):
        self.calls.append(list(texts))
        return np.ones((len(texts), 1), np.float32)


@pytest.fixture
async def mathematics():
    async with Mathematics() as found:
        yield found


async def test_what_words_decide_is_asked_of_nobody(mathematics):
    encoder = Near()
    alike = await MeaningComparer(encoder, mathematics).alike(PLAIN)
    assert alike[0] == {"1/2": "1/2", "0.5": "1/2"}
    assert alike[1] == {"paris": "paris", "rome": "rome"}
    assert len(set(alike[2].values())) == 2
    assert encoder.calls == []
    assert not mathematics.started


async def test_prose_of_all_questions_is_encoded_in_one_call(mathematics):
    encoder = Near()
    alike = await MeaningComparer(encoder, mathematics).alike(
        [[TILT, TILTED], *PLAIN, [TILTED, TILT]]
    )
    assert encoder.calls == [[TILTED, TILT]]
    assert alike[0] == {TILT: TILT, TILTED: TILT}
    assert alike[-1] == {TILTED: TILTED, TILT: TILTED}


async def test_without_an_encoder_prose_stays_apart():
    (alike,) = await WordsOnly().alike([[TILT, TILTED]])
    assert alike == {TILT: TILT, TILTED: TILTED}


async def test_a_batch_of_essays_is_grouped_as_well(mathematics):
    long = " ".join(["the axis is tilted"] * 300)
    alike = await MeaningComparer(Near(), mathematics).alike([[long, f"{long} strongly"]] * 3)
    assert [len(set(found.values())) for found in alike] == [1, 1, 1]


class Giving(Mathematics):
    """Finds formulas equal, and gives up a question that asks for more than one pair."""

    async def equal(self, questions):
        asked = [list(pairs) for pairs in questions]
        return frozenset(pair for pairs in asked if len(pairs) == 1 for pair in pairs)


async def test_what_is_found_out_for_one_question_changes_no_other():
    comparer, hard, easy = MeaningComparer(Near(), Giving()), ["x+1", "1+x", "y+z"], ["x+1", "1+x"]
    (alone,) = await comparer.alike([hard])
    assert await comparer.alike([easy, hard, easy]) == [
        {"x+1": "x+1", "1+x": "x+1"},
        alone,
        {"x+1": "x+1", "1+x": "x+1"},
    ]
    assert alone["1+x"] == "1+x"


async def test_no_questions_have_no_answers(mathematics):
    assert await MeaningComparer(Near(), mathematics).alike([]) == []
