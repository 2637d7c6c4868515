import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import StatusCode

from api.access import PARENT, REQUEST
from api.telemetry.spans import Served, Spans
from tests.finished import ADA, FINISHED, finished

MODELS = {"ada": Served("gpt-4o-mini", "hosted")}


def traced(*events, sampler=ALWAYS_ON):
    """The spans of these events, by name."""
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    kept = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    spans = Spans(provider.get_tracer("test"), MODELS)
    for event in events:
        spans(event)
    return {span.name: span for span in kept.get_finished_spans()}


@pytest.fixture
def in_request():
    tokens = REQUEST.set("req_1"), PARENT.set(f"00-{'a' * 32}-{'b' * 16}-01")
    yield
    REQUEST.reset(tokens[0])
    PARENT.reset(tokens[1])


def test_a_deliberation_is_one_trace_with_a_span_for_the_route_and_each_call():
    spans = traced(finished(), object())
    root = spans["invoke_workflow vote"]
    assert spans.keys() == {root.name, "route", "chat gpt-4o-mini", "chat bob"}
    assert {span.context.trace_id for span in spans.values()} == {root.context.trace_id}
    assert root.parent is None
    children = [span for span in spans.values() if span is not root]
    assert {span.parent.span_id for span in children} == {root.context.span_id}


def test_spans_lie_where_the_work_was_done():
    spans = traced(finished())
    began = int(FINISHED.began * 1e9)
    root, call = spans["invoke_workflow vote"], spans["chat gpt-4o-mini"]
    assert (root.start_time, root.end_time) == (began, began + 2_500_000_000)
    assert call.start_time == pytest.approx(began + ADA.began * 1e9, abs=1e3)
    assert call.end_time - call.start_time == pytest.approx(ADA.seconds * 1e9, abs=1e3)


def test_attributes_are_the_genai_conventions():
    spans = traced(finished(mode="stream", first_text=0.5))
    root, call = spans["invoke_workflow vote"].attributes, spans["chat gpt-4o-mini"].attributes
    assert root["gen_ai.operation.name"] == "invoke_workflow"
    assert root["gen_ai.agent.name"] == "vote"
    assert root["gen_ai.response.time_to_first_chunk"] == 0.5
    assert (root["convene.confidence"], root["convene.calls"]) == (0.9, 2)
    assert call["gen_ai.operation.name"] == "chat"
    assert (call["gen_ai.provider.name"], call["gen_ai.request.model"]) == ("hosted", "gpt-4o-mini")
    assert (call["gen_ai.usage.input_tokens"], call["gen_ai.usage.output_tokens"]) == (10, 5)


def test_what_failed_says_so():
    spans = traced(finished(outcome="panel_failed", author=None, confidence=None))
    root, call = spans["invoke_workflow vote"], spans["chat bob"]
    assert (root.status.status_code, call.status.status_code) == (StatusCode.ERROR,) * 2
    assert root.attributes["error.type"] == "panel_failed"
    assert call.attributes["error.type"] == "timeout"
    assert "convene.author" not in root.attributes
    assert spans["chat gpt-4o-mini"].status.status_code is StatusCode.UNSET


@pytest.mark.usefixtures("in_request")
def test_a_callers_trace_goes_on_here():
    root = traced(finished())["invoke_workflow vote"]
    assert root.context.trace_id == int("a" * 32, 16)
    assert root.parent.span_id == int("b" * 16, 16)
    assert root.attributes["convene.request"] == "req_1"


def test_what_is_not_sampled_is_not_told():
    assert traced(finished(), sampler=ALWAYS_OFF) == {}
