import asyncio

import httpx
import pytest

from api.gate import Gate
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of
from tests.waiting import until


async def test_what_is_too_much_is_refused_at_once_and_health_is_not():
    service = ScriptedService(script=(30.0,))
    async with client_of(app_of(service, most=1)) as client:
        first = asyncio.create_task(client.post("/v1/chat/completions", json=asking("slow")))
        async with asyncio.timeout(10):
            await service.started.wait()
        refused = await client.post("/v1/chat/completions", json=asking("too much"))
        healthy = await client.get("/healthz")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["code"] == "busy"
    assert healthy.status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/healthz"])
async def test_who_leaves_makes_room_even_after_an_error(path: str):
    async def broken(scope, receive, send):
        raise OSError("broken")

    gate = Gate(broken, most=1)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(gate), base_url="http://localhost"
    ) as client:
        for _ in range(2):
            with pytest.raises(OSError, match="broken"):
                await client.get(path)
    await until(lambda: gate.inside == 0)
