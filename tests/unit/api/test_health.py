import asyncio
from contextlib import asynccontextmanager

from api.app import create_app
from api.running import Running
from tests.unit.api.scripted import ScriptedService, client_of, healthy


def app_without(degraded):
    @asynccontextmanager
    async def opened():
        yield Running(ScriptedService(), healthy, degraded=degraded)

    return create_app(opened)


async def test_a_service_that_answers_without_redis_is_ready_and_says_so():
    async def degraded():
        return ["redis does not answer"]

    async with client_of(app_without(degraded)) as client:
        response = await client.get("/readyz")
    assert (response.status_code, response.json()["awaiting"]) == (200, [])
    assert response.json()["degraded"] == ["redis does not answer"]


async def test_who_probes_does_not_wait_for_what_hangs():
    async def degraded():
        await asyncio.Event().wait()

    async with client_of(app_without(degraded)) as client, asyncio.timeout(20):
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert "did not answer" in response.json()["degraded"][0]
