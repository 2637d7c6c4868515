"""Turns settings into a running service. The only module that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.knowledge import auto, learn
from api.running import Running
from api.settings import Settings
from experts.base import Expert
from experts.build import opened as opened_experts
from experts.engines.expert import engine_statuses
from experts.engines.generation import EngineStatus
from experts.unopened import Unopened
from orchestrator.agreement import Mathematics, MeaningComparer
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES
from orchestrator.service import Service
from orchestrator.spending import Tariff, Tariffs
from routing.encoder import RememberingEncoder, SentenceEncoder
from routing.redis_server import RedisServerError, private_redis
from routing.router import Router
from routing.skills import SkillChannel
from routing.tagger import LlmTagger
from routing.threads import one_thread

PING_SECONDS = 5.0


@asynccontextmanager
async def opened(settings: Settings, *, dry: bool = False) -> AsyncIterator[Running]:
    """Everything started, until the context ends: Redis, experts, the router, the service.

    In a dry run no expert is opened but the tagger, if there is one: routes need no other.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(one_thread))
        redis = await stack.enter_async_context(_redis(settings))
        encoder = SentenceEncoder(settings.routing.encoder)
        # Studying the profile and starting engines take seconds each, on different cores.
        learning = asyncio.create_task(learn(settings, encoder, redis), name="learn the profile")
        stack.push_async_callback(_cancelled, learning)
        experts = await stack.enter_async_context(_experts(settings, redis, dry))
        knowledge = await learning
        tagger = settings.routing.tagger
        channel: SkillChannel = knowledge.nearest
        if tagger is not None:
            channel = LlmTagger(
                experts[tagger], RememberingEncoder(encoder), knowledge.evidence.skills
            )
        panellists = {name: experts[name] for name in settings.panellists}
        aggregator = experts[settings.aggregator] if settings.aggregator else None
        seed = settings.routing.seed
        router = Router(tuple(panellists), channel, knowledge.evidence, knowledge.affinity, seed)
        policies = {**POLICIES, "auto": auto(settings.panel, knowledge.lessons)}
        # Thresholds of meaning hold for the packaged encoder, whichever one routes.
        packaged = encoder if settings.routing.encoder is None else SentenceEncoder()
        comparer = MeaningComparer(packaged, await stack.enter_async_context(Mathematics()))
        panel = Panel(panellists, aggregator, tariffs(settings))
        service = Service(panel, router, policies, knowledge.lessons, comparer)

        async def ready() -> list[str]:
            return [*await _redis_missing(redis), *await _engines_missing(experts)]

        async def engines() -> list[EngineStatus]:
            return await engine_statuses(experts.values())

        yield Running(service, ready, engines, encoder)


def tariffs(settings: Settings) -> Tariffs:
    """What every expert charges, by its card."""
    return {
        name: Tariff(card.price, card.max_tokens, card.prompt or "")
        for name, card in settings.experts.items()
    }


@asynccontextmanager
async def _experts(settings: Settings, redis: Redis, dry: bool) -> AsyncIterator[dict[str, Expert]]:
    needed = {settings.routing.tagger} if dry else set(settings.experts)
    cards = {name: card for name, card in settings.experts.items() if name in needed}
    async with opened_experts(settings.model_copy(update={"experts": cards}), redis) as experts:
        absent = {name: Unopened(name) for name in settings.experts if name not in needed}
        yield {**absent, **experts}


@asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[Redis]:
    async with AsyncExitStack() as stack:
        url = settings.service.redis
        if url is None:
            folder = settings.service.data / "redis"
            url = await stack.enter_async_context(private_redis(folder))
        redis: Redis = Redis.from_url(url, socket_timeout=PING_SECONDS)
        stack.push_async_callback(redis.aclose)
        if missing := await _redis_missing(redis):
            raise RedisServerError(f"{missing[0]}; see service.redis in the registry file")
        yield redis


async def _redis_missing(redis: Redis) -> list[str]:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await redis.ping()
    except (RedisError, TimeoutError) as error:
        return [f"redis does not answer: {error}"]
    return []


async def _engines_missing(experts: Mapping[str, Expert]) -> list[str]:
    down = [status for status in await engine_statuses(experts.values()) if not status.up]
    return [f"engine {status.family} is restarting" for status in down]


async def _cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
