"""What is learned from and what is reported on never mix."""

import pytest

from experts.recordings import RecordedReply, Recording
from orchestrator.evaluation.splits import NothingToEvaluate, Splits, restricted
from tests.recordings import recorded

KNOWN = [
    recorded("red or blue", "red", "validation", "colour", ada="red", ben="blue"),
    recorded("one and one", "2", "validation", "sum", ada="2", ben="2"),
]
TEST = [
    recorded("sky", "blue", category="colour", ada="blue", ben="red"),
    recorded("two and two", "4", category="sum", ada="5", ben="4"),
]


def test_without_a_test_split_the_error_names_the_splits_there_are():
    with pytest.raises(NothingToEvaluate, match="splits in the files: validation"):
        Splits.of(KNOWN, ["validation"])
    with pytest.raises(NothingToEvaluate, match="no questions at all"):
        Splits.of([], ["validation"])
    with pytest.raises(NothingToEvaluate, match="'gold' answer or a 'score'"):
        Splits.of([recorded("q", None, ada="7")], ["validation"])


def test_without_evidence_of_that_name_the_error_names_the_splits_there_are():
    with pytest.raises(NothingToEvaluate, match=r"'extra'.*splits in the files: test, validation"):
        Splits.of([*KNOWN, *TEST], ["validation", "extra"])


def test_learning_from_what_is_reported_is_refused():
    with pytest.raises(NothingToEvaluate, match="nothing may be learned from it"):
        Splits.of([*KNOWN, *TEST], ["test"])


def test_nothing_needs_to_be_learned():
    assert Splits.of(TEST, []).evidence == ()


def test_a_question_on_both_sides_is_counted():
    twice = recorded("sky", "blue", "validation", ada="blue")
    assert Splits.of([*KNOWN, twice, *TEST], ["validation"]).overlap == 1
    assert Splits.of([*KNOWN, *TEST], ["validation"]).overlap == 0


def test_a_category_held_out_is_reported_on_and_not_learned_from():
    (apart,) = Splits.of([*KNOWN, *TEST], ["validation"], ["colour"]).parts
    assert [r.category for r in apart.evidence] == ["sum"]
    assert [r.category for r in apart.test] == ["colour"]


def test_each_category_can_be_held_out_in_turn():
    apart = Splits.of([*KNOWN, *TEST], ["validation"], ["each"]).parts
    assert [{r.category for r in part.test} for part in apart] == [{"colour"}, {"sum"}]
    assert [{r.category for r in part.evidence} for part in apart] == [{"sum"}, {"colour"}]


def test_a_category_that_nobody_asks_about_is_refused():
    with pytest.raises(NothingToEvaluate, match="'music'; use each or one of colour, sum"):
        _ = Splits.of(TEST, [], ["music"]).parts


def test_experts_are_kept_by_name_or_pattern():
    kept = restricted([recorded("q", "7", **{"a-8B": "7", "b-8B": "7", "c-70B": "7"})], ["*-8B"])
    assert sorted(kept[0].replies) == ["a-8B", "b-8B"]
    assert sorted(restricted(TEST, ["ada"])[0].replies) == ["ada"]


def test_an_expert_that_nobody_knows_is_refused():
    with pytest.raises(NothingToEvaluate, match="no expert is named 'bob'; the files have ada, b"):
        restricted(TEST, ["ada", "bob"])


TWICE = [
    Recording(f"{i}", f"how much is {i % 30}?", {"ada": RecordedReply("1")}, gold="1", split="any")
    for i in range(40)
]


@pytest.mark.parametrize("learn", [None, 7])
def test_in_folds_every_question_is_reported_on_once_and_learned_from_others(learn):
    splits = Splits.crossed(TWICE, 4, learn)
    assert sorted(r.id for part in splits.parts for r in part.test) == sorted(r.id for r in TWICE)
    for part in splits.parts:
        assert not {r.question for r in part.test} & {r.question for r in part.evidence}
        assert learn is None or len(part.evidence) == learn
    assert splits.overlap == 0
    assert splits == Splits.crossed(TWICE, 4, learn)


def test_folds_learn_from_questions_of_their_own_draw():
    first, second, *_ = Splits.crossed(TWICE, 4, 7).parts
    assert {r.id for r in first.evidence} != {r.id for r in second.evidence}


@pytest.mark.parametrize("folds", [1, 41])
def test_folds_need_questions(folds):
    with pytest.raises(NothingToEvaluate, match=f"{folds} folds need"):
        Splits.crossed(TWICE, folds)
