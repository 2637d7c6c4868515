from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from api.telemetry.series import Counters, Histograms

BOUNDS = (0.5, 1, 2.5)


def samples(collector):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in collector.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(st.floats(min_value=0, max_value=5)))
def test_a_histogram_is_told_as_prometheus_own_is(values):
    registry = CollectorRegistry()
    theirs = Histogram("h", "says", ["a"], buckets=BOUNDS, registry=registry)
    ours = Histograms("h", "says", ["a"], BOUNDS)
    for value in values:
        theirs.labels("x").observe(value)
        ours.of("x").observe(value)
    assert samples(ours) == samples(registry)


def test_a_counter_has_a_series_for_each_of_its_labels():
    counters = Counters("c", "says", ["a", "b"])
    counters.of("x", "y").inc()
    counters.of("x", "y").inc(2)
    counters.of("x", "z").inc(0.5)
    found = samples(counters)
    assert found["c_total", ("a", "x"), ("b", "y")] == 3
    assert found["c_total", ("a", "x"), ("b", "z")] == 0.5
