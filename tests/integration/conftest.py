"""A Redis server of its own for each test that asks for one."""

import pytest
from redis.asyncio import Redis

from routing.redis_server import private_redis


@pytest.fixture
async def url(tmp_path):
    async with private_redis(tmp_path) as url:
        yield url


@pytest.fixture
async def redis(url):
    async with Redis.from_url(url) as redis:
        yield redis
