"""Prose is grouped by its vectors only where its words do not keep it apart."""

import numpy as np
import pytest

from orchestrator.agreement.prose import clusters, worth_encoding
from orchestrator.agreement.reading import Reading, is_prose

TILT = "the seasons are caused by the tilt of the axis"
TILTED = "the seasons are caused by the strong tilt of the axis"


def near(*texts):
    """Vectors that are all the same: only words can keep these texts apart."""
    return dict.fromkeys(texts, np.array([1.0, 0.0], np.float32))


def together(one, other, vectors=None):
    return bool(clusters([one, other], near(one, other) | (vectors or {})))


def test_near_texts_that_say_the_same_are_one():
    assert together(TILT, TILTED)


def test_texts_that_are_not_near_are_two():
    vectors = {TILT: np.array([1.0, 0.0]), TILTED: np.array([0.5, 0.87])}
    assert clusters([TILT, TILTED], vectors) == []


CONTRADICT = {
    "not": ("it is the tilt of the axis", "it is not the tilt of the axis"),
    "n't": ("the contract does bind the heirs", "the contract doesn't bind the heirs"),
    "no": ("there was a consideration given here", "there was no consideration given here"),
    "cannot": ("the electrons can move freely here", "the electrons cannot move freely here"),
    "numbers": ("it took about 3 hours by train", "it took about 5 hours by train"),
    "number words": ("it took about three hours by train", "it took about five hours by train"),
    "percent": ("prices rose by 5% in a year", "prices rose by 5 in a year"),
    "years": ("the war ended in the year 1944", "the war ended in the year 1945"),
    "number and none": ("it took 3 hours by the train", "it took hours by the train"),
    "names": ("anna wrote the letter to him today", "maria wrote the letter to him today"),
    "directions": ("when prices rise the demand falls", "when prices rise the demand grows"),
    "repeated word": (
        "a higher price means a lower demand",
        "a higher price means a higher demand",
    ),
    "roles": ("brazil won the match against peru", "peru won the match against brazil"),
    "passive roles": ("the match was won by peru today", "peru lost the match that was today"),
}


@pytest.mark.parametrize(("one", "other"), CONTRADICT.values(), ids=CONTRADICT)
def test_words_keep_texts_apart_however_near_they_are(one, other):
    assert not together(one, other)
    assert not together(other, one)


REPHRASED = {
    "passive": (
        "penicillin was discovered by alexander fleming",
        "alexander fleming was the one who discovered penicillin",
    ),
    "order": ("in 1945 the long war ended", "the long war ended in 1945"),
    "digits": ("the trip takes 3 hours by train", "the trip takes three hours by train"),
    "more detail": ("the axis of the earth is tilted", "the axis of the earth is tilted strongly"),
}


@pytest.mark.parametrize(("one", "other"), REPHRASED.values(), ids=REPHRASED)
def test_the_same_words_in_another_order_say_the_same(one, other):
    assert together(one, other)


def test_words_that_are_near_enough_stand_for_each_other():
    one, other = "anna wrote a letter to him", "a letter to him was written by anna"
    assert not together(one, other)
    assert together(one, other, near("wrote", "written"))
    assert {"wrote", "written"} <= set(worth_encoding([one, other]))


def test_what_words_keep_apart_is_not_encoded():
    for one, other in CONTRADICT.values():
        if Reading.of(one).numbers != Reading.of(other).numbers or "not" in other:
            assert worth_encoding([one, other]) == []
    assert worth_encoding(["mars", "venus", "the red planet"]) == []
    assert worth_encoding([TILT]) == []


def test_phrases_are_no_prose():
    assert not is_prose("the red planet mars")
    assert not is_prose("(1, 2, 3, 4, 5, 6)")
    assert is_prose(TILT)


def test_a_text_near_to_two_that_differ_joins_the_nearer_alone():
    texts = [f"{TILT} {more}".strip() for more in ("", "here", "there today")]
    middle, left, right = texts
    vectors = {
        left: np.array([1.0, 0.0]),
        middle: np.array([np.cos(0.5), np.sin(0.5)]),
        right: np.array([np.cos(1.1), np.sin(1.1)]),
    }
    assert clusters(texts, vectors) == [sorted([middle, left])]
    assert clusters(texts[::-1], vectors) == [sorted([middle, left])]


def test_a_paragraph_may_use_words_of_its_own_but_is_no_copy_with_a_new_name():
    shared = " ".join(f"word{letter * 3}" for letter in "abcdefghijklmnop")
    told = f"{shared} alone once more again quickly slowly"
    retold = f"{shared} together twice less seldom boldly"
    copy = f"{shared} alone once more again quickly boldly"
    assert together(told, retold)
    assert not together(told, copy)
