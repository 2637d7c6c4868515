from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from experts.engines.shelf import Shelf


def filled(capacity, *bases):
    shelf = Shelf(capacity)
    for base in bases:
        assert shelf.put(base, base.upper(), 1)
    return shelf


def test_what_is_held_can_be_had_and_the_rest_cannot():
    shelf = filled(2, "a", "b")
    assert (shelf.get("a"), shelf.get("c")) == ("A", None)
    assert (shelf.held, shelf.used) == ({"a", "b"}, 2)


def test_without_capacity_nothing_is_held():
    assert not Shelf(0).put("a", "A", 1)


def test_what_is_unused_longest_goes_first_of_what_nobody_expects():
    shelf = filled(2, "a", "b")
    shelf.get("a")
    assert shelf.put("c", "C", 1)
    assert shelf.held == {"a", "c"}


def test_what_is_expected_last_goes_first():
    shelf = filled(2, "a", "b")
    assert shelf.put("c", "C", 1, coming=["b", "c", "a"])
    assert shelf.held == {"b", "c"}


def test_nothing_leaves_for_what_is_needed_later():
    shelf = filled(2, "a", "b")
    assert not shelf.put("c", "C", 1, coming=["b", "a", "c"])
    assert shelf.held == {"a", "b"}


def test_nothing_leaves_for_what_does_not_fit_anyway():
    shelf = filled(2, "a", "b")
    assert not shelf.put("c", "C", 3)
    assert shelf.held == {"a", "b"}


def test_as_much_leaves_as_needed():
    shelf = filled(3, "a", "b", "c")
    assert shelf.put("d", "D", 2)
    assert (shelf.held, shelf.used) == ({"c", "d"}, 3)


def test_a_new_item_replaces_the_bases_former_one():
    shelf = filled(2, "a", "b")
    assert shelf.put("a", "new", 1)
    assert (shelf.get("a"), shelf.used) == ("new", 2)


def test_what_was_dropped_is_gone_and_dropping_it_again_is_fine():
    shelf = filled(2, "a")
    shelf.drop("a")
    shelf.drop("a")
    assert (shelf.get("a"), shelf.used) == (None, 0)


def misses(uses, capacity):
    shelf = Shelf(capacity)
    missed = 0
    for place, base in enumerate(uses):
        if shelf.get(base) is None:
            missed += 1
            shelf.put(base, base, 1, coming=uses[place + 1 :])
    return missed


def fewest_misses(uses, capacity):
    """Over everything that could be held after each use."""

    @cache
    def fewest(place, held):
        if place == len(uses):
            return 0
        base = uses[place]
        if base in held:
            return fewest(place + 1, held)
        ways = [held]  # it need not be held
        if len(held) < capacity:
            ways.append(held | {base})
        else:
            ways += [held - {other} | {base} for other in held]
        return 1 + min(fewest(place + 1, way) for way in ways)

    return fewest(0, frozenset())


@given(st.text("abcde", max_size=12), st.integers(1, 4))
def test_with_the_future_known_no_way_reads_less(uses, capacity):
    assert misses(uses, capacity) == fewest_misses(uses, capacity)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4))), st.permutations("abcd"))
def test_it_is_never_fuller_than_it_may_be(puts, coming):
    shelf = Shelf(5)
    for base, size in puts:
        assert shelf.put(base, base, size, coming) is (base in shelf.held)
        assert shelf.used <= 5
