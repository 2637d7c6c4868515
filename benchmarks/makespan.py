"""How long a batch takes on real engines: ours, the bound, and other ways to change models.

    python benchmarks/makespan.py [--json] [--questions 1000] [--large 4000] [--rounds 3]

The built-in specialists on vLLM's CPU build. Every way answers what ours asked its experts, so all
do the same generation. Seconds of a shared machine: compare only what one run says with itself.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import typer

from api.build import opened as opened_service
from api.running import Running
from api.settings import Settings, load_settings
from benchmarks.rebuilding import Rebuilding
from experts import prompts
from experts.base import Expert
from experts.build import opened as opened_experts
from experts.builtin.labelled import labelled
from experts.types import Answer, Priority, Prompt
from orchestrator.types import Request, Verdict

KV_GIB = 0.2  # 64 replies of 512 tokens, at 4 KiB a token, and some
SAMPLE = 8  # prompts of which each gets an engine of its own
Asked = Mapping[str, Sequence[Prompt]]  # by expert


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--large", type=int, default=4000, help="of the large batch")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    found = asyncio.run(measure(chosen.questions, chosen.large, chosen.rounds))
    if chosen.json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        typer.echo(f"{name:<58}{value:>10.3f}")


async def measure(questions: int = 1000, large: int = 4000, rounds: int = 3) -> dict[str, float]:
    """Medians over rounds in which all ways take turns."""
    seeds = itertools.count(11)

    def drawn(count: int) -> list[str]:  # anew, so that routing is paid for every time
        return [question.question for question in labelled("train", count, seed=next(seeds))]

    settings = _small(load_settings(None))
    async with AsyncExitStack() as stack:
        cached = await stack.enter_async_context(_service(settings, host_gib=1.0))
        uncached = await stack.enter_async_context(_service(settings, host_gib=0.0))
        resident = await stack.enter_async_context(opened_experts(_all_resident(settings)))
        rebuilding = await stack.enter_async_context(Rebuilding.opened(settings))
        await _batch(cached, drawn(questions))  # every engine meets every expert once
        await _batch(uncached, drawn(questions))
        found = []
        for _ in range(rounds):
            chosen = drawn(questions)
            await _route(cached, chosen)  # so that what follows is the engines' work alone
            await _route(uncached, chosen)
            ours, asked = await _batch(cached, chosen)
            disk, _ = await _batch(uncached, chosen)
            new, _ = await _batch(cached, drawn(questions))
            great, _ = await _batch(cached, drawn(large))
            found.append(
                _named("batch", ours)
                | _named("batch, weights from disk", disk)
                | _named("batch, routing included", new)
                | _named("large batch", great)
                | await _others(asked, resident, rebuilding)
            )
    medians = {name: statistics.median(each[name] for each in found) for name in found[0]}
    return medians | _ratios(medians, len(asked))


async def _others(
    asked: Asked, resident: Mapping[str, Expert], rebuilding: Rebuilding
) -> dict[str, float]:
    """Seconds of the other ways, for what ours asked."""
    bound = 0.0
    for name, all_prompts in asked.items():  # one engine busy at a time, as ours is
        started = perf_counter()
        await resident[name].ask(all_prompts)
        bound += perf_counter() - started
    once = sum([await rebuilding.seconds(name, each) for name, each in asked.items()])
    calls = sum(len(each) for each in asked.values())
    sample = [(name, each[:1]) for name, each in asked.items()][:SAMPLE]
    single = [await rebuilding.seconds(name, each) for name, each in sample]
    return {
        "all weights resident, seconds": bound,
        "an engine built per expert, seconds": once,
        "an engine built per call, seconds (extrapolated)": calls * statistics.mean(single),
    }


def _ratios(found: Mapping[str, float], experts: int) -> dict[str, float]:
    ours, bound = found["batch, seconds"], found["all weights resident, seconds"]
    great = found["large batch, seconds"]
    return {
        "experts asked": float(experts),
        "ours / all resident": ours / bound,
        "ours with weights from disk / all resident": (
            found["batch, weights from disk, seconds"] / bound
        ),
        "ours with routing included / all resident without routing": (
            found["batch, routing included, seconds"] / bound
        ),
        "ours / generation alone, large batch": great / found["large batch, seconds generating"],
        "an engine built per expert / ours": found["an engine built per expert, seconds"] / ours,
        "an engine built per call / ours (extrapolated)": (
            found["an engine built per call, seconds (extrapolated)"] / ours
        ),
    }


async def _route(running: Running, questions: Sequence[str]) -> None:
    """Has the encoder remember these questions' vectors."""
    for question in questions:
        await running.service.route(Request(Prompt.of(question)))


async def _batch(running: Running, questions: Sequence[str]) -> tuple[dict[str, float], Asked]:
    """What a batch took, and what it asked of whom."""
    before = (await running.engines())[0]
    started = perf_counter()
    requests = (Request(Prompt.of(question)) for question in questions)
    verdicts = {
        place: verdict
        async for place, verdict in running.service.answer_all(requests)
        if isinstance(verdict, Verdict)
    }
    seconds = perf_counter() - started
    engines = await running.engines()
    if len(verdicts) != len(questions):
        raise RuntimeError(f"{len(questions) - len(verdicts)} questions have no verdict")
    swapping = engines[0].swap_seconds - before.swap_seconds
    figures = {
        "seconds": seconds,
        "seconds generating": engines[0].busy_seconds - before.busy_seconds - swapping,
        "seconds swapping": swapping,
        "swaps": float(engines[0].swaps - before.swaps),
        "engines": float(len(engines)),
        "waves": float(max(verdict.calls for verdict in verdicts.values())),
        "calls": float(sum(verdict.calls for verdict in verdicts.values())),
    }
    return figures, _asked([(questions[place], verdict) for place, verdict in verdicts.items()])


def _asked(verdicts: Sequence[tuple[str, Verdict]]) -> Asked:
    """Every prompt of the batch, by expert."""
    asked: dict[str, list[Prompt]] = {}
    for question, verdict in verdicts:
        for reply in verdict.replies:
            asked.setdefault(reply.expert, []).append(_prompt(question))
        if verdict.aggregator == "synthesize":
            texts = [(verdict.route.competence(r.expert), r) for r in verdict.replies]
            usable = [(r.text, trust) for trust, r in texts if isinstance(r, Answer)]
            text = prompts.synthesis(question, sorted(usable, key=lambda reply: -reply[1]))
            asked.setdefault(verdict.author, []).append(_prompt(text))
    return asked


def _prompt(text: str) -> Prompt:
    return replace(Prompt.of(text), priority=Priority.BATCH)


def _named(way: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{way}, {name}": value for name, value in figures.items()}


@asynccontextmanager
async def _service(settings: Settings, *, host_gib: float) -> AsyncIterator[Running]:
    """The built-in specialists on one engine, with so much host memory for the others' weights."""
    with tempfile.TemporaryDirectory() as folder:
        service = settings.service.model_copy(update={"data": Path(folder)})
        cluster = settings.cluster.model_copy(update={"host_memory_gib": host_gib})
        async with opened_service(
            settings.model_copy(update={"service": service, "cluster": cluster})
        ) as running:
            yield running


def _small(settings: Settings) -> Settings:
    """With KV caches just large enough: ten engines are to fit beside each other here."""
    cards = {n: c.model_copy(update={"memory_gib": KV_GIB}) for n, c in settings.experts.items()}
    return settings.model_copy(update={"experts": cards})


def _all_resident(settings: Settings) -> Settings:
    """The same experts, each with an engine to itself."""
    cards = {n: card.model_copy(update={"pinned": True}) for n, card in settings.experts.items()}
    return settings.model_copy(update={"experts": cards})


if __name__ == "__main__":
    main()
