"""Asks experts what a deliberation wants asked. Shared by the drivers that call real experts."""

from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from experts import prompts
from experts.base import Able, Expert, Guarded, Resident
from experts.circuit import State
from experts.types import Ability, Chunk, Message, Prompt, Reply
from orchestrator.deliberation import Conclude
from orchestrator.shaping import ask_shaped
from orchestrator.spending import Tariffs
from orchestrator.types import Request
from routing.absence import around
from routing.types import Route

Fallbacks = Mapping[str, tuple[str, ...]]
AGAIN = 0.7  # temperature of an expert that is asked a second time in one wave


class Panel:
    """The experts at hand, by name, the aggregator among them, if there is one, what they charge,
    as far as that is known, and who stands in for whom, in order."""

    def __init__(
        self,
        experts: Mapping[str, Expert],
        aggregator: Expert | None = None,
        tariffs: Tariffs | None = None,
        fallbacks: Fallbacks | None = None,
    ) -> None:
        self.experts = dict(experts)
        self.aggregator = aggregator
        self.tariffs = tariffs or {}
        self.fallbacks = fallbacks or {}
        everybody = [*self.experts.values(), *([aggregator] if aggregator else [])]
        self._guarded = {each.name: each for each in everybody if isinstance(each, Guarded)}

    @property
    def writer(self) -> str | None:
        """The aggregator's name."""
        return self.aggregator.name if self.aggregator else None

    @property
    def everybody(self) -> frozenset[str]:
        """Whoever may be asked anything."""
        return frozenset(self.experts) | ({self.writer} if self.writer else set())

    def resident(self) -> frozenset[str]:
        """Who could answer now without any weights being moved."""
        return frozenset(
            name
            for name, expert in self.experts.items()
            if not isinstance(expert, Resident) or expert.resident
        )

    def abilities(self, names: Iterable[str]) -> dict[str, frozenset[Ability]]:
        """What each of these can do, of what a prompt may need."""
        experts = {name: self.experts[name] for name in names}
        return {
            name: e.abilities if isinstance(e, Able) else frozenset() for name, e in experts.items()
        }

    def circuits(self) -> dict[str, State]:
        """Whether those can be asked that are left alone when they keep failing."""
        return {name: each.circuit for name, each in self._guarded.items()}

    def absent(self) -> frozenset[str]:
        """Who is not asked now, for it keeps failing."""
        return frozenset(filter(self._left_alone, self._guarded))

    def present(self, route: Route) -> Route:
        """The route around those who are absent."""
        return around(route, self.absent()) if any(map(self._left_alone, route.panel)) else route

    def _left_alone(self, name: str) -> bool:
        expert = self._guarded.get(name)
        return expert is not None and expert.circuit is State.OPEN

    def backed(self, route: Route, request: Request) -> Route:
        """The route with those who stand in for others, as far as the request permits."""
        if not self.fallbacks:
            return route
        needs, unfit = request.prompt.needs, request.control.barred(self.everybody)
        if needs:
            able = self.abilities(self.experts)
            unfit |= {name for name, can in able.items() if not needs <= can}
        stand_ins = {
            name: tuple(other for other in others if other not in unfit)
            for name, others in self.fallbacks.items()
        }
        return replace(route, stand_ins=stand_ins)

    def wait(self, names: Iterable[str]) -> float:
        """Seconds until all of these would begin, as far as is known."""
        # Those that are `Awaited`: asking a protocol whether they are takes longer than all else.
        return max((getattr(self.experts[name], "wait", 0.0) for name in names), default=0.0)

    def ask(self, name: str, asked: Sequence[Prompt]) -> Coroutine[Any, Any, list[Reply]]:
        """One reply per prompt, in order; the prompts run as one batch."""
        return ask_shaped(self.experts[name], asked)

    def stream(self, name: str, asked: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        return self.experts[name].stream(asked)

    def writing(self, name: str | None) -> Expert:
        """Who writes the verdict: the aggregator, or the one that is named. Only policies that have
        one conclude."""
        if name in self.experts:
            return self.experts[name]
        assert self.aggregator is not None, "policies without an aggregator vote"
        return self.aggregator

    def conclude(
        self, asked: Sequence[Prompt], writer: str | None = None
    ) -> Coroutine[Any, Any, list[Reply]]:
        """The replies of whoever writes, in order."""
        return ask_shaped(self.writing(writer), asked)


def seats(experts: Iterable[str], request: Request) -> list[tuple[str, Prompt]]:
    """Who is asked what in one wave. An expert drawn twice is sampled the second time: a greedy
    repeat would only say the same again."""
    asked: list[tuple[str, Prompt]] = []
    same = request.for_experts
    for expert in experts:
        prompt = same
        repeat = sum(expert == name for name, _ in asked)
        if repeat:
            hotter = max(prompt.sampling.temperature, AGAIN)
            seed = (prompt.sampling.seed or 0) + repeat
            prompt = replace(
                prompt, sampling=replace(prompt.sampling, temperature=hotter, seed=seed)
            )
        asked.append((expert, prompt))
    return asked


def conclusion(step: Conclude, request: Request) -> Prompt:
    """What the aggregator is asked: the question and the replies, fenced as data."""
    asked = request.for_experts
    turn = Message("user", prompts.synthesis(asked.text, step.replies))
    prompt = Prompt((turn,), asked.sampling, asked.priority, salt=asked.salt)
    return prompts.formatted(prompt)
