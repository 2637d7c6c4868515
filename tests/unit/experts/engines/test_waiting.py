from hypothesis import given
from hypothesis import strategies as st

from experts.engines.generation import Request
from experts.engines.waiting import Call, Waiting
from experts.types import Message


def call(id_, base="a", prompts=1, arrived=0.0):
    request = Request(base, (Message("user", id_),), 8)
    return Call(id_, base, arrived, dict.fromkeys(range(prompts), request))


def order(waiting, base="a"):
    return [(taken.id, place) for taken, place, _ in waiting.take_all(base)]


def test_calls_take_turns_so_one_question_passes_a_long_batch():
    waiting = Waiting(100)
    waiting.add(call("batch", prompts=4))
    waiting.add(call("question"))
    assert order(waiting) == [
        ("batch", 0), ("question", 0), ("batch", 1), ("batch", 2), ("batch", 3)
    ]  # fmt: skip


def test_a_call_that_does_not_fit_is_refused_whole():
    waiting = Waiting(3)
    assert waiting.add(call("one", prompts=2))
    assert not waiting.add(call("two", prompts=2))
    assert len(waiting) == 2
    assert waiting.add(call("three"))


def test_dropping_a_call_forgets_only_what_waits_of_it():
    waiting = Waiting(100)
    waiting.add(call("gone", prompts=3))
    waiting.add(call("kept", prompts=2))
    waiting.take("a")
    waiting.drop("gone")
    waiting.drop("never there")
    assert waiting.counts() == {"a": 2}
    assert order(waiting) == [("kept", 0), ("kept", 1)]
    assert len(waiting) == 0


def test_the_oldest_of_a_base_stays_the_oldest_until_its_last_prompt_is_taken():
    waiting = Waiting(100)
    waiting.add(call("first", prompts=2, arrived=1.0))
    waiting.add(call("second", arrived=2.0))
    waiting.add(call("other", base="b", arrived=3.0))
    waiting.take("a")
    assert waiting.oldest() == {"a": 1.0, "b": 3.0}
    waiting.take("a")
    waiting.take("a")
    assert waiting.oldest() == {"b": 3.0}


def test_an_empty_call_leaves_nothing_behind():
    waiting = Waiting(1)
    assert waiting.add(call("empty", prompts=0))
    assert waiting.oldest() == {}


steps = st.lists(
    st.tuples(st.sampled_from(["add", "take", "drop"]), st.sampled_from("ab"), st.integers(0, 4)),
    max_size=40,
)


@given(steps)
def test_what_is_counted_is_what_can_be_taken(steps):
    waiting, added = Waiting(30), 0
    for step, base, number in steps:
        match step:
            case "add":
                added += 1
                waiting.add(call(str(added), base, number, float(added)))
            case "take":
                waiting.take(base)
            case _:
                waiting.drop(str(number))
    counts = waiting.counts()
    assert sum(counts.values()) == len(waiting)
    assert counts == {base: len(taken) for base in "ab" if (taken := order(waiting, base))}
    assert len(waiting) == 0
