"""What tests of a whole service keep its responses in."""

import pytest
from redis.asyncio import Redis

from routing.redis_server import private_redis
from tests.responses import patient


@pytest.fixture
async def store(tmp_path):
    """In a Redis of the test's own."""
    async with private_redis(tmp_path / "redis") as url, Redis.from_url(url) as redis:
        yield patient(redis)
