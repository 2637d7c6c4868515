import asyncio
from contextlib import asynccontextmanager

from api.app import create_app
from api.running import Running
from tests.unit.api.scripted import ScriptedService, asking, client_of, healthy


class Slow:
    """Opens when told to, and remembers how it ended."""

    def __init__(self, ready=healthy):
        self.opening = asyncio.Event()
        self.go = asyncio.Event()
        self.closed = False
        self.cancelled = False
        self._ready = ready

    @asynccontextmanager
    async def opened(self):
        self.opening.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        yield Running(ScriptedService(), self._ready)
        self.closed = True


async def until_ready(client):
    async with asyncio.timeout(5):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - as a prober does
            await asyncio.sleep(0)


async def test_it_answers_while_it_opens_and_serves_once_it_is_open():
    slow = Slow()
    async with client_of(create_app(slow.opened), wait=False) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["awaiting"]) == (503, ["the experts to start"])
        for refused in (
            await client.post("/v1/chat/completions", json=asking()),
            await client.get("/v1/models"),
        ):
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "5"
            assert refused.json()["error"]["code"] == "opening"
        slow.go.set()
        await until_ready(client)
        assert (await client.post("/v1/chat/completions", json=asking())).status_code == 200
    assert slow.closed


async def test_a_stop_while_opening_cancels_the_opening():
    slow = Slow()
    async with client_of(create_app(slow.opened), wait=False):
        await slow.opening.wait()
    assert slow.cancelled
    assert not slow.closed


async def test_a_service_that_cannot_open_is_reported_and_logged(caplog):
    @asynccontextmanager
    async def opened():
        raise RuntimeError("no GPU here")
        yield

    heard = asyncio.Queue()
    async with client_of(create_app(opened, failed=heard.put_nowait), wait=False) as client:
        async with asyncio.timeout(5):
            error = await heard.get()
        assert (await client.get("/readyz")).status_code == 503
    assert str(error) == "no GPU here"
    assert "no GPU here" in caplog.text


async def test_not_ready_names_what_is_missing():
    async def missing():
        return ["redis"]

    slow = Slow(missing)
    slow.go.set()
    async with client_of(create_app(slow.opened), wait=False) as client:
        async with asyncio.timeout(5):
            while (await client.get("/v1/models")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0)
        response = await client.get("/readyz")
    assert (response.status_code, response.json()["awaiting"]) == (503, ["redis"])
