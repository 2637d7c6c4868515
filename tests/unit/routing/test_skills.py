"""Skills from the nearest labelled questions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.skills import NearestSkills
from routing.types import Question
from tests.encoders import BagOfWords

LABELLED = {
    "solve the equation for x": "algebra",
    "solve the quadratic equation": "algebra",
    "is the contract valid in court": "law",
    "who owns the house by law": "law",
    "name the capital of France": "geography",
}


async def channel(**rest):
    encoder = BagOfWords()
    vectors = await encoder.encode(list(LABELLED))
    return NearestSkills(encoder, list(LABELLED.values()), vectors, **rest)


async def skills(text, **rest):
    [found] = await (await channel(**rest)).skills([Question(text)])
    return found


async def test_the_nearest_label_weighs_most():
    found = await skills("solve this equation for me")
    assert next(iter(found)) == "algebra"
    assert found["algebra"] > 0.9
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("text", LABELLED)
async def test_a_labelled_question_has_its_own_skill(text):
    assert next(iter(await skills(text))) == LABELLED[text]


async def test_a_question_like_none_seen_has_no_skills():
    assert await skills("zebra quagga okapi") == {}


async def test_the_floor_decides_what_is_like_none_seen():
    assert await skills("name a zebra", floor=0.9) == {}
    assert await skills("name a zebra", floor=0.1) != {}


async def test_one_neighbour_gives_one_skill():
    assert await skills("who owns a court", neighbours=1) == {"law": 1.0}


async def test_more_neighbours_than_labelled_questions_are_all_of_them():
    found = await skills("solve the equation", neighbours=999)
    assert next(iter(found)) == "algebra"


async def test_without_labelled_questions_nothing_is_encoded():
    encoder = BagOfWords()
    nothing = NearestSkills(encoder, [], np.zeros((0, 0), np.float32))
    assert await nothing.skills([Question("a"), Question("b")]) == [{}, {}]
    assert encoder.encoded == []


async def test_a_lone_close_match_is_not_outvoted_by_a_crowd():
    encoder = BagOfWords()
    texts = ["red green blue", *["red one two three four"] * 15]
    labels = ["colour", *["number"] * 15]
    crowd = NearestSkills(encoder, labels, await encoder.encode(texts))
    [found] = await crowd.skills([Question("red green blue")])
    assert found["colour"] > 0.9


async def test_many_labels_of_little_weight_are_no_skill():
    encoder = BagOfWords()
    same = await encoder.encode(["same words"] * 40)
    many = NearestSkills(encoder, [f"label {i}" for i in range(40)], same, neighbours=40)
    assert await many.skills([Question("same words")]) == [{}]


TEXTS = st.lists(
    st.lists(st.sampled_from(" ".join(LABELLED).split()), max_size=6).map(" ".join), max_size=6
)


@given(TEXTS)
async def test_weights_are_shares_whatever_is_asked(texts):
    for found in await (await channel()).skills([Question(text) for text in texts]):
        assert found == {} or sum(found.values()) == pytest.approx(1)
        assert set(found) <= set(LABELLED.values())


@given(TEXTS)
async def test_a_question_has_the_same_skills_alone_and_in_a_batch(texts):
    nearest = await channel()
    together = await nearest.skills([Question(text) for text in texts])
    alone = [(await nearest.skills([Question(text)]))[0] for text in texts]
    assert together == alone
