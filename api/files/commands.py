"""Redis's commands as values: made by pure functions, and done together as one step."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

Command = tuple[str | int | float | bytes, ...]


async def ask(redis: Redis, *command: str | int | float | bytes) -> Any:
    """One command's answer as Redis gives it: texts are bytes."""
    return await redis.execute_command(*command)  # type: ignore[no-untyped-call]


async def together(redis: Redis, commands: Sequence[Command]) -> None:
    """All of them as one step."""
    async with redis.pipeline(transaction=True) as pipeline:
        await execute(pipeline, commands)


async def execute(pipeline: Pipeline, commands: Sequence[Command]) -> None:
    """The same, of a pipeline that may watch what others change. Raises `WatchError`."""
    for command in commands:
        await pipeline.execute_command(*command)  # queued
    await pipeline.execute()
