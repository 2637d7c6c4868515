from api.telemetry.engines import engine_registry
from experts.engines.generation import EngineStatus


def status(family="qwen-1", **changes):
    values = {"swaps": 3, "waiting": {"a": 2, "b": 5}, "running": 4, **changes}
    return EngineStatus(
        family, 17, values.pop("resident", "a"), busy_seconds=9.0, swap_seconds=1.5,
        start_seconds=12.0, **values,
    )  # fmt: skip


def value(statuses, name, **labels):
    return engine_registry(statuses).get_sample_value(f"convene_{name}", labels)


FIRST = {"family": "qwen-1", "replica": "0"}


def test_an_engine_tells_its_queue_its_work_and_its_swaps():
    engines = [status(waiting_batch=1, steps=7, prompt_tokens=8, completion_tokens=9)]
    assert value(engines, "engine_waiting", **FIRST) == 7
    assert value(engines, "engine_waiting_batch", **FIRST) == 1
    assert value(engines, "engine_running", **FIRST) == 4
    assert value(engines, "engine_swaps_total", **FIRST) == 3
    assert value(engines, "engine_swap_seconds_total", **FIRST) == 1.5
    assert value(engines, "engine_steps_total", **FIRST) == 7
    assert value(engines, "engine_prompt_tokens_total", **FIRST) == 8
    assert value(engines, "engine_completion_tokens_total", **FIRST) == 9


def test_engines_of_one_family_are_told_apart_by_their_place():
    engines = [status(), status("llama-2"), status(up=False, restarts=2)]
    assert value(engines, "engine_up", **FIRST) == 1
    assert value(engines, "engine_up", family="qwen-1", replica="1") == 0
    assert value(engines, "engine_up", family="llama-2", replica="0") == 1
    assert value(engines, "engine_restarts_total", family="qwen-1", replica="1") == 2


def test_residency_and_state_are_series_that_hold_now():
    engines = [status(state="asleep", held=("b", "c"))]
    assert value(engines, "engine_resident", base="a", **FIRST) == 1
    assert value(engines, "engine_held", base="c", **FIRST) == 1
    assert value(engines, "engine_state", state="asleep", **FIRST) == 1
    assert value(engines, "engine_state", state="awake", **FIRST) is None


def test_an_engine_without_weights_is_resident_with_nothing():
    assert value([status(resident="")], "engine_resident", base="", **FIRST) is None


def test_engines_that_did_not_answer_leave_one_series_that_says_so():
    assert value(None, "engines_answered") == 0
    assert value([], "engines_answered") == 1
    samples = [s for metric in engine_registry(None).collect() for s in metric.samples]
    assert [sample.name for sample in samples] == ["convene_engines_answered"]
