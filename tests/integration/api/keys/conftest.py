"""Two workers on one real Redis."""

import asyncio

import pytest
from redis.asyncio import Redis

from api.keys.ledger import Ledger
from routing.redis_server import private_redis


@pytest.fixture
async def ledgers(url):
    async with Redis.from_url(url) as one, Redis.from_url(url) as other:
        yield Ledger(one), Ledger(other)


@pytest.fixture
def url_of_a_server(tmp_path):
    """The same for a test that has threads and no event loop of its own."""
    with asyncio.Runner() as runner:
        server = private_redis(tmp_path)
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))
