"""Freeing what is short at the least loss."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.covering import Option, least_loss

RESOURCES = ("gpu0", "gpu1", "host")
BYTES = st.integers(0, 6)
LOSSES = st.integers(1, 20).map(float)


@st.composite
def choices(draw):
    """Each may be stopped, and some may sleep, which frees less and takes host memory."""
    found = []
    for number in range(draw(st.integers(0, 6))):
        held = draw(st.fixed_dictionaries(dict.fromkeys(RESOURCES, BYTES)))
        options = [Option(str(number), "stopped", draw(LOSSES), held)]
        if draw(st.booleans()):
            taken = held | {"host": held["host"] - draw(BYTES)}
            options.insert(0, Option(str(number), "asleep", draw(LOSSES), taken))
        found.append(options)
    return found


SHORT = st.fixed_dictionaries(dict.fromkeys(RESOURCES, st.integers(-6, 12)))


def freed(chosen, resource):
    return sum(option.frees.get(resource, 0) for option in chosen)


def brute(choices, short):
    """The least loss of all ways; None if there is none."""
    ways = product(*[[None, *options] for options in choices])
    chosen = [[option for option in way if option is not None] for way in ways]
    enough = [w for w in chosen if all(freed(w, r) >= need for r, need in short.items())]
    return min((sum(option.loss for option in way) for way in enough), default=None)


@settings(max_examples=300, deadline=None)
@given(choices(), SHORT)
def test_the_choice_is_the_best_of_all(choices, short):
    chosen = least_loss(choices, short)
    expected = brute(choices, short)
    if expected is None:
        assert chosen is None
    else:
        assert sum(option.loss for option in chosen) == expected
        assert all(freed(chosen, r) >= need for r, need in short.items())
        assert len({option.name for option in chosen}) == len(chosen)


@pytest.mark.parametrize("count", [30, 200])
def test_many_choices_alike_are_no_more_work(count):
    choices = [[Option(str(n), "stopped", 1.0, {"gpu0": 3})] for n in range(count)]
    assert len(least_loss(choices, {"gpu0": count + 1})) == -(-(count + 1) // 3)


@given(st.lists(st.tuples(LOSSES, st.integers(1, 10**9)), min_size=20, max_size=40), st.data())
@settings(max_examples=20, deadline=None)
def test_of_many_choices_none_that_was_chosen_could_be_left_out(many, data):
    choices = [
        [Option(str(n), "stopped", loss, {"gpu0": size})] for n, (loss, size) in enumerate(many)
    ]
    need = data.draw(st.integers(1, sum(size for _, size in many)))
    chosen = least_loss(choices, {"gpu0": need})
    assert freed(chosen, "gpu0") >= need
    assert all(freed([o for o in chosen if o is not each], "gpu0") < need for each in chosen)
