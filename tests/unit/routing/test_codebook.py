"""The codebook: many labelled questions as few codes, the same bits in any company."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codebook import Codebook

SEEDS = st.integers(0, 2**32 - 1)


def unit(random, count, dimension=24):
    drawn = random.normal(size=(count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def around(groups, each, noise=0.02, seed=0):
    """Tight groups of unit vectors, group by group, and each one's group."""
    random = np.random.default_rng(seed)
    centres = unit(random, groups)
    near = np.repeat(centres, each, axis=0) + random.normal(0, noise, (groups * each, 24))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    return near.astype(np.float32), np.repeat(np.arange(groups), each)


def test_few_questions_are_each_their_own_code():
    vectors = unit(np.random.default_rng(0), 3)
    book = Codebook.of(vectors, ["law", "algebra", "law"])
    assert book.vectors == pytest.approx(vectors, abs=2**-12)
    assert book.labels == ("algebra", "law")
    assert book.shares.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_as_many_questions_as_codes_are_still_their_own():
    vectors = unit(np.random.default_rng(0), 8)
    assert Codebook.of(vectors, ["law"] * 8, codes=8).vectors == pytest.approx(vectors, abs=2**-12)
    assert len(Codebook.of(vectors, ["law"] * 8, codes=7).vectors) <= 7


def test_no_questions_are_no_codes():
    book = Codebook.of(np.zeros((0, 0), np.float32), [])
    assert (len(book.vectors), book.labels, book.shares.shape) == (0, (), (0, 0))


def test_many_questions_share_codes_and_codes_say_how_theirs_are_labelled():
    vectors, group = around(groups=6, each=50)
    labels = ["law" if g < 3 else "algebra" for g in group]
    book = Codebook.of(vectors, labels, codes=30)
    assert len(book.vectors) <= 30
    assert np.linalg.norm(book.vectors, axis=1) == pytest.approx(1, abs=2e-3)
    nearest = book.cosines(vectors).argmax(axis=1)
    assert [book.labels[i] for i in book.shares[nearest].argmax(axis=1)] == labels


@given(SEEDS, st.integers(1, 60), st.sampled_from([4, 9, 100]))
def test_shares_of_every_code_sum_to_one(seed, count, codes):
    random = np.random.default_rng(seed)
    labels = [f"label {i}" for i in random.integers(0, 4, count)]
    book = Codebook.of(unit(random, count), labels, codes=codes)
    assert book.shares.sum(axis=1) == pytest.approx(1)
    assert len(book.shares) == len(book.vectors) <= codes


def test_the_same_questions_give_the_same_codebook():
    vectors, group = around(groups=9, each=20)
    one, other = (Codebook.of(vectors, [str(g) for g in group], codes=12) for _ in range(2))
    assert np.array_equal(one.vectors, other.vectors)
    assert np.array_equal(one.shares, other.shares)
