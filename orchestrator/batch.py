"""The batch driver: many deliberations in lockstep, each round's asks grouped by expert.

An expert gets all its questions of a round as one group, so its weights move at most once a
round however many questions there are.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from experts.types import Prompt, Reply
from orchestrator.deliberation import Ask, Conclude, Deliberation, Done
from orchestrator.errors import PanelFailed
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.types import Request, Timings, Verdict


@dataclass(slots=True)
class Case:
    """One question of a batch."""

    request: Request
    deliberation: Deliberation


async def deliberate_all(
    cases: Sequence[Case], panel: Panel
) -> AsyncGenerator[tuple[int, Verdict | PanelFailed], None]:
    """(place in `cases`, verdict or why there is none), as questions finish."""
    started = perf_counter()
    live = dict(enumerate(cases))
    while live:
        groups: dict[str, list[tuple[int, Prompt]]] = {}
        conclusions: list[tuple[int, Prompt]] = []
        for place, case in list(live.items()):
            try:
                step = case.deliberation.step()
            except PanelFailed as error:
                del live[place]
                yield place, error
                continue
            match step:
                case Ask(experts):
                    for expert, prompt in seats(experts, case.request):
                        groups.setdefault(expert, []).append((place, prompt))
                case Conclude():
                    conclusions.append((place, conclusion(step, case.request)))
                case Done(verdict):
                    del live[place]
                    timings = Timings(panel=perf_counter() - started)
                    yield place, replace(verdict, timings=timings)
        await _round(live, groups, conclusions, panel)


async def _round(
    live: dict[int, Case],
    groups: dict[str, list[tuple[int, Prompt]]],
    conclusions: list[tuple[int, Prompt]],
    panel: Panel,
) -> None:
    """Ask every group once and tell each deliberation its replies, in the order it asked."""
    async with asyncio.TaskGroup() as group:
        asked = {
            expert: group.create_task(panel.ask(expert, [prompt for _, prompt in seated]))
            for expert, seated in groups.items()
        }
        concluded = group.create_task(_concluded(conclusions, panel))
    for expert, seated in groups.items():
        for (place, _), reply in zip(seated, asked[expert].result(), strict=True):
            live[place].deliberation.tell(reply)
    for (place, _), reply in zip(conclusions, concluded.result(), strict=True):
        live[place].deliberation.tell_conclusion(reply)


async def _concluded(conclusions: list[tuple[int, Prompt]], panel: Panel) -> list[Reply]:
    """Without conclusions the aggregator is left alone: asking it could load its weights."""
    return await panel.conclude([prompt for _, prompt in conclusions]) if conclusions else []
