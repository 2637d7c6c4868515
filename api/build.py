"""Turns settings into a running service. The only module that knows every concrete class."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.running import Running
from api.settings import Settings
from experts.base import Expert
from experts.build import opened as opened_experts
from experts.engines.expert import engine_statuses
from experts.engines.generation import EngineStatus
from experts.recordings import read
from experts.unopened import Unopened
from orchestrator.grading import as_evidence
from orchestrator.panel import Panel
from orchestrator.policies import configured
from orchestrator.service import Service
from routing.encoder import CachedEncoder, Encoder, SentenceEncoder
from routing.evidence import Evidence
from routing.evidence_store import EvidenceStore
from routing.profile import Graded, Profile, claims
from routing.redis_server import RedisServerError, private_redis
from routing.router import Router
from routing.skills import SkillChannel
from routing.tagger import LlmTagger

PING_SECONDS = 5.0


@asynccontextmanager
async def opened(settings: Settings, *, dry: bool = False) -> AsyncIterator[Running]:
    """Everything started, until the context ends: Redis, experts, the router, the service.

    In a dry run no expert is opened but the tagger, if there is one: routes need no other.
    """
    async with AsyncExitStack() as stack:
        graded = await asyncio.to_thread(_graded, settings)
        redis = await stack.enter_async_context(_redis(settings))
        encoder = SentenceEncoder(settings.routing.encoder)
        # Embedding the profile and starting engines take seconds each, on different cores.
        learning = asyncio.create_task(
            _learn(graded, encoder, settings.service.data, redis), name="learn the profile"
        )
        stack.push_async_callback(_cancelled, learning)
        experts = await stack.enter_async_context(_experts(settings, dry))
        profile, evidence = await learning
        channel = await asyncio.to_thread(_channel, settings, experts, encoder, profile, evidence)
        panellists = {name: experts[name] for name in settings.panellists}
        aggregator = experts[settings.aggregator] if settings.aggregator else None
        affinity = await asyncio.to_thread(profile.affinity, tuple(panellists))
        router = Router(tuple(panellists), channel, evidence, affinity, settings.routing.seed)
        policies = configured(
            settings.panel.size, settings.panel.confidence, settings.panel.aggregator
        )
        service = Service(Panel(panellists, aggregator), router, policies)

        async def ready() -> list[str]:
            return [*await _redis_missing(redis), *await _engines_missing(experts)]

        async def engines() -> list[EngineStatus]:
            return await engine_statuses(experts.values())

        yield Running(service, ready, engines)


@asynccontextmanager
async def _experts(settings: Settings, dry: bool) -> AsyncIterator[dict[str, Expert]]:
    needed = {settings.routing.tagger} if dry else set(settings.experts)
    cards = {name: card for name, card in settings.experts.items() if name in needed}
    async with opened_experts(settings.model_copy(update={"experts": cards})) as experts:
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


def _graded(settings: Settings) -> list[Graded]:
    """What is known of the experts before anyone is asked. Of one that was never profiled its
    card's claims are believed, a little."""
    path = settings.routing.profile
    profiled = [as_evidence(r) for r in read(path) if r.split != "test"] if path else []
    known = {expert for item in profiled for expert, _ in item.scores}
    unknown = {n: card.skills for n, card in settings.panellists.items() if n not in known}
    return [*profiled, *claims(unknown)]


async def _learn(
    graded: Sequence[Graded], encoder: SentenceEncoder, data: Path, redis: Redis
) -> tuple[Profile, Evidence]:
    """The graded questions with their embeddings, and every outcome counted so far."""
    profile = await Profile.of(graded, CachedEncoder(encoder, data / "embeddings" / encoder.name))
    if graded:  # the vectors may have been cached, but the first question needs the model
        await encoder.encode(["a question"])
    store, digest = EvidenceStore(redis), _digest(profile)
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


def _digest(profile: Profile) -> str:
    """Names a profile by its content, so that what another file said is never added to it."""
    return hashlib.sha256(repr(profile.graded).encode()).hexdigest()[:16]
