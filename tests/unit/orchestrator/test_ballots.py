"""Ballots: who gave which answer, as numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from experts.recordings import RecordedReply
from orchestrator.ballots import NONE, OPEN_ANSWERS, Ballots
from tests.recordings import recorded, scored

CHOICES = ("red", "green", "blue", "grey")


def only(recording, experts=("ada", "ben", "cleo")):
    """The ballots of one question, with an expert's place looked up by its name."""
    ballots = Ballots.of([recording], experts)
    return ballots, dict(zip(ballots.experts, ballots.answers[0].tolist(), strict=True))


def test_letters_are_their_place_in_the_alphabet():
    ballots, said = only(recorded("q", "green", options=CHOICES, ada="(D)", ben="blue", cleo="B"))
    assert said == {"ada": 3, "ben": 2, "cleo": 1}
    assert ballots.gold.tolist() == [1]
    assert ballots.possible.tolist() == [4.0]
    assert ballots.choice.tolist() == [True]


def test_open_answers_are_numbered_question_by_question():
    first = recorded("q", "7", ada="1,000", ben="1000.0", cleo="7")
    second = recorded("r", "5", ada="7", ben="x", cleo="7.0")
    ballots = Ballots.of([first, second], ("ada", "ben", "cleo"))
    assert ballots.answers.tolist() == [[0, 0, 1], [0, 1, 0]]
    assert ballots.gold.tolist() == [1, 2]  # nobody gave 5
    assert ballots.possible.tolist() == [OPEN_ANSWERS] * 2
    assert not ballots.choice.any()


def test_open_answers_that_are_the_same_differently_put_are_one_number():
    ballots, said = only(recorded("q", "0.5", ada="1/2", ben="0.5", cleo="2"))
    assert said == {"ada": 0, "ben": 0, "cleo": 1}
    assert ballots.right.tolist() == [[True, True, False]]
    ballots, _ = only(recorded("q", "1/2", ada="0.5", ben="2"))
    assert ballots.right.tolist() == [[True, False]]


def test_what_cannot_be_read_or_was_not_asked_is_none():
    _, said = only(recorded("q", "A", options=CHOICES, ada=None, ben="what?", cleo="A"))
    assert said == {"ada": NONE, "ben": NONE, "cleo": 0}
    ballots = Ballots.of([recorded("q", "7", ada="7"), recorded("r", "7", ben="7")], ("ada", "ben"))
    assert ballots.answers.tolist() == [[0, NONE], [NONE, 0]]


def test_an_expert_that_replied_to_nothing_has_no_ballots():
    ballots, _ = only(recorded("q", "7", ada="7"), ("zoe", "ada"))
    assert ballots.experts == ("ada",)
    assert ballots.answers.shape == (1, 1)


def test_without_gold_a_fully_right_reply_says_what_is_right():
    half, right = RecordedReply("8", 0.5), RecordedReply("7", 1.0)
    ballots, said = only(recorded("q", None, ada=half, ben=right, cleo=right))
    assert ballots.gold.tolist() == [said["ben"]] == [said["cleo"]]
    assert ballots.right.tolist() == [[False, True, True]]


def test_without_gold_and_with_everyone_wrong_nobody_said_what_is_right():
    wrong = {"ada": RecordedReply("A", 0.0), "ben": RecordedReply("D", 0.0)}
    ballots, said = only(recorded("q", None, options=CHOICES, **wrong))
    assert ballots.countable.tolist() == [True]
    assert ballots.wrong.all()
    assert ballots.gold[0] not in said.values()


def test_what_is_right_is_not_known_where_scores_cannot_tell():
    half, right = RecordedReply("8", 0.5), RecordedReply("7", 1.0)
    seven = RecordedReply("the fourth prime", 1.0)
    unread = RecordedReply(score=1.0)
    doubtful = [
        recorded("partly right", None, ada=half),
        recorded("right in other words", None, ada=right, ben=seven),
        recorded("right and unread", None, ada=unread, ben=RecordedReply("8", 0.0)),
        recorded("no score", None, ada="7"),
        scored("scores alone", ada=1.0, ben=0.0),
    ]
    assert not Ballots.of(doubtful, ("ada", "ben")).countable.any()


def test_gold_that_is_no_choice_gives_way_to_the_scores():
    right = RecordedReply("B", 1.0)
    ballots, _ = only(recorded("q", "mauve", options=CHOICES, ada=right, ben="A"))
    assert ballots.gold.tolist() == [1]


def test_an_unanswered_question_counts_for_nothing():
    ballots, _ = only(recorded("q", "7", ada=None, ben=None))
    assert ballots.countable.tolist() == [False]
    assert not ballots.right.any()
    assert not ballots.wrong.any()


def test_some_rows_are_those_questions():
    questions = [recorded(f"q{i}", str(i), ada=str(i % 2), ben="1") for i in range(4)]
    whole = Ballots.of(questions, ("ada", "ben"))
    some = whole.rows(np.array([3, 1]))
    again = Ballots.of([questions[3], questions[1]], ("ada", "ben"))
    for name in ("answers", "gold", "possible", "choice"):
        assert getattr(some, name).tolist() == getattr(again, name).tolist()


def test_no_questions_make_empty_tables():
    ballots = Ballots.of([], ("ada",))
    assert (ballots.experts, ballots.answers.shape) == ((), (0, 0))


@given(st.lists(st.lists(st.sampled_from(["1", "2", "3", None]), min_size=3, max_size=3)))
def test_numbers_are_equal_where_answers_are(said):
    names = ("ada", "ben", "cleo")
    rows = [recorded("q", "2", **dict(zip(names, row, strict=True))) for row in said]
    ballots = Ballots.of(rows, names)
    for row, codes, gold in zip(said, ballots.answers.tolist(), ballots.gold, strict=True):
        for i in range(3):
            assert (codes[i] == gold) == (row[i] == "2")
            for j in range(3):
                assert (codes[i] == codes[j]) == (row[i] == row[j])
    assert not (ballots.right & ballots.wrong).any()
    assert ((ballots.right | ballots.wrong) == (ballots.answers != NONE)).all()
