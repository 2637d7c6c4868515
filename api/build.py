"""Turns settings into a running service. The only module that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis

from api.answer_cache.naming import Naming
from api.answer_cache.remembering import Remembering
from api.answer_cache.shelf import Bounds, Shelf, secret_of
from api.answer_cache.world import world
from api.keys.demand import keeping
from api.keys.estimates import Estimator
from api.keys.visitor import Keys
from api.knowledge import auto, learn
from api.listening import Demand
from api.running import Running
from api.running import Service as Answering
from api.settings import Settings
from api.storage import connected, missing
from experts.base import Expert
from experts.build import opened as opened_experts
from experts.engines.expert import engine_statuses
from experts.engines.generation import EngineStatus
from experts.unopened import Unopened
from orchestrator.agreement import Mathematics, MeaningComparer
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES, Policy
from orchestrator.service import Service
from orchestrator.spending import Tariff, Tariffs
from orchestrator.telemetry import Observer, unobserved
from routing.encoder import SentenceEncoder
from routing.remembered import RememberedNeeds
from routing.router import Router
from routing.skills import SkillChannel
from routing.tagger import LlmTagger
from routing.threads import one_thread


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    dry: bool = False,
    demand: Demand = Demand.NEVER,
    observer: Observer = unobserved,
) -> AsyncIterator[Running]:
    """Everything started, until the context ends: Redis, experts, the router, the service.

    In a dry run no expert is opened but the tagger, if there is one: routes need no other.
    `demand` says if those who ask over HTTP need one.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(one_thread))
        redis = await stack.enter_async_context(connected(settings))
        grace = settings.service.key_grace
        keeper = await stack.enter_async_context(keeping(redis, demand, grace))
        encoder = SentenceEncoder(settings.routing.encoder)
        # Studying the profile and starting engines take seconds each, on different cores.
        learning = asyncio.create_task(learn(settings, encoder, redis), name="learn the profile")
        stack.push_async_callback(_cancelled, learning)
        experts = await stack.enter_async_context(_experts(settings, redis, dry))
        knowledge = await learning
        tagger = settings.routing.tagger
        channel: SkillChannel = RememberedNeeds(knowledge.nearest)
        if tagger is not None:
            channel = LlmTagger(experts[tagger], encoder, knowledge.evidence.skills)
        panellists = {name: experts[name] for name in settings.panellists}
        aggregator = experts[settings.aggregator] if settings.aggregator else None
        seed = settings.routing.seed
        router = Router(tuple(panellists), channel, knowledge.evidence, knowledge.affinity, seed)
        policies = {**POLICIES, "auto": auto(settings.panel, knowledge.lessons)}
        # Thresholds of meaning hold for the packaged encoder, whichever one routes.
        packaged = encoder if settings.routing.encoder is None else SentenceEncoder()
        comparer = MeaningComparer(packaged, await stack.enter_async_context(Mathematics()))
        panel = Panel(panellists, aggregator, tariffs(settings))
        service = Service(panel, router, policies, knowledge.lessons, comparer, observer)

        async def ready() -> list[str]:
            return [*await missing(redis), *await _engines_missing(experts)]

        async def engines() -> list[EngineStatus]:
            return await engine_statuses(experts.values())

        keys = Keys(keeper, _estimator(settings, policies)) if keeper else None
        remembering = await remembered(service, settings, redis)
        yield Running(remembering, ready, engines, keys=keys, encoder=encoder)


async def remembered(service: Answering, settings: Settings, redis: Redis) -> Answering:
    """The service, with its answers kept where the operator wants that."""
    cache = settings.service.answer_cache
    if cache is None:
        return service
    naming = Naming(await secret_of(redis), await asyncio.to_thread(world, settings))
    return Remembering(service, Shelf(redis, naming, Bounds(cache.seconds, cache.most)))


def tariffs(settings: Settings) -> Tariffs:
    """What every expert charges, by its card."""
    return {
        name: Tariff(card.price, card.max_tokens, card.prompt or "")
        for name, card in settings.experts.items()
    }


def _estimator(settings: Settings, policies: Mapping[str, Policy]) -> Estimator:
    named = (settings.aggregator, settings.routing.tagger)
    aggregator, tagger = (settings.experts[name] if name else None for name in named)
    return Estimator(settings.panellists, policies, aggregator, tagger)


@asynccontextmanager
async def _experts(settings: Settings, redis: Redis, dry: bool) -> AsyncIterator[dict[str, Expert]]:
    needed = {settings.routing.tagger} if dry else set(settings.experts)
    cards = {name: card for name, card in settings.experts.items() if name in needed}
    async with opened_experts(settings.model_copy(update={"experts": cards}), redis) as experts:
        absent = {name: Unopened(name) for name in settings.experts if name not in needed}
        yield {**absent, **experts}


async def _engines_missing(experts: Mapping[str, Expert]) -> list[str]:
    down = [status for status in await engine_statuses(experts.values()) if not status.up]
    return [f"engine {status.family} is restarting" for status in down]


async def _cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
