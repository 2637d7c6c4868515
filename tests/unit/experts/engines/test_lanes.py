from experts.engines.lanes import AHEAD_PROMPTS, Lane, Parcel, lanes
from experts.engines.residency import State
from experts.engines.scheduling.work import Site
from tests.engines import FakeEngine, Yard, family, request, station

A, B = family("a", "x", "y", "z"), family("b")


def parcel(base, prompts=1, of=A):
    return Parcel(of.name, [request(base)] * prompts)


def lane(*sent, **stations):
    return Lane("lane", stations or {"a": station(A)}, sent)


def test_an_idle_lane_takes_anything_however_large():
    assert lane().takes(parcel("x", 10 * AHEAD_PROMPTS))


def test_a_lane_takes_a_second_base_and_no_third():
    assert lane(parcel("x")).takes(parcel("y"))
    two = lane(parcel("x"), parcel("y"))
    assert [two.takes(parcel(base)) for base in "xyz"] == [True, True, False]
    assert (two.full, two.bases) == (True, ["x", "y"])


def test_a_lane_takes_only_so_many_prompts():
    some = lane(parcel("x", AHEAD_PROMPTS - 5))
    assert [some.takes(parcel("x", prompts)) for prompts in (5, 6)] == [True, False]


def test_more_of_what_is_coming_joins_and_of_what_is_at_work_where_it_fills_the_engine():
    two = lane(parcel("x", 10), parcel("y"))
    assert two.joinable({"x": 5, "y": 1, "z": 10}) == ["y", "x"]
    assert two.joinable({"x": 5, "y": 1, "z": 11}) == ["y"]
    full = lane(parcel("x", 60), parcel("x", 4), parcel("y"))
    assert full.joinable({"x": 1, "z": 500}) == ["y", "x"]
    assert lane(parcel("x")).joinable({"x": 1}) == ["x"]
    assert lane().joinable({"x": 1}) == []


def test_another_family_comes_when_this_one_is_done():
    assert not lane(parcel("x")).takes(parcel("b-base", of=B))
    assert lane().takes(parcel("b-base", of=B))


def test_engines_that_fit_have_a_lane_each_and_those_that_do_not_share_one():
    a, b, c = station(A), station(B), station(family("c"), node="other")
    sent = {"a/0": [parcel("x")], "c/0": [parcel("c-base")]}
    alone = lanes([a, b, c], frozenset(), sent)
    assert [(each.name, list(each.stations)) for each in alone] == [
        *(("a/0", ["a"]), ("b/0", ["b"]), ("c/0", ["c"]))
    ]
    assert [each.sent for each in alone] == [sent["a/0"], [], sent["c/0"]]
    shared = lanes([a, b, c], {"CPU of node"}, sent)
    assert [(each.name, list(each.stations)) for each in shared] == [
        *(("CPU of node", ["a", "b"]), ("c/0", ["c"]))
    ]
    assert shared[0].sent == sent["a/0"]


def awake(of, resident, held=(), state=State.AWAKE):
    one = station(of)
    one.state, one.engine = state, FakeEngine(Yard(), resident=resident, held=frozenset(held))
    return one


def test_the_plan_sees_what_is_awake_asleep_and_held():
    several, single = family("several", "p", "q"), family("single", "r")
    stations = {
        "a": awake(A, "x", held=["x", "y"]),
        "several": awake(several, "p", held=["q"], state=State.ASLEEP),
        "single": awake(single, "r", state=State.ASLEEP),
        "b": station(B),
    }
    assert Lane("lane", stations).site(7.0) == Site(
        name="lane",
        families=frozenset({"a", "several", "single", "b"}),
        family="a",
        base="x in a",
        asleep={"several": None, "single": "r in single"},  # who changes weights drops them
        held=frozenset({"x in a", "y in a", "q in several"}),
        busy=7.0,
    )


def test_the_plan_begins_where_what_was_sent_ends():
    site = lane(parcel("x"), parcel("y"), a=awake(A, "z")).site(1.0)
    assert (site.family, site.base) == ("a", "y in a")


def test_a_lane_without_an_engine_begins_with_nothing():
    site = lane(a=station(A), b=station(B)).site(0.0)
    assert (site.family, site.base, dict(site.asleep), site.held) == (None, None, {}, frozenset())
