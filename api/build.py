"""Turns settings into a running service. The only module that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from redis.asyncio import Redis

from api.answer_cache.naming import Naming
from api.answer_cache.remembering import Remembering
from api.answer_cache.shelf import Bounds, Shelf, secret_of
from api.answer_cache.world import world
from api.batches.desk import Desk
from api.embedders.model import EmbeddingModel
from api.embedders.opening import opened as opened_embedders
from api.feedback.judgeable import Judgeable
from api.feedback.taking import Feedback, taking
from api.keys.demand import keeping
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.visitor import Keys
from api.knowledge import Knowledge, auto, claimed, learn, subject
from api.listening import Demand
from api.responses.store import Store
from api.roster.following import Source, following
from api.roster.live import Live, Workshop
from api.roster.store import RosterStore
from api.running import Running
from api.running import Service as Answering
from api.settings import Settings
from api.storage import connected, missing
from experts.base import Expert
from experts.build import opened as opened_experts
from experts.cards import Card, calls_at_most
from experts.engines.expert import engine_statuses
from experts.engines.generation import EngineStatus
from experts.unopened import Unopened
from orchestrator.agreement import Comparer, Mathematics, MeaningComparer
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES, Policy
from orchestrator.service import Service
from orchestrator.spending import Tariff, Tariffs
from orchestrator.telemetry import Observer, unobserved
from routing.encoder import SentenceEncoder
from routing.feedback_store import FeedbackStore
from routing.remembered import RememberedNeeds
from routing.router import Growth, Router
from routing.skills import SkillChannel
from routing.tagger import LlmTagger
from routing.threads import one_thread


@dataclass(frozen=True, slots=True)
class Ground:
    """What stays the same while experts come and go."""

    redis: Redis
    keeper: Keeper | None
    encoder: SentenceEncoder
    embedders: Mapping[str, EmbeddingModel]
    comparer: Comparer
    feedback: Feedback
    responses: Store
    news: asyncio.Event  # there may be batches to work on
    observer: Observer
    locked: bool


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    dry: bool = False,
    demand: Demand = Demand.NEVER,
    observer: Observer = unobserved,
    source: Source | None = None,
) -> AsyncIterator[Running]:
    """Everything started, until the context ends: Redis, experts, the router, the service.

    In a dry run no expert is opened but the tagger, if there is one: routes need no other.
    `demand` says if those who ask over HTTP need one. With a `source`, what changes there or is
    posted is followed.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(one_thread))
        redis = await stack.enter_async_context(connected(settings))
        grace = settings.service.key_grace
        keeper = await stack.enter_async_context(keeping(redis, demand, grace))
        feedback = await stack.enter_async_context(taking(FeedbackStore(redis), settings.feedback))
        encoder = SentenceEncoder(settings.routing.encoder)
        embedders = await stack.enter_async_context(opened_embedders(settings.embedders, encoder))
        # Studying the profile and starting engines take seconds each, on different cores.
        learning = asyncio.create_task(learn(settings, encoder, redis), name="learn the profile")
        stack.push_async_callback(_cancelled, learning)
        about = await asyncio.to_thread(subject, settings)
        engines = await stack.enter_async_context(_engines(settings, redis, dry))
        # Thresholds of meaning hold for the packaged encoder, whichever one routes.
        packaged = encoder if settings.routing.encoder is None else SentenceEncoder()
        comparer = MeaningComparer(packaged, await stack.enter_async_context(Mathematics()))
        responses = Store.on(redis, settings.service.response_days, settings.service.response_mib)
        ground = Ground(
            redis,
            keeper,
            encoder,
            embedders,
            comparer,
            feedback,
            responses,
            asyncio.Event(),
            observer,
            locked=demand is Demand.NEVER,
        )
        workshop = Workshop(
            partial(_experts, settings, redis, dry),
            partial(learn, encoder=encoder, redis=redis),
            partial(_running, ground),
        )
        live = Live(workshop, RosterStore(redis), settings, await learning, about, observer)
        stack.push_async_callback(live.close)
        await live.start(engines)
        if source is not None:
            await stack.enter_async_context(following(live, source, observer))
        yield live.running


async def _running(
    ground: Ground, settings: Settings, experts: Mapping[str, Expert], knowledge: Knowledge
) -> Running:
    """The service over these experts, which are open."""
    panellists = {name: experts[name] for name in settings.panellists}
    aggregator = experts[settings.aggregator] if settings.aggregator else None
    policies = {**POLICIES, "auto": auto(settings.panel, knowledge.lessons)}
    panel = Panel(panellists, aggregator, tariffs(settings), fallbacks(settings))
    service = Service(
        panel,
        _router(ground, settings, experts, knowledge),
        policies,
        knowledge.lessons,
        ground.comparer,
        ground.observer,
    )

    async def ready() -> list[str]:
        return await _engines_missing(experts)

    async def degraded() -> list[str]:
        return ["redis does not answer"] if await missing(ground.redis) else []

    async def engines() -> list[EngineStatus]:
        return await engine_statuses(experts.values())

    estimator = _estimator(settings, policies) if ground.keeper else None
    keys = Keys(ground.keeper, estimator) if ground.keeper and estimator else None
    return Running(
        Judgeable(await remembered(service, settings, ground), ground.feedback),
        ready,
        engines,
        keys=keys,
        circuits=panel.circuits,
        degraded=degraded,
        desk=Desk.on(ground.redis, settings.service.batches, estimator, ground.news),
        embedders=ground.embedders,
        feedback=ground.feedback,
        responses=ground.responses,
        locked=ground.locked,
    )


async def remembered(service: Answering, settings: Settings, ground: Ground) -> Answering:
    """The service, with its answers kept where the operator wants that."""
    cache = settings.service.answer_cache
    if cache is None:
        return service
    naming = Naming(await secret_of(ground.redis), await asyncio.to_thread(world, settings))
    shelf = Shelf(ground.redis, naming, Bounds(cache.seconds, cache.most))
    return Remembering(service, shelf, ground.observer)


def _router(
    ground: Ground, settings: Settings, experts: Mapping[str, Expert], knowledge: Knowledge
) -> Router:
    tagger = settings.routing.tagger
    channel: SkillChannel = RememberedNeeds(knowledge.nearest)
    if tagger is not None:
        channel = LlmTagger(experts[tagger], ground.encoder, knowledge.evidence.skills)
    growth = Growth(
        claimed(settings.panellists, knowledge.evidence),
        ground.feedback.learned,
        settings.feedback.exploration,
    )
    evidence, affinity, seed = knowledge.evidence, knowledge.affinity, settings.routing.seed
    return Router(tuple(settings.panellists), channel, evidence, affinity, seed, growth)


def tariffs(settings: Settings) -> Tariffs:
    """What every expert charges, by its card."""
    return {
        name: Tariff(card.price, card.max_tokens, card.prompt or "", calls_at_most(card))
        for name, card in settings.experts.items()
    }


def fallbacks(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Who stands in for whom, by the cards."""
    return {name: card.fallback for name, card in settings.experts.items() if card.fallback}


def _estimator(settings: Settings, policies: Mapping[str, Policy]) -> Estimator:
    named = (settings.aggregator, settings.routing.tagger)
    aggregator, tagger = (settings.experts[name] if name else None for name in named)
    return Estimator(settings.panellists, policies, aggregator, tagger)


@asynccontextmanager
async def _experts(
    settings: Settings, redis: Redis, dry: bool, cards: Mapping[str, Card]
) -> AsyncIterator[dict[str, Expert]]:
    """These, open; in a dry run the tagger alone."""
    needed = {
        name: card for name, card in cards.items() if not dry or name == settings.routing.tagger
    }
    absent: dict[str, Expert] = {
        name: Unopened(name, card.abilities) for name, card in cards.items() if name not in needed
    }
    registry = settings.model_copy(update={"experts": needed})
    async with opened_experts(registry, redis) as experts:
        yield {**absent, **experts}


@asynccontextmanager
async def _engines(settings: Settings, redis: Redis, dry: bool) -> AsyncIterator[dict[str, Expert]]:
    """The local experts, which are opened once, together."""
    local = {name: card for name, card in settings.experts.items() if card.kind == "vllm"}
    async with _experts(settings, redis, dry, local) as experts:
        yield experts


async def _engines_missing(experts: Mapping[str, Expert]) -> list[str]:
    down = [status for status in await engine_statuses(experts.values()) if not status.up]
    return [f"engine {status.family} is restarting" for status in down]


async def _cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
