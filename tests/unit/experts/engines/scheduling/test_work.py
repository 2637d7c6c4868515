from experts.engines.scheduling.work import READ, Costs, Group, Lane, Plan, Step


def test_a_part_takes_its_share_of_the_seconds():
    assert Group("a", "f", 200, 30.0).share(50) == 7.5


def test_what_was_never_measured_is_assumed():
    assert (Costs().reading("a"), Costs(read={"a": 2.0}).reading("a")) == (READ, 2.0)
    assert (Costs().taking("a"), Costs(size={"a": 16e9}).taking("a")) == (1.0, 16e9)


def test_a_plan_is_done_with_its_last_lane():
    step = Step("a", "f", 1, 0.0, 0.0, 0.0, 4.0)
    assert Plan({"s": Lane((step,)), "t": Lane()}).makespan == 4.0
    assert Plan({}).makespan == 0.0
