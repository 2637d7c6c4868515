"""Turns settings into a running service. The only module that knows every concrete class."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.running import Running
from api.settings import Settings
from experts.base import Expert
from experts.build import opened as opened_experts
from experts.recordings import read
from orchestrator.evaluation import graded
from orchestrator.panel import Panel
from orchestrator.policies import configured
from orchestrator.service import Service
from routing.encoder import CachedEncoder, Encoder, SentenceEncoder
from routing.evidence import Evidence
from routing.evidence_store import EvidenceStore
from routing.profile import Profile
from routing.redis_server import private_redis
from routing.router import Router
from routing.skills import SkillChannel
from routing.tagger import LlmTagger

PING_SECONDS = 5.0


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Running]:
    """Everything started, until the context ends: Redis, experts, the router, the service."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(_redis(settings))
        encoder = SentenceEncoder(settings.routing.encoder)
        # Embedding the profile and starting engines take seconds each, on different cores.
        learning = asyncio.create_task(_learn(settings, encoder, redis), name="read the profile")
        stack.push_async_callback(_cancelled, learning)
        experts = await stack.enter_async_context(opened_experts(settings))
        profile, evidence = await learning
        channel = _channel(settings, experts, encoder, profile, evidence)
        panellists = {name: experts[name] for name in settings.panellists}
        aggregator = experts[settings.aggregator] if settings.aggregator else None
        router = Router(tuple(panellists), channel, evidence, settings.routing.seed)
        policies = configured(
            settings.panel.size, settings.panel.confidence, settings.panel.aggregator
        )
        service = Service(Panel(panellists, aggregator), router, policies)

        async def ready() -> list[str]:
            return await _missing(redis)

        yield Running(service, ready)


@asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[Redis]:
    async with AsyncExitStack() as stack:
        url = settings.service.redis
        if url is None:
            folder = settings.service.data / "redis"
            url = await stack.enter_async_context(private_redis(folder))
        redis: Redis = Redis.from_url(url, socket_timeout=PING_SECONDS)
        stack.push_async_callback(redis.aclose)
        yield redis


async def _learn(settings: Settings, encoder: Encoder, redis: Redis) -> tuple[Profile, Evidence]:
    """What is known of the experts: the profile's questions, and every counted outcome."""
    path = settings.routing.profile
    recordings = await asyncio.to_thread(lambda: list(read(path))) if path else []
    cached = CachedEncoder(encoder, settings.service.data / "embeddings")
    profile = await Profile.of((graded(r) for r in recordings if r.split != "test"), cached)
    store, digest = EvidenceStore(redis), await asyncio.to_thread(_digest, path)
    await store.publish(digest, profile.evidence)
    return profile, await store.read(digest)


def _channel(
    settings: Settings,
    experts: dict[str, Expert],
    encoder: Encoder,
    profile: Profile,
    evidence: Evidence,
) -> SkillChannel:
    if settings.routing.tagger is None:
        return profile.channel(encoder)
    return LlmTagger(experts[settings.routing.tagger], encoder, evidence.skills)


async def _missing(redis: Redis) -> list[str]:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await redis.ping()
    except (RedisError, TimeoutError) as error:
        return [f"redis does not answer: {error}"]
    return []


async def _cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _digest(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path else "none"
