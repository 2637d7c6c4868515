from dataclasses import replace

from api.telemetry.kept import Recalled
from api.telemetry.metrics import Metrics
from api.telemetry.requests import RequestFinished, RequestStarted
from tests.finished import ADA, BOB, finished

VOTE = {"policy": "vote"}


def told(*events):
    metrics = Metrics(["vote", "ada", "bob"])
    for event in events:
        metrics(event)
    return metrics


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"convene_{name}", labels)


def labels_of(metrics):
    return {
        text
        for metric in metrics.registry.collect()
        for sample in metric.samples
        for name, text in sample.labels.items()
        if name != "le"
    }


def test_a_deliberation_is_counted_with_its_times_and_beliefs():
    metrics = told(finished(), finished(mode="stream", first_text=0.5))
    ended = {**VOTE, "outcome": "answered"}
    assert value(metrics, "deliberations_total", mode="plain", **ended) == 1
    assert value(metrics, "deliberations_total", mode="stream", **ended) == 1
    assert value(metrics, "deliberation_seconds_sum", mode="plain", **VOTE) == 2.5
    assert value(metrics, "overhead_seconds_sum", **VOTE) == 2 * finished().overhead
    assert value(metrics, "routing_seconds_sum", **VOTE) == 0.2
    assert value(metrics, "time_to_first_token_seconds_count", **VOTE) == 1
    assert value(metrics, "calls_per_deliberation_sum", **VOTE) == 4
    assert value(metrics, "confidence_sum", **VOTE) == 1.8
    assert value(metrics, "agreement_sum", **VOTE) == 2


def test_calls_are_counted_by_expert_with_tokens_and_cost():
    metrics = told(finished())
    panel = {"role": "panel"}
    assert value(metrics, "calls_total", expert="ada", outcome="answered", **panel) == 1
    assert value(metrics, "calls_total", expert="bob", outcome="timeout", **panel) == 1
    assert value(metrics, "call_seconds_sum", expert="ada") == ADA.seconds
    assert value(metrics, "call_queue_seconds_sum", mode="plain") == ADA.queued
    assert value(metrics, "tokens_total", expert="ada", kind="prompt") == 10
    assert value(metrics, "tokens_total", expert="ada", kind="completion") == 5
    assert value(metrics, "cost_dollars_total", expert="ada") == 0.5
    assert value(metrics, "tokens_total", expert="bob", kind="prompt") is None


def test_what_failed_is_counted_and_not_timed():
    metrics = told(finished(outcome="panel_failed", calls=(BOB,), confidence=None))
    ended = {**VOTE, "mode": "plain"}
    assert value(metrics, "deliberations_total", outcome="panel_failed", **ended) == 1
    assert value(metrics, "deliberation_seconds_count", **ended) is None


def test_a_batch_has_no_overhead_of_its_own():
    assert value(told(finished(mode="batch")), "overhead_seconds_count", **VOTE) is None


def test_requests_are_counted_and_those_in_flight_are_known():
    metrics = told(RequestStarted(), RequestStarted(), RequestFinished("GET", "/healthz", 200, 0.5))
    assert value(metrics, "http_requests_in_flight") == 1
    counted = {"method": "GET", "route": "/healthz", "status": "200"}
    assert value(metrics, "http_requests_total", **counted) == 1
    assert value(metrics, "http_request_seconds_sum", route="/healthz") == 0.5


def test_whatever_clients_send_the_labels_stay_few():
    calls = [ADA.__class__(f"x{i}", "panel", 0.0, 1.0, 1.0, "answered") for i in range(100)]
    events = [finished(policy=f"p{i}", calls=(calls[i],)) for i in range(100)]
    visits = [RequestFinished(f"M{i}", None, None, 0.1) for i in range(100)]
    few = labels_of(told(finished(), *events[:1], *visits[:1]))
    assert labels_of(told(finished(), *events, *visits)) == few
    assert {"other", "none"} <= few


def test_answers_that_are_given_again_are_counted():
    metrics = Metrics()
    for _ in range(2):
        metrics(Recalled())
    assert metrics.registry.get_sample_value("convene_kept_answers_total") == 2


def test_second_calls_and_stand_ins_are_counted_by_the_expert_they_were_for():
    hedged = replace(ADA, usage=replace(ADA.usage, untold=1))
    metrics = told(finished(calls=(hedged, BOB), replaced=("bob", "stranger")))
    assert value(metrics, "hedges_total", expert="ada") == 1
    assert value(metrics, "fallbacks_total", expert="bob") == 1
    assert value(metrics, "fallbacks_total", expert="other") == 1
