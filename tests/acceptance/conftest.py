"""What tests of a whole service keep its responses in."""

import pytest
from redis.asyncio import Redis

from api.responses.store import Store
from routing.redis_server import private_redis


@pytest.fixture
async def store(tmp_path):
    """In a Redis of the test's own."""
    async with private_redis(tmp_path / "redis") as url, Redis.from_url(url) as redis:
        yield Store.on(redis, days=30, mib=16)
