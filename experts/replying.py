"""What kinds of experts share: asking each prompt of a group by itself, streaming a known text."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import Any, TypeVar

from experts.errors import ExpertError
from experts.types import Answer, Chunk, Priority, Prompt, Reply

Turns = Callable[[Priority], AbstractAsyncContextManager[Any]]
T = TypeVar("T")
_PIECE = re.compile(r"\s*\S+\s*|\s+")  # a word and the space around it


async def ask_each(
    expert: str,
    prompts: Sequence[Prompt],
    answer: Callable[[Prompt], Awaitable[Answer]],
    turn: Turns | None = None,
) -> list[Reply]:
    """`Expert.ask` for one that answers prompts one by one, all at once or when it is their turn.

    A reply's seconds start with its turn, so a long queue does not make it look slow.
    """
    return await at_once([(expert, _reply(expert, prompt, answer, turn)) for prompt in prompts])


async def at_once(calls: Sequence[tuple[str, Coroutine[Any, Any, T]]]) -> list[T]:
    """The results of calls to these experts, in order; one alone needs no task of its own."""
    if len(calls) == 1:
        return [await calls[0][1]]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call, name=f"ask {expert}") for expert, call in calls]
    return [task.result() for task in tasks]


async def _reply(
    expert: str,
    prompt: Prompt,
    answer: Callable[[Prompt], Awaitable[Answer]],
    turn: Turns | None,
) -> Reply:
    started = time.monotonic()
    try:
        async with turn(prompt.priority) if turn else nullcontext():
            started = time.monotonic()
            reply: Reply = await answer(prompt)
            return replace(reply, seconds=time.monotonic() - started)
    except ExpertError as error:
        return error.failure(expert, time.monotonic() - started)


def chunks(answer: Answer) -> Iterator[Chunk]:
    """A known answer, word by word."""
    for word in _PIECE.findall(answer.text):
        yield Chunk(word)
    yield Chunk("", answer.finish, answer.usage)
