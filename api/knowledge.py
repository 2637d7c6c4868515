"""What is known before the first question: the profile, its evidence, and the lessons in it."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from redis.asyncio import Redis

from api.settings import PanelSettings, Settings
from experts.cards import BaseCard
from experts.recordings import Recording, read
from orchestrator.ballots import Ballots
from orchestrator.grading import as_evidence
from orchestrator.lessons import Lessons
from orchestrator.plan import WORTH
from orchestrator.policies import Policy, planned
from routing.affinity import Affinity
from routing.encoder import CachedEncoder, Encoder, SentenceEncoder
from routing.evidence import Evidence
from routing.evidence_store import EvidenceStore
from routing.profile import Profile, claims
from routing.skills import NearestSkills

MOST_CLAIMED = 5.0  # graded questions that a card's claims count as, at most


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Everything routing and deliberation draw on."""

    evidence: Evidence
    affinity: Affinity
    nearest: NearestSkills
    lessons: Lessons


def auto(panel: PanelSettings, lessons: Lessons) -> Policy:
    """The policy `auto` as the operator and the evidence have it."""
    plans = lessons.plans
    plan = plans.within(panel.calls, panel.size, WORTH) if plans else None
    policy = planned(plan, panel.size, panel.confidence, panel.aggregator)
    return replace(policy, exchange=panel.exchange)


@dataclass(frozen=True, slots=True)
class Subject:
    """What knowledge is drawn from: where this is the same, so is the knowledge."""

    profile: tuple[str, int, int] | None  # path, time of its last change, size
    claims: tuple[tuple[str, tuple[str, ...]], ...]


def subject(settings: Settings) -> Subject:
    """Of the registry file's experts. Reads what the disk says of the profile."""
    path = settings.routing.profile
    claimed = ((name, card.skills) for name, card in sorted(settings.panellists.items()))
    if path is None:
        return Subject(None, tuple(claimed))
    try:
        found = path.stat()
    except OSError:  # whoever reads it says what is wrong
        return Subject((str(path), 0, 0), tuple(claimed))
    return Subject((str(path), found.st_mtime_ns, found.st_size), tuple(claimed))


def claimed(cards: Mapping[str, BaseCard], evidence: Evidence) -> Evidence:
    """What cards of experts that joined later claim: one right answer each, spread over the claimed
    skills that the evidence knows, and as many wrong ones over the others as leave it as good as
    the average expert over all; nothing of anybody else."""
    new = [name for name in cards if name not in evidence.experts]
    right = evidence.wins.sum() / evidence.total if evidence.total else 1.0
    wrong = min(1 / max(right, 1 / MOST_CLAIMED), MOST_CLAIMED) - 1  # for each right one
    wins = np.zeros((len(new), len(evidence.skills)))
    losses = np.zeros_like(wins)
    for row, name in enumerate(new):
        own = np.isin(evidence.skills, cards[name].skills)
        if own.any():
            wins[row, own] = 1 / own.sum()
            losses[row, ~own] = wrong / max((~own).sum(), 1)
    return Evidence(tuple(new), evidence.skills, wins, losses)


async def learn(settings: Settings, encoder: SentenceEncoder, redis: Redis) -> Knowledge:
    """Reads the profile, embeds it, and studies it; what was counted in service is added."""
    recordings = await asyncio.to_thread(_profiled, settings)
    cached = CachedEncoder(encoder, settings.service.data / "embeddings" / encoder.name)
    known = {expert for recording in recordings for expert in recording.replies}
    # Of an expert that was never profiled its card's claims are believed, a little.
    claimed = {n: card.skills for n, card in settings.panellists.items() if n not in known}
    graded = [*map(as_evidence, recordings), *claims(claimed)]
    profile = await Profile.of(graded, cached)
    if graded:  # the vectors may have been cached, but the first question needs the model
        await encoder.encode(["a question"])
    store, digest = EvidenceStore(redis), _digest(profile)
    await store.publish(digest, profile.evidence)
    evidence = await store.read(digest)
    return await asyncio.to_thread(_studied, settings, profile, recordings, encoder, evidence)


def _studied(
    settings: Settings,
    profile: Profile,
    recordings: list[Recording],
    encoder: Encoder,
    evidence: Evidence,
) -> Knowledge:
    experts = sorted(settings.panellists)
    ballots = Ballots.of(recordings, experts)
    return Knowledge(
        evidence,
        profile.affinity(experts),
        profile.channel(encoder),
        Lessons.of(profile, ballots),
    )


def _profiled(settings: Settings) -> list[Recording]:
    path = settings.routing.profile
    return [recording for recording in read(path) if recording.split != "test"] if path else []


def _digest(profile: Profile) -> str:
    """Names a profile by its content, so that what another file said is never added to it."""
    return hashlib.sha256(repr(profile.graded).encode()).hexdigest()[:16]
