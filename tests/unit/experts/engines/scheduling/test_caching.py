import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.scheduling.caching import farthest, oldest
from experts.engines.scheduling.work import Cache, Costs

COSTS = Costs(read={"a": 1.0, "b": 2.0, "c": 3.0, "new": 1.0})


@pytest.mark.parametrize(
    ("uses", "room", "dropped"),
    [
        pytest.param({"a": 1, "b": 2, "c": 3, "new": 1}, 4, (), id="there is room"),
        pytest.param({"a": 1, "b": 2, "c": 3, "new": 1}, 3, ("c",), id="the farthest next use"),
        pytest.param({"a": 1, "c": 3, "new": 2}, 3, ("b",), id="no use at all is farther"),
        pytest.param({"c": 3, "new": 2}, 3, ("a",), id="of no use, the soonest read back"),
        pytest.param({"c": 9, "new": 2}, 1, ("a", "b", "c"), id="as many as it takes"),
        pytest.param({"a": 1, "b": 2, "c": 3, "new": 4}, 3, None, id="all are used before it"),
    ],
)
def test_what_is_dropped_for_a_base(uses, room, dropped):
    assert farthest("abc", "new", uses, COSTS, Cache(room)) == dropped


def test_the_least_recently_touched_is_dropped_first():
    assert oldest("abc", "new", {"a": 5, "b": 3, "c": 4}, COSTS, Cache(2)) == ("b", "c")
    assert oldest("abc", "new", {"a": 5, "c": 4}, COSTS, Cache(3)) == ("b",)


def test_room_is_counted_in_the_unit_of_the_sizes():
    costs = Costs(size={"small": 8.0, "large": 24.0, "new": 16.0})
    uses = {"small": 7, "large": 6, "new": 1}
    assert farthest(["small", "large"], "new", uses, costs, Cache(room=32.0)) == ("small", "large")
    assert farthest(["small", "large"], "new", uses, costs, Cache(room=40.0)) == ("small",)


def test_a_base_larger_than_the_cache_passes_through_it():
    costs = Costs(size={"new": 99.0})
    assert farthest("ab", "new", {"new": 0}, costs, Cache(room=10.0)) == ("a", "b")


@given(
    st.sets(st.sampled_from("abcdef")),
    st.dictionaries(st.sampled_from("abcdefn"), st.integers(0, 9)),
    st.integers(1, 6),
)
def test_what_is_used_before_the_base_is_never_dropped_and_no_more_than_needed(held, uses, room):
    dropped = farthest(held, "n", uses, COSTS, Cache(room))
    if dropped is None:
        assert sum(each in uses and uses[each] <= uses.get("n", 99) for each in held) >= room
        return
    assert len(dropped) == max(0, len(held) + 1 - room)
    for each in dropped:
        assert uses.get(each, 99) > uses.get("n", 98)
        assert all(uses.get(kept, 99) <= uses.get(each, 99) for kept in held - {*dropped})
