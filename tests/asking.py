"""Asks experts on engines, and waits for what their engines do."""

import asyncio
from pathlib import Path

from experts.engines.expert import VllmExpert
from experts.engines.generation import EngineStatus
from experts.types import Answer, Failure, Prompt


async def said(expert: VllmExpert, *texts: str) -> list[str | Failure]:
    """Texts, and what failed as it is."""
    replies = await expert.ask([Prompt.of(text) for text in texts])
    return [reply.text if isinstance(reply, Answer) else reply for reply in replies]


async def status(expert: VllmExpert) -> EngineStatus:
    """Of its one engine."""
    [status] = await expert.status()
    return status


async def idle(expert: VllmExpert) -> EngineStatus:
    """Waits until the engine has nothing to do."""
    async with asyncio.timeout(10):
        while (now := await status(expert)).running or now.waiting:  # noqa: ASYNC110 - it sets no event here
            await asyncio.sleep(0.02)
    return now


async def running(expert: VllmExpert, prompts: int) -> None:
    """Waits until the engine works on as many prompts."""
    async with asyncio.timeout(10):
        while (await status(expert)).running < prompts:  # noqa: ASYNC110 - it sets no event here
            await asyncio.sleep(0.01)


async def waiting(expert: VllmExpert, base: Path) -> None:
    """Waits until somebody waits for these weights."""
    async with asyncio.timeout(10):
        while str(base) not in (await status(expert)).waiting:  # noqa: ASYNC110 - it sets no event here
            await asyncio.sleep(0.01)
