"""An embedding model against a real server that misbehaves."""

import asyncio

import pytest

from experts.embedders import HostedEmbedderCard
from experts.errors import (
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    CircuitOpen,
    EmptyReply,
    RegistryError,
)
from experts.hosted.embedder import HostedEmbedder
from experts.hosted.openai_backend import session
from experts.hosted.retrying import Retries
from tests.openai_server import answers, embeds, hangs, refuses, serving, vector
from tests.waiting import until

KEY = "sk-canary-0123456789"
SOON = Retries(pause=0.001)


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


@pytest.fixture
async def shared():
    async with session() as shared:
        yield shared


def made(server, shared, retries=SOON, **values):
    card = HostedEmbedderCard(kind="hosted", model="m", base_url=server.url, api_key=KEY, **values)
    return HostedEmbedder("small", card, shared, retries)


async def test_texts_and_tokens_are_sent_with_the_key_and_vectors_come_back(server, shared):
    found = await made(server, shared).embed(["the sea", [1, 2, 3]])
    assert found.vectors.tolist() == [vector("the sea", 0), vector([1, 2, 3], 1)]
    assert found.tokens == 5
    (call,) = server.calls
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.body == {"model": "m", "input": ["the sea", [1, 2, 3]], "encoding_format": "base64"}


async def test_a_server_that_knows_no_base64_is_understood(server, shared):
    server.embedding = embeds(base64=False)
    assert (await made(server, shared).embed(["a"])).vectors.tolist() == [vector("a", 0)]


async def test_it_is_asked_again_after_what_may_pass_and_no_sooner_than_the_server_says(
    server, shared
):
    server.next.extend([refuses(500), refuses(429, Retry_After="0.2")])
    clock = asyncio.get_running_loop().time
    began = clock()
    await made(server, shared).embed(["a"])
    assert len(server.calls) == 3
    assert clock() - began >= 0.2


async def test_what_will_not_pass_is_told_at_once_without_the_key(server, shared):
    server.default = server.embedding = refuses(401, f"bad key {KEY}")
    with pytest.raises(BackendRejected, match=r"401.*bad key \*\*\*"):
        await made(server, shared).embed(["a"])
    assert len(server.calls) == 1


async def test_vectors_that_are_missing_are_no_reply(server, shared):
    server.next.append(answers({"data": []}))
    with pytest.raises(EmptyReply, match="0 vectors for 1 inputs"):
        await made(server, shared).embed(["a"])


async def test_a_call_has_a_deadline_after_which_the_server_is_left(server, shared):
    server.embedding = hangs()
    with pytest.raises(BackendTimeout):
        await made(server, shared, seconds=0.1).embed(["a"])


async def test_one_that_keeps_failing_is_left_alone(server, shared):
    server.embedding = refuses(503)
    embedder = made(server, shared, Retries(most=0))
    for _ in range(5):
        with pytest.raises(BackendUnavailable, match="503"):
            await embedder.embed(["a"])
    with pytest.raises(CircuitOpen):
        await embedder.embed(["a"])
    assert len(server.calls) == 5


async def test_no_more_calls_are_made_at_once_than_the_card_allows(server, shared):
    server.embedding = hangs()
    embedder = made(server, shared, concurrency=2)
    waiting = [asyncio.create_task(embedder.embed(["a"])) for _ in range(8)]
    await until(lambda: len(server.calls) == 2)
    server.next.extend([embeds()] * 6)
    for task in waiting[:2]:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (len(server.calls), server.most) == (8, 2)


@pytest.mark.parametrize(
    "values", [{"base_url": "http://"}, {"base_url": "http://me:pw@x/v1"}, {"api_key": "ü"}]
)
async def test_a_card_that_cannot_be_used_is_refused(shared, values):
    fields = {"kind": "hosted", "model": "m", "base_url": "http://x/v1", **values}
    with pytest.raises(RegistryError, match=r"embedders\.small\."):
        HostedEmbedder("small", HostedEmbedderCard(**fields), shared)
