import pytest

from experts.engines.scheduling.standing import Standing
from experts.engines.scheduling.work import START, SWAP, WAKE, Costs, Site

COSTS = Costs({"f": 40.0, "g": 50.0}, {"f": 3.0, "g": 4.0}, {"a": 0.5, "b": 0.7, "c": 0.9})
SITE = Site("s", frozenset("fgh"), "f", "a", {"g": "c"})


@pytest.mark.parametrize(
    ("family", "base", "seconds"),
    [
        pytest.param("f", "a", 0.0, id="what is resident costs nothing"),
        pytest.param("f", "b", 0.7, id="another base of the awake family is swapped in"),
        pytest.param("g", "c", 4.0, id="a sleeping family that holds the base is woken"),
        pytest.param("g", "d", 4.0 + SWAP, id="or woken and given other weights"),
        pytest.param("h", "e", START, id="a family that is not there starts with its base"),
    ],
)
def test_a_change_costs(family, base, seconds):
    assert Standing.of(SITE).change(family, base, COSTS) == pytest.approx(seconds)


def test_a_family_that_made_room_sleeps_on_with_its_base():
    standing = Standing.of(SITE)
    standing.change("g", "c", COSTS)
    assert standing.holds("f", "a")
    assert standing.change("f", "a", COSTS) == 3.0
    assert standing.opening("h", COSTS) == START


def test_a_sleeping_engine_that_dropped_its_weights_needs_them_again():
    standing = Standing.of(Site("s", frozenset("fg"), asleep={"g": None}))
    assert standing.change("g", "c", Costs()) == WAKE + SWAP
