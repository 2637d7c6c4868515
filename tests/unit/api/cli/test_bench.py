"""How load is sent and measured, in a time that does not pass; the service answers in seconds."""

import asyncio

import pytest

from api.cli import bench
from api.cli.bench import Load, Sample, reported, run, spread
from tests.virtual_time import in_virtual_time


class Service:
    """Answers one request after another, each in `seconds`."""

    def __init__(self, seconds=1.0, outcome="200", first=None):
        self.seconds, self.outcome, self.first = seconds, outcome, first
        self.asked, self.most, self.inside = [], 0, 0
        self._free = asyncio.Lock()

    async def send(self, n):
        self.asked.append(n)
        self.inside += 1
        self.most = max(self.most, self.inside)
        async with self._free:
            await asyncio.sleep(self.seconds)
        self.inside -= 1
        return self.outcome, asyncio.get_running_loop().time() if self.first else None


def clock():
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_so_many_clients_send_so_many_requests():
    service = Service()
    samples = await run(Load(10, None, clients=3), service.send, clock)
    assert sorted(service.asked) == [*range(10)]
    assert service.most == 3
    assert max(sample.seconds for sample in samples) == pytest.approx(3.0)


@in_virtual_time
async def test_clients_stop_when_the_time_is_over():
    started = clock()
    samples = await run(Load(None, 5.5, clients=1), Service().send, clock)
    assert len(samples) == 6
    assert clock() - started == pytest.approx(6.0)


@in_virtual_time
async def test_at_a_fixed_rate_nobody_waits_for_a_slow_answer_and_the_wait_counts():
    service = Service(seconds=1.0)
    samples = await run(Load(5, None, rate=10.0), service.send, clock)
    assert service.most == 5
    # each is due a tenth of a second after the last and answered a second after it
    expected = [1.0, 1.9, 2.8, 3.7, 4.6]
    assert [sample.seconds for sample in samples] == pytest.approx(expected)


@in_virtual_time
async def test_a_rate_for_a_time_is_so_many_requests():
    samples = await run(Load(None, 2.0, rate=10.0), Service(0.0).send, clock)
    assert len(samples) == 20


@in_virtual_time
async def test_the_first_text_is_timed_from_when_a_request_was_due():
    samples = await run(Load(2, None, clients=2), Service(1.0, first=True).send, clock)
    assert [sample.first for sample in samples] == pytest.approx([1.0, 2.0])


def test_only_answers_are_timed_and_errors_counted_by_what_they_were():
    samples = [Sample("200", 0.1, 0.05), Sample("200", 0.3), Sample("429", 9.0), Sample("429", 9.0)]
    report = reported(samples, 2.0)
    assert (report["requests"], report["answered"], report["errors"]) == (4, 2, {"429": 2})
    assert report["answers_per_second"] == 1.0
    assert report["latency_seconds"]["most"] == 0.3
    assert report["first_text_seconds"]["p50"] == 0.05


def test_percentiles_are_by_nearest_rank():
    figures = spread([float(n) for n in range(1, 101)])
    assert (figures["p50"], figures["p95"], figures["p99"], figures["most"]) == (50, 95, 99, 100)
    assert spread([3.0])["p99"] == 3.0
    assert spread([]) is None


def test_a_report_without_answers_can_be_shown():
    table = bench.told(reported([Sample("ClientConnectorError", 0.1)], 0.1))
    assert "0 of 1 answered" in table.title
    assert "1 x ClientConnectorError" in table.caption
