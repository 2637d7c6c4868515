from prometheus_client import generate_latest
from rich.console import Console

from api.cli.status import Status, figures, samples, told
from api.telemetry.engines import engine_registry
from experts.engines.generation import EngineStatus

ENGINE = EngineStatus(
    "llama", 7, "maths", 3, {"law": 2}, 1, 10.0, 0.5, 4.0, held=("maths", "law"), restarts=1
)
COUNTS = {"total": 9, "completed": 3, "failed": 1}
BATCH = {"id": "batch_1", "status": "in_progress", "request_counts": COUNTS}
REQUESTS = """
# TYPE convene_http_requests_in_flight gauge
convene_http_requests_in_flight 2.0
# TYPE convene_calls_total counter
convene_calls_total{expert="ada",role="panel",outcome="answered"} 5.0
convene_calls_total{expert="ada",role="aggregator",outcome="answered"} 1.0
convene_calls_total{expert="ada",role="panel",outcome="timeout"} 2.0
# TYPE convene_circuit_state gauge
convene_circuit_state{expert="ada"} 2.0
convene_circuit_state{expert="bob"} 0.0
"""


def scraped():
    return REQUESTS + generate_latest(engine_registry([ENGINE, ENGINE])).decode()


def shown(status):
    console = Console(width=120)
    with console.capture() as captured:
        for part in told(status):
            console.print(part)
    return captured.get()


def test_what_the_metrics_say_is_read_from_them():
    found = figures(samples(scraped()))
    assert found["in_flight"] == 2
    assert found["calls"] == {"ada": {"answered": 6, "timeout": 2}}
    assert found["circuits"] == {"ada": "left alone", "bob": "asked"}
    assert [*found["engines"]] == ["llama/0", "llama/1"]
    engine = found["engines"]["llama/0"]
    assert (engine["state"], engine["resident"]) == (["awake"], ["maths"])
    assert engine["held"] == ["maths", "law"]
    assert (engine["waiting"], engine["running"], engine["swaps"]) == (2, 1, 3)


def test_people_are_shown_what_is_known():
    text = shown(
        Status("http://x", True, [], [], ["ada"], [BATCH], True, **figures(samples(scraped())))
    )
    assert "http://x: ready" in text
    assert "in flight, this one too: 2" in text
    assert "2 timeout" in text
    assert "llama/1" in text
    assert "ada is left alone" in text
    assert "batch_1 is in progress: 4 of 9 lines, 1 failed" in text
    assert "bob is" not in text


def test_what_is_awaited_and_what_a_key_does_not_show_is_told():
    text = shown(Status("http://x", False, ["redis does not answer"], ["budgets"], []))
    assert "not ready" in text
    assert "waits for redis does not answer" in text
    assert "does without: budgets" in text
    assert "admins" in text
