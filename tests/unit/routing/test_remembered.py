"""What questions need is worked out once for each tenant that asks them."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.remembered import RememberedNeeds
from routing.types import Needs, Question
from tests.encoders import BagOfWords


class Reading:
    """A channel to which a question needs the skill that it begins with. Counts what it reads."""

    def __init__(self):
        self.encoder = BagOfWords()

    @property
    def read(self):
        return self.encoder.encoded

    async def needs(self, questions):
        vectors = await self.encoder.encode([question.text for question in questions])
        pairs = zip(questions, vectors, strict=True)
        return [Needs({question.text[:1]: 1.0}, vector) for question, vector in pairs]


@pytest.fixture
def channel():
    return Reading()


def asked(*texts, salt=""):
    return [Question(text, salt=salt) for text in texts]


async def test_a_question_seen_before_is_not_read_again(channel):
    remembered = RememberedNeeds(channel)
    (first,) = await remembered.needs(asked("one"))
    again = await remembered.needs(asked("two", "one", "two"))
    assert channel.read == [["one"], ["two"]]
    assert again[1] is first


async def test_what_one_tenant_asked_is_read_anew_for_another(channel):
    remembered = RememberedNeeds(channel)
    for salt in ("aa", "bb", "", "aa", "bb", ""):
        await remembered.needs(asked("one", salt=salt))
    assert channel.read == [["one"]] * 3


async def test_the_question_unused_for_longest_is_forgotten_first(channel):
    remembered = RememberedNeeds(channel, size=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        await remembered.needs(asked(text))
    assert channel.read == [["one"], ["two"], ["three"], ["two"]]


async def test_a_batch_larger_than_the_memory_pushes_nothing_out(channel):
    remembered = RememberedNeeds(channel, size=2)
    for batch in (["one"], ["two", "three", "four"], ["one"]):
        await remembered.needs(asked(*batch))
    assert channel.read == [["one"], ["two", "three", "four"]]


async def test_nobody_can_change_what_is_remembered(channel):
    (needs,) = await RememberedNeeds(channel).needs(asked("one"))
    with pytest.raises(ValueError, match="read-only"):
        needs.vector[:] = 0


SALTED = st.tuples(st.sampled_from("abcde") | st.text(), st.sampled_from(["", "aa", "bb"]))


@given(st.lists(st.lists(SALTED), max_size=8), st.integers(1, 4))
def test_remembering_changes_no_needs(batches, size):
    async def check():
        remembered = RememberedNeeds(Reading(), size)
        for batch in batches:
            questions = [Question(text, salt=salt) for text, salt in batch]
            pairs = zip(
                await remembered.needs(questions), await Reading().needs(questions), strict=True
            )
            for mine, expected in pairs:
                assert mine.skills == expected.skills
                assert np.array_equal(mine.vector, expected.vector)

    asyncio.run(check())
