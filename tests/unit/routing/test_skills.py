"""Skills from the nearest labelled questions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codebook import Codebook
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
    return NearestSkills(encoder, Codebook.of(vectors, list(LABELLED.values())), **rest)


async def skills(text, **rest):
    [found] = await (await channel(**rest)).needs([Question(text)])
    return found.skills


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
    nothing = NearestSkills(encoder, Codebook.of(np.zeros((0, 0), np.float32), []))
    found = await nothing.needs([Question("a"), Question("b")])
    assert [(needs.skills, needs.vector) for needs in found] == [({}, None)] * 2
    assert encoder.encoded == []


async def test_a_lone_close_match_is_not_outvoted_by_a_crowd():
    encoder = BagOfWords()
    texts = ["red green blue", *["red one two three four"] * 15]
    labels = ["colour", *["number"] * 15]
    crowd = NearestSkills(encoder, Codebook.of(await encoder.encode(texts), labels))
    [found] = await crowd.needs([Question("red green blue")])
    assert found.skills["colour"] > 0.9


async def test_many_labels_of_little_weight_are_no_skill():
    encoder = BagOfWords()
    same = await encoder.encode(["same words"] * 40)
    labels = [f"label {i}" for i in range(40)]
    many = NearestSkills(encoder, Codebook.of(same, labels), neighbours=40)
    [found] = await many.needs([Question("same words")])
    assert found.skills == {}


TEXTS = st.lists(
    st.lists(st.sampled_from(" ".join(LABELLED).split()), max_size=6).map(" ".join), max_size=6
)


@given(TEXTS)
async def test_weights_are_shares_whatever_is_asked(texts):
    for found in await (await channel()).needs([Question(text) for text in texts]):
        assert found.skills == {} or sum(found.skills.values()) == pytest.approx(1)
        assert set(found.skills) <= set(LABELLED.values())


@given(TEXTS)
async def test_a_question_has_the_same_needs_alone_and_in_a_batch(texts):
    nearest = await channel()
    together = await nearest.needs([Question(text) for text in texts])
    alone = [(await nearest.needs([Question(text)]))[0] for text in texts]
    assert [told(needs) for needs in together] == [told(needs) for needs in alone]


def told(needs):
    """Everything in it, bit for bit and in order."""
    return list(needs.skills.items()), needs.vector.tobytes()


@given(
    count=st.integers(1, 70),
    seed=st.integers(0, 2**32 - 1),
    codes=st.sampled_from([3, 16, 40]),
)
def test_needs_are_the_same_bits_in_any_company_and_position(count, seed, codes):
    random = np.random.default_rng(seed)
    labels = [f"label {i}" for i in random.integers(0, 7, codes)]
    nearest = NearestSkills(BagOfWords(), Codebook.of(unit(random, codes), labels), floor=0.0)
    vectors = unit(random, count)
    together = nearest.of_vectors(vectors)
    order = random.permutation(count)
    shuffled = nearest.of_vectors(vectors[order])
    for place, i in enumerate(order):
        [alone] = nearest.of_vectors(vectors[i : i + 1])
        assert told(together[i]) == told(shuffled[place]) == told(alone)


def unit(random, count, dimension=33):
    drawn = random.normal(size=(count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


async def test_what_is_needed_holds_the_vector_it_was_read_from():
    encoder = BagOfWords()
    [found] = await (await channel()).needs([Question("solve the equation")])
    assert np.array_equal(found.vector, (await encoder.encode(["solve the equation"]))[0])
