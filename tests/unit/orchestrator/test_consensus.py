"""What experts who agree settle."""

from hypothesis import given
from hypothesis import strategies as st

from experts.types import Answer
from orchestrator.belief import Vote
from orchestrator.consensus import settled


def votes(*said):
    return [Vote(Answer(name, ""), answer, 0.5) for name, answer in said]


def test_two_who_agree_settle_it_against_any_one():
    assert settled(votes(("ada", "A"), ("ben", "A"), ("cleo", "B")), "A") == {"A"}


def test_nothing_is_settled_against_the_answer_most_believed():
    assert settled(votes(("ada", "A"), ("ben", "A"), ("cleo", "B")), "B") == frozenset()


def test_nothing_is_settled_where_no_two_agree():
    assert settled(votes(("ada", "A"), ("ben", "B"), ("ben", "B")), "B") == frozenset()
    assert settled([], "A") == frozenset()


SAID = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("ABCD")), min_size=1)


@given(SAID, st.sampled_from("ABCD"), st.lists(st.sampled_from("ABCD"), max_size=5))
def test_one_expert_however_often_it_speaks_adds_no_answer_of_its_own(said, leading, spoken):
    before = settled(votes(*said), leading)
    after = settled(votes(*said, *(("mallory", answer) for answer in spoken)), leading)
    given_ = {answer for _, answer in said}
    assert before <= after or not before
    assert after <= given_ | {leading}
