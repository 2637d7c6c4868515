"""Threads of clients against a budget that two processes share: it holds, to the last request."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import openai
import pytest

from routing.redis_server import private_redis
from tests.acceptance.commands import convene, serving

THREADS = 32
BUDGET = 0.05  # dollars
PRICE = 100.0  # dollars per million tokens
REGISTRY = """
experts:
  ada: {{kind: scripted, default: "It is 42.", delay: 0.01, max_tokens: 50, price: {price}}}
  bob: {{kind: scripted, default: "It is 41.", delay: 0.02, max_tokens: 50, price: {price}}}
service: {{redis: "{url}"}}
"""


def spends(client: openai.OpenAI, seed: int) -> tuple[float, int]:
    """Asks until the budget is spent: dollars for what was answered, and answers."""
    dice, dollars, answers = random.Random(seed), 0.0, 0
    while True:
        try:
            done = client.chat.completions.create(
                model=dice.choice(["ada", "vote"]),
                messages=[{"role": "user", "content": "What is 6 x 7?" * dice.randint(1, 9)}],
            )
        except openai.RateLimitError as error:
            if error.code != "insufficient_quota":
                raise
            if error.response.headers["retry-after"] != "1":
                return dollars, answers
        else:
            dollars += done.usage.total_tokens * PRICE / 1e6
            answers += 1


@pytest.mark.timeout(120)
async def test_32_threads_of_two_processes_spend_no_more_than_the_budget(tmp_path):
    config = tmp_path / "convene.yaml"
    async with private_redis(tmp_path / "redis") as url:
        price = f"{{input: {PRICE}, output: {PRICE}}}"
        config.write_text(REGISTRY.format(url=url, price=price))
        budget = ("--dollars", f"{BUDGET}/month")
        key = (await convene("keys", "create", "app", *budget, "--config", config)).out.strip()
        async with serving("-c", config) as one, serving("-c", config) as other:
            await asyncio.gather(ready(one), ready(other))
            with ExitStack() as stack, ThreadPoolExecutor(THREADS) as threads:
                clients = [
                    stack.enter_context(
                        openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)
                    )
                    for address in (one, other)
                ]
                loop = asyncio.get_running_loop()
                ended = await asyncio.gather(
                    *(
                        loop.run_in_executor(threads, spends, clients[seed % 2], seed)
                        for seed in range(THREADS)
                    )
                )
    assert BUDGET / 2 < sum(dollars for dollars, _ in ended) <= BUDGET
    assert sum(answers for _, answers in ended) > THREADS / 4  # with two calls each, of a panel


async def ready(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client, asyncio.timeout(60):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - as a prober
            await asyncio.sleep(0.05)
