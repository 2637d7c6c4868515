"""What a client with a key learns of the operator's network: nothing. The log tells it, once."""

import re
import socket
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis

from api.embedders.opening import opened as embedders_opened
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.ledger import Ledger
from api.keys.records import Records
from api.keys.visitor import Keys
from experts.cards import Cluster, HostedCard
from experts.embedders import HostedEmbedderCard
from experts.hosted.expert import opened
from experts.scripted import ScriptedExpert
from orchestrator.policies import POLICIES
from routing.redis_server import private_redis
from tests.acceptance import commands
from tests.acceptance.served import served, service_of
from tests.encoders import BagOfWords
from tests.keys import made

QUESTION = [{"role": "user", "content": "Why?"}]
CHAT, STORY = "/v1/chat/completions", {"explain": True}


@pytest.fixture
def dead():
    """The port of a backend that is not there, and that nobody else takes meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@asynccontextmanager
async def client_of(port, folder):
    url = f"http://127.0.0.1:{port}/v1"
    cards = {"dead": HostedCard(kind="hosted", model="m", base_url=url)}
    embedders = {"small": HostedEmbedderCard(kind="hosted", model="m", base_url=url)}
    async with (
        private_redis(folder) as at,
        Redis.from_url(at) as redis,
        opened(cards, Cluster()) as experts,
        embedders_opened(embedders, BagOfWords()) as models,
    ):
        key, token = made()
        await Records(redis).add(key)
        keys = Keys(Keeper(Records(redis), Ledger(redis)), Estimator(cards, POLICIES))
        service = service_of(*experts.values(), ScriptedExpert("ada", default="It is 42."))
        async with (
            served(service, keys=keys, key=token, embedders=models) as here,
            httpx.AsyncClient(
                base_url=here.url, headers={"authorization": f"Bearer {token}"}
            ) as client,
        ):
            yield client


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (CHAT, {"model": "dead", "messages": QUESTION}, "dead: unavailable: its server"),
        (CHAT, {"model": "dead", "messages": QUESTION, "stream": True}, "its server cannot"),
        (CHAT, {"model": "vote", "messages": QUESTION, "convene": STORY}, "its server cannot"),
        ("/v1/embeddings", {"model": "small", "input": "the sea"}, "small: unavailable: its"),
    ],
    ids=["plain", "stream", "story", "embeddings"],
)
async def test_a_dead_backend_is_named_in_the_log_alone(dead, tmp_path, caplog, path, body, told):
    async with client_of(dead, tmp_path / "redis") as client:
        response = await client.post(path, json=body)
    heard = f"{response.text} {response.headers.raw}"
    assert told in heard
    assert re.search(rf"\b{dead}\b|127\.0\.0\.1|Connector|refused", heard) is None
    (line,) = [record for record in caplog.records if str(dead) in record.getMessage()]
    assert (line.action, line.expert) == ("call_failed", body["model"].replace("vote", "dead"))


async def test_who_asks_on_the_command_line_is_told_which_server_it_is(dead, tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(
        f"experts:\n  ada: {{kind: hosted, model: m, base_url: 'http://127.0.0.1:{dead}/v1'}}\n"
        f"service: {{data: {tmp_path / 'data'}}}\n"
    )
    ran = await commands.convene("ask", "Why?", "--model", "ada", "--config", file)
    assert (ran.code, ran.out) == (1, "")
    failed, *_, told = ran.err.splitlines()
    assert failed.startswith(f"ada failed: unavailable: 127.0.0.1:{dead}: ")
    assert told == "convene: no expert replied: ada: unavailable: its server cannot be reached"
