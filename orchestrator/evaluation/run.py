"""One evaluation, from recordings to report."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experts.recordings import Recording
from orchestrator.agreement import Likeness, MeaningComparer
from orchestrator.ballots import Ballots
from orchestrator.evaluation.baselines import baselines, best_single, panel_sizes
from orchestrator.evaluation.outcomes import Kind, Method, Outcome
from orchestrator.evaluation.replayed import AUTO, Replayed, frontier, served
from orchestrator.evaluation.report import Report
from orchestrator.evaluation.reporting import frontier_of, report_of
from orchestrator.evaluation.splits import Splits
from orchestrator.evaluation.table import Table
from orchestrator.grading import as_evidence, open_answers, question_of
from orchestrator.lessons import Lessons
from orchestrator.policies import Policy
from orchestrator.replay import UNKNOWN
from routing.encoder import Encoder, Vectors
from routing.profile import Profile
from routing.router import Router
from routing.threads import one_thread

Progress = Callable[[str, int, int], None]  # what is done, how much of it, out of how much


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Evidence and test, ready to compute with."""

    evidence: Table
    replayed: Replayed

    @property
    def test(self) -> Table:
        return self.replayed.table


async def evaluate(
    splits: Splits,
    policies: Mapping[str, Policy],
    encoder: Encoder,
    progress: Progress = lambda *_: None,
    comparer: MeaningComparer | None = None,
    *,
    with_frontier: bool = False,
) -> Report:
    """Replay every policy over the test questions; with a frontier, `auto` at all its settings
    and every baseline as well. Without a comparer open answers are the same by what is written
    alone. Raises `NothingToEvaluate`."""
    apart = splits.parts
    progress("embedding questions", 0, 1)
    known = await _Known.of(splits, encoder)
    progress("embedding questions", 1, 1)
    answers = [open_answers(r) for r in splits.test]
    likeness = await comparer.likeness(answers) if comparer else UNKNOWN
    with await asyncio.to_thread(one_thread):
        folds = [await _fold(part, splits.experts, known, likeness) for part in apart]
        return await asyncio.to_thread(_report, splits, folds, policies, progress, with_frontier)


def _report(
    splits: Splits,
    folds: Sequence[Fold],
    policies: Mapping[str, Policy],
    progress: Progress,
    with_frontier: bool,
) -> Report:
    outcomes = {}
    for done, (name, policy) in enumerate(policies.items(), start=1):
        own = [served(f.replayed.lessons) if name == AUTO else policy for f in folds]
        pairs = zip(folds, own, strict=True)
        outcomes[name] = Outcome.joined([fold.replayed.outcome(policy) for fold, policy in pairs])
        progress("replaying policies", done, len(policies))
    single = Method.joined([best_single(fold.evidence, fold.test) for fold in folds])
    test = Table.joined([fold.test for fold in folds])
    report = report_of(test, outcomes, single, splits, [fold.evidence for fold in folds])
    if not with_frontier:
        return report
    return frontier_of(report, _methods(folds, progress))


def _methods(folds: Sequence[Fold], progress: Progress) -> list[Method]:
    """Ours first, then every baseline, then the bounds."""
    ours = []
    settings = [frontier(fold.replayed.lessons) for fold in folds]
    for done, label in enumerate(settings[0], start=1):
        pairs = zip(folds, settings, strict=True)
        outcomes = [fold.replayed.outcome(own[label]) for fold, own in pairs if label in own]
        if len(outcomes) == len(folds):
            ours.append((label, Outcome.joined(outcomes)))
        progress("replaying auto's settings", done, len(settings[0]))
    found = []
    for done, fold in enumerate(folds, start=1):
        sizes = panel_sizes(fold.test)
        found.append([*fold.replayed.baselines(sizes), *baselines(fold.evidence, fold.test)])
        progress("fitting baselines", done, len(folds))
    rivals = [Method.joined(same) for same in zip(*found, strict=True)]
    return [Method(AUTO, Kind.OURS, dict(ours)), *rivals]


async def _fold(
    splits: Splits, experts: Sequence[str], known: "_Known", likeness: Likeness
) -> Fold:
    profile = await Profile.of(map(as_evidence, splits.evidence), known)
    affinity = profile.affinity(experts)
    router = Router(experts, profile.channel(known), profile.evidence, affinity)
    needs = await router.needs([question_of(r) for r in splits.test])
    ballots = await asyncio.to_thread(Ballots.of, splits.evidence, experts)
    lessons = await asyncio.to_thread(Lessons.of, profile, ballots)
    evidence = Table.of(splits.evidence, experts, known.of_all(splits.evidence))
    test = Table.of(splits.test, experts, known.of_all(splits.test), likeness)
    return Fold(evidence, Replayed(splits.test, test, router, needs, lessons, likeness))


class _Known:
    """An encoder that has encoded all questions already: folds share them."""

    def __init__(self, rows: Mapping[str, int], vectors: Vectors) -> None:
        self._rows = rows
        self._vectors = vectors

    @classmethod
    async def of(cls, splits: Splits, encoder: Encoder) -> "_Known":
        """Encodes split by split, so that a cache serves whatever the evidence is made of."""
        if not splits.evidence:  # nothing to compare with: load no model
            texts = dict.fromkeys(r.question for r in splits.test)
            return cls(dict.fromkeys(texts, 0), np.zeros((1, 1), np.float32))
        names = dict.fromkeys(r.split for r in splits.evidence)
        parts = [[r.question for r in splits.evidence if r.split == name] for name in names]
        if not splits.folds:  # there, what is reported on is what is learned from
            parts.append([r.question for r in splits.test])
        vectors = np.concatenate([await encoder.encode(part) for part in parts])
        return cls({text: i for i, text in enumerate(t for part in parts for t in part)}, vectors)

    async def encode(self, texts: Sequence[str]) -> Vectors:
        found: Vectors = self._vectors[[self._rows[text] for text in texts]]
        return found

    def of_all(self, recordings: Sequence[Recording]) -> Vectors:
        """One vector a recording, in order."""
        found: Vectors = self._vectors[[self._rows[r.question] for r in recordings]]
        return found
