"""The batch driver: many deliberations in lockstep, each round's asks grouped by expert.

An expert gets all its questions of a round as one group, so its weights move at most once a
round however many questions there are.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from experts.types import Prompt, Reply
from orchestrator.agreement import Comparer, WordsOnly
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done
from orchestrator.errors import PanelFailed
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.types import Request, Timings, Verdict


@dataclass(slots=True)
class Case:
    """One question of a batch."""

    request: Request
    deliberation: Deliberation


@dataclass(slots=True)
class _Round:
    """What the deliberations want next, grouped by who can give it."""

    asks: dict[str, list[tuple[int, Prompt]]] = field(default_factory=dict)
    conclusions: list[tuple[int, Prompt]] = field(default_factory=list)
    comparisons: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, place: int, step: Ask | Conclude | Compare, request: Request) -> None:
        match step:
            case Ask(experts):
                for expert, prompt in seats(experts, request):
                    self.asks.setdefault(expert, []).append((place, prompt))
            case Conclude():
                self.conclusions.append((place, conclusion(step, request)))
            case Compare(answers):
                self.comparisons[place] = answers


async def deliberate_all(
    cases: Sequence[Case], panel: Panel, comparer: Comparer | None = None
) -> AsyncGenerator[tuple[int, Verdict | PanelFailed], None]:
    """(place in `cases`, verdict or why there is none), as questions finish."""
    started = perf_counter()
    live = dict(enumerate(cases))
    while live:
        wanted = _Round()
        for place, case in list(live.items()):
            try:
                step = case.deliberation.step()
            except PanelFailed as error:
                del live[place]
                yield place, error
                continue
            if isinstance(step, Done):
                del live[place]
                timings = Timings(panel=perf_counter() - started)
                yield place, replace(step.verdict, timings=timings)
            else:
                wanted.add(place, step, case.request)
        await _take(wanted, live, panel, comparer or WordsOnly())


async def _take(wanted: _Round, live: dict[int, Case], panel: Panel, comparer: Comparer) -> None:
    """Ask every group once and tell each deliberation its replies, in the order it asked."""
    async with asyncio.TaskGroup() as group:
        asked = {
            expert: group.create_task(panel.ask(expert, [prompt for _, prompt in seated]))
            for expert, seated in wanted.asks.items()
        }
        concluded = group.create_task(_concluded(wanted.conclusions, panel))
        compared = group.create_task(comparer.alike(list(wanted.comparisons.values())))
    for expert, seated in wanted.asks.items():
        for (place, _), reply in zip(seated, asked[expert].result(), strict=True):
            live[place].deliberation.tell(reply)
    for (place, _), reply in zip(wanted.conclusions, concluded.result(), strict=True):
        live[place].deliberation.tell_conclusion(reply)
    for place, alike in zip(wanted.comparisons, compared.result(), strict=True):
        live[place].deliberation.tell_alike(alike)


async def _concluded(conclusions: list[tuple[int, Prompt]], panel: Panel) -> list[Reply]:
    """Without conclusions the aggregator is left alone: asking it could load its weights."""
    return await panel.conclude([prompt for _, prompt in conclusions]) if conclusions else []
