"""A `convene serve` whose experts come and go, and which learns from its users, while it runs."""

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis

from api.keys.key import Role
from api.keys.records import Records
from routing.redis_server import private_redis
from tests import openai_server
from tests.acceptance import commands
from tests.keys import made

EXPERTS = """
experts:
  ada: {kind: scripted, default: "The answer is 4.", skills: [arithmetic]}
  ben: {kind: scripted, default: "The answer is 5.", skills: [arithmetic]}
  slow: {kind: scripted, default: "The answer is 4.", delay: 1.5}
"""
QUESTION = {"messages": [{"role": "user", "content": "2 + 2?"}]}
WAIT = 20  # seconds for what takes a few


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(f"{EXPERTS}service: {{data: {tmp_path / 'data'}}}\n")
    return file


@asynccontextmanager
async def workers(config, count=1, logged=None):
    """So many services on one Redis, ready, each as (process, client)."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(count):
            running, address = await stack.enter_async_context(
                commands.process("--config", config, logged=logged)
            )
            stack.callback(_stop, running)
            client = httpx.AsyncClient(base_url=address, timeout=60)
            found.append((running, await stack.enter_async_context(client)))
        for _, client in found:
            await eventually(lambda client=client: client.get("/readyz"), ok)
        yield found


def _stop(running):
    if running.returncode is None:
        running.terminate()


async def eventually(ask, holds):
    """The first response that is as it should be."""
    async with asyncio.timeout(WAIT):
        while not holds(response := await ask()):  # noqa: ASYNC110 - as a client would
            await asyncio.sleep(0.05)
    return response


def ok(response):
    return response.status_code == 200


async def keys(config, **whose):
    """Headers with a key each, by name: of a tenant, and with a role."""
    found = {}
    folder = config.parent / "data" / "redis"
    async with private_redis(folder) as url, Redis.from_url(url) as redis:
        for name, options in whose.items():
            key, token = made(name, **options)
            await Records(redis).add(key)
            found[name] = {"authorization": f"Bearer {token}"}
    return found


async def ask(client, model, **headers):
    body = {"model": model, **QUESTION}
    if model == "everyone":
        body["convene"] = {"deny": ["slow"]}
    return await client.post("/v1/chat/completions", json=body, headers=headers)


async def test_experts_are_posted_asked_and_dismissed_by_admins_and_others_may_not(config):
    found = await keys(config, boss={"role": Role.ADMIN}, app={})
    admin, user = found["boss"], found["app"]
    logged = bytearray()
    async with openai_server.serving() as upstream:
        card = {
            "kind": "hosted",
            "model": "far",
            "base_url": upstream.url,
            "api_key": "sk-canary-posted",
        }
        async with workers(config, 2, logged) as ((_, one), (_, other)):
            body = {"name": "far", "card": card}
            refused = await one.post("/v1/experts", json=body, headers=user)
            assert (refused.status_code, await _count(one, admin)) == (403, 3)
            posted = await one.post("/v1/experts", json=body, headers=admin)
            assert posted.status_code == 201
            assert (await ask(one, "far", **user)).status_code == 200
            await eventually(lambda: ask(other, "far", **user), ok)
            assert upstream.calls[-1].headers["Authorization"] == "Bearer sk-canary-posted"
            listed = await other.get("/v1/experts", headers=admin)
            assert listed.json()["data"][-1]["source"] == "posted"
            upstream.default = _slowly(openai_server.says("At last."), asyncio.Event())
            asking = asyncio.create_task(ask(one, "far", **user))
            await _until(lambda: upstream.running == 1)
            assert (await other.delete("/v1/experts/far", headers=admin)).status_code == 200
            await eventually(
                lambda: one.get("/v1/experts", headers=admin),
                lambda response: states(response)["far"] == "draining",
            )
            assert (await ask(one, "far", **user)).status_code == 404
            upstream.default.release.set()
            assert "At last." in (await asking).text
            told = posted.text + listed.text
        assert (await _restarted(config, admin)) == 3
    assert "sk-canary-posted" not in told + logged.decode()


async def test_feedback_changes_whom_a_tenants_questions_are_asked_of_and_nobody_elses(config):
    found = await keys(config, app={}, web={}, stranger={"tenant": "umbrella"})
    acme, other_of_acme, umbrella = found["app"], found["web"], found["stranger"]
    async with workers(config, 2) as ((_, one), (_, other)):

        async def first(client, headers):
            body = {"question": "2 + 2?", "model": "best-single"}
            return (await client.post("/v1/route", json=body, headers=headers)).json()["panel"]

        assert await first(one, acme) == ["ada"]
        for _ in range(12):
            answered = await ask(one, "everyone", **acme)
            said = {"request_id": answered.headers["x-request-id"], "answer": "5"}
            for headers in (umbrella, {}):
                stranger = await other.post("/v1/feedback", json=said, headers=headers)
                assert stranger.status_code in (401, 404)
            given = await other.post("/v1/feedback", json=said, headers=other_of_acme)
            assert given.json()["credited"] == {"ada": 0.0, "ben": 1.0}
        for client in (one, other):
            await _routed(lambda client=client: first(client, acme), ["ben"])
            assert await first(client, umbrella) == ["ada"]


async def test_the_registry_file_is_followed_while_it_is_right(config):
    async with workers(config) as [(running, client)]:
        asking = asyncio.create_task(ask(client, "slow"))
        await asyncio.sleep(0.3)  # nothing tells from outside that it is being asked
        good = config.read_text().replace("slow:", "new:").replace("is 5", "is 6")
        config.write_text(good)
        await eventually(lambda: ask(client, "new"), ok)
        assert "answer is 6" in (await ask(client, "ben")).text
        assert (await ask(client, "slow")).status_code == 404
        assert "answer is 4" in (await asking).text
        config.write_text(good.replace("kind: scripted", "kind: scriptd"))
        await _counted(client, 'convene_reloads_total{outcome="refused"} 1.0')
        running.send_signal(signal.SIGHUP)
        await _counted(client, 'convene_reloads_total{outcome="refused"} 2.0')
        assert "answer is 6" in (await ask(client, "ben")).text
        config.write_text(f"{good}cluster: {{engines: 3}}\n")
        running.send_signal(signal.SIGHUP)
        await _counted(client, 'convene_reloads_total{outcome="partly"} 1.0')


def states(listed):
    return {each["name"]: each["state"] for each in listed.json()["data"]}


async def _restarted(config, admin):
    async with workers(config) as [(_, client)]:
        return await _count(client, admin)


async def _count(client, admin):
    return len((await client.get("/v1/experts", headers=admin)).json()["data"])


async def _counted(client, line):
    await eventually(lambda: client.get("/metrics"), lambda response: line in response.text)


async def _routed(ask_, panel):
    async with asyncio.timeout(WAIT):
        while await ask_() != panel:  # noqa: ASYNC110 - as a client would
            await asyncio.sleep(0.05)


async def _until(condition):
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


def _slowly(behave, release):
    """A behaviour that begins when it is released."""

    async def slow(call):
        await release.wait()
        return await behave(call)

    slow.release = release
    return slow
