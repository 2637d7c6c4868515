"""Queues: what waits leaves in groups that keep to the bounds, and each asker is told its reply."""

from hypothesis import given
from hypothesis import strategies as st

from experts.scripted import ScriptedExpert
from experts.types import Message, Prompt
from orchestrator.agreement import WordsOnly
from orchestrator.panel import Panel
from orchestrator.queues import Limits, Queues

NAMES = ("ada", "ben", "cleo")


def queues(limits):
    experts = {name: ScriptedExpert(name, default=name) for name in NAMES}
    return Queues(Panel(experts), WordsOnly(), limits)


ADDED = st.lists(st.tuples(st.sampled_from(NAMES), st.text("ab", max_size=2)), max_size=30)


@given(ADDED, st.integers(1, 5), st.integers(1, 3), st.integers(1, 12), st.randoms())
def test_bounds_hold_at_any_time_and_everybody_is_told_once(added, group, groups, prompts, dice):
    asked = queues(Limits(group=group, groups=groups, prompts=prompts))
    told = []
    for place, (name, text) in enumerate(added):
        asked.expert(name).add(
            Prompt.of(text), lambda reply, place=place: told.append((place, reply))
        )
    flying = list(asked.leaving())
    while flying:
        assert sum(len(one.errands) for one in flying) <= prompts
        for name in NAMES:
            its = [one for one in flying if one.queue is asked.expert(name)]
            assert len(its) <= groups
            assert all(1 <= len(one.errands) <= group for one in its)
        back = flying.pop(dice.randrange(len(flying)))
        back.tell([prompt.text for prompt, _ in back.errands])
        flying += asked.leaving()
    assert sorted(told) == [(place, text) for place, (_, text) in enumerate(added)]


def test_queues_take_turns_where_not_all_may_go():
    asked = queues(Limits(group=2, groups=4, prompts=8))
    for name in NAMES:
        for number in range(8):
            asked.expert(name).add(Prompt.of(str(number)), lambda _: None)
    going = [len(one.errands) for one in asked.leaving()]
    assert going == [2, 2, 2, 2]
    assert [asked.expert(name).groups for name in NAMES] == [2, 1, 1]


def test_prompts_that_begin_alike_are_neighbours_in_their_group():
    asked = queues(Limits())
    calm, brisk = (Message("system", text) for text in ("Be calm.", "Be brisk."))
    for system, text in [(calm, "b"), (brisk, "b"), (calm, "a"), (brisk, "a")]:
        asked.expert("ada").add(Prompt((system, Message("user", text))), lambda _: None)
    (group,) = asked.leaving()
    assert [(p.messages[0].content, p.text) for p, _ in group.errands] == [
        ("Be brisk.", "a"),
        ("Be brisk.", "b"),
        ("Be calm.", "a"),
        ("Be calm.", "b"),
    ]


def test_those_who_waited_longest_go_first():
    asked = queues(Limits(group=2, groups=1))
    for text in ("d", "c", "b", "a"):
        asked.expert("ada").add(Prompt.of(text), lambda _: None)
    (group,) = asked.leaving()
    assert [prompt.text for prompt, _ in group.errands] == ["c", "d"]
