from hypothesis import given
from hypothesis import strategies as st

from experts.engines.generation import Request
from experts.engines.waiting import Call, Waiting
from experts.types import Message, Priority


def call(id_, base="a", prompts=1, arrived=0.0, priority=Priority.INTERACTIVE):
    request = Request(base, (Message("user", id_),), 8)
    requests = dict.fromkeys(range(prompts), request)
    return Call(id_, base, arrived, requests, priority=priority)


def oldest(waiting):
    return {
        base: {priority: demand.oldest for priority, demand in line.items()}
        for base, line in waiting.lines().items()
    }


def order(waiting, base="a"):
    return [(taken.id, place) for taken, place, _ in waiting.take_all(base)]


def test_calls_take_turns_so_one_question_passes_a_long_call():
    waiting = Waiting(100)
    waiting.add(call("long", prompts=4))
    waiting.add(call("question"))
    assert order(waiting) == [
        ("long", 0), ("question", 0), ("long", 1), ("long", 2), ("long", 3)
    ]  # fmt: skip


def test_interactive_calls_pass_batch_calls():
    waiting = Waiting(100)
    waiting.add(call("file", prompts=2, priority=Priority.BATCH))
    waiting.add(call("question", prompts=2, arrived=9.0))
    assert waiting.batch == 2
    assert [id_ for id_, _ in order(waiting)] == ["question", "question", "file", "file"]


def test_an_overdue_batch_call_takes_turns_with_interactive_ones():
    waiting = Waiting(100)
    waiting.add(call("file", prompts=3, arrived=1.0, priority=Priority.BATCH))
    waiting.add(call("question", prompts=3, arrived=9.0))
    taken = [waiting.take("a", overdue=1.0)[0].id for _ in range(6)]
    assert taken == ["question", "file", "question", "file", "question", "file"]


def test_batch_work_that_had_a_turn_waits_for_another_as_long_again():
    waiting = Waiting(100)
    waiting.add(call("file", prompts=3, arrived=1.0, priority=Priority.BATCH))
    waiting.served("a", 50.0)
    demand = waiting.lines()["a"][Priority.BATCH]
    assert (demand.oldest, demand.since) == (1.0, 50.0)
    waiting.add(call("question", prompts=2, arrived=51.0))
    taken = [waiting.take("a", overdue=1.0)[0].id for _ in range(3)]
    assert taken == ["question", "question", "file"]
    waiting.served("never there", 60.0)


def test_batch_work_can_be_left_where_it_is():
    waiting = Waiting(100)
    waiting.add(call("file", priority=Priority.BATCH))
    assert waiting.take("a", batch=False) is None
    assert len(waiting) == 1


def test_only_what_arrived_by_a_time_can_be_taken():
    waiting = Waiting(100)
    waiting.add(call("early", prompts=2, arrived=1.0))
    waiting.add(call("late", arrived=2.0))
    taken = [waiting.take("a", before=1.0) for _ in range(3)]
    assert [one and one[0].id for one in taken] == ["early", "early", None]
    assert order(waiting) == [("late", 0)]


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
    interactive = Priority.INTERACTIVE
    assert oldest(waiting) == {"a": {interactive: 1.0}, "b": {interactive: 3.0}}
    waiting.take("a")
    waiting.take("a")
    assert oldest(waiting) == {"b": {interactive: 3.0}}


def test_an_empty_call_leaves_nothing_behind():
    waiting = Waiting(1)
    assert waiting.add(call("empty", prompts=0))
    assert waiting.lines() == {}


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add batch", "take", "drop"]),
        st.sampled_from("ab"),
        st.integers(0, 4),
    ),
    max_size=40,
)


@given(steps)
def test_what_is_counted_is_what_can_be_taken(steps):
    waiting, added = Waiting(30), 0
    for step, base, number in steps:
        match step:
            case "add" | "add batch":
                added += 1
                priority = Priority.BATCH if "batch" in step else Priority.INTERACTIVE
                waiting.add(call(str(added), base, number, float(added), priority))
            case "take":
                waiting.take(base)
            case _:
                waiting.drop(str(number))
    counts = waiting.counts()
    assert counts == {
        base: sum(demand.prompts for demand in line.values())
        for base, line in waiting.lines().items()
    }
    assert sum(counts.values()) == len(waiting)
    assert counts == {base: len(taken) for base in "ab" if (taken := order(waiting, base))}
    assert len(waiting) == 0
