import asyncio
from contextlib import asynccontextmanager

import api.metrics
from api.app import create_app
from api.running import Running
from experts.circuit import State
from experts.engines.generation import EngineStatus
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of, healthy

ENGINE = EngineStatus("qwen-1", 17, "a", 3, {}, 0, 0.0, 0.0, 0.0)


def app_with(engines):
    @asynccontextmanager
    async def opened():
        yield Running(ScriptedService(), healthy, engines)

    return create_app(opened)


async def test_requests_are_counted_by_the_apps_own_urls():
    async with client_of(app_of(ScriptedService())) as client:
        await client.post("/v1/chat/completions", json=asking())
        await client.get("/v1/models/ada")
        await client.get("/secret/path")
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    total = "convene_http_requests_total"
    assert (
        f'{total}{{method="POST",route="/v1/chat/completions",status="200"}} 1.0' in response.text
    )
    assert f'{total}{{method="GET",route="other",status="404"}} 1.0' in response.text
    assert "secret" not in response.text
    assert "convene_http_requests_in_flight 1.0" in response.text
    assert "_created" not in response.text


async def test_an_engine_that_is_gone_leaves_no_series():
    engines = [ENGINE]

    async def statuses():
        return engines

    async with client_of(app_with(statuses)) as client:
        there = await client.get("/metrics")
        engines.clear()
        gone = await client.get("/metrics")
    assert 'convene_engine_swaps_total{family="qwen-1",replica="0"} 3.0' in there.text
    assert "qwen-1" not in gone.text


async def test_a_scrape_says_who_is_left_alone():
    @asynccontextmanager
    async def opened():
        yield Running(ScriptedService(), healthy, circuits=lambda: {"ada": State.OPEN})

    async with client_of(create_app(opened)) as client:
        response = await client.get("/metrics")
    assert 'convene_circuit_state{expert="ada"} 2.0' in response.text


async def test_engines_that_say_nothing_do_not_hold_a_scrape_up():
    async def statuses():
        await asyncio.Event().wait()

    async with client_of(app_with(statuses)) as client, asyncio.timeout(api.metrics.SECONDS + 30):
        response = await client.get("/metrics")
    assert response.status_code == 200
    assert "convene_engines_answered 0.0" in response.text


async def test_until_it_is_known_whether_keys_are_asked_for_nobody_scrapes():
    @asynccontextmanager
    async def opened():
        await asyncio.Event().wait()
        yield

    async with client_of(create_app(opened), wait=False) as client:
        response = await client.get("/metrics")
    assert response.status_code == 503
    assert response.headers["retry-after"]
