"""The Redis that everything shared is kept in: the file's, or a private one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.settings import Settings
from routing.redis_program import RedisServerError
from routing.redis_server import private_redis

PING_SECONDS = 5.0


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Redis]:
    """A client of it, which has answered. Raises `RedisServerError`."""
    async with AsyncExitStack() as stack:
        url = settings.service.redis
        if url is None:
            folder = settings.service.data / "redis"
            url = await stack.enter_async_context(private_redis(folder))
        redis: Redis = Redis.from_url(url, socket_timeout=PING_SECONDS)
        stack.push_async_callback(redis.aclose)
        if absent := await missing(redis):
            raise RedisServerError(f"{absent[0]}; see service.redis in the registry file")
        yield redis


async def missing(redis: Redis) -> list[str]:
    """Why it cannot be used now; nothing if it can."""
    try:
        async with asyncio.timeout(PING_SECONDS):
            await redis.ping()
    except (RedisError, TimeoutError) as error:
        return [f"redis does not answer: {error}"]
    return []
