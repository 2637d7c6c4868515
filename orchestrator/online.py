"""The online driver: one deliberation, its experts asked at the same time, text streamed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import perf_counter

from experts.errors import ExpertError
from experts.types import Answer, Chunk, Prompt, Reply
from orchestrator.agreement import Comparer, WordsOnly
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.telemetry import Role, Watch
from orchestrator.types import Request, Text, Timings, Verdict, Working

Listener = Callable[[Working | Text], Awaitable[None]]


@dataclass(slots=True)
class Online:
    """Turns the crank of one deliberation. With a listener, text is told as soon as the verdict
    is sure to come from it; without one nothing is streamed from the experts at all."""

    deliberation: Deliberation
    request: Request
    panel: Panel
    listener: Listener | None = None
    comparer: Comparer = field(default_factory=WordsOnly)
    watch: Watch = field(default_factory=Watch)
    told: bool = False  # whether some of the verdict's text has been told
    panel_seconds: float = 0.0
    aggregate_seconds: float = 0.0

    async def run(self) -> Verdict:
        """The verdict. Raises `PanelFailed`, or `ExpertError` when an author fails mid-sentence."""
        while True:
            step = self.deliberation.step()
            started = perf_counter()
            match step:
                case Ask(experts):
                    await self._ask(experts)
                    self.panel_seconds += perf_counter() - started
                case Conclude():
                    await self._conclude(step)
                    self.aggregate_seconds += perf_counter() - started
                case Compare(answers):
                    (alike,) = await self.comparer.alike([answers])
                    self.deliberation.tell_alike(alike)
                    self.aggregate_seconds += perf_counter() - started
                case Done(verdict):
                    if self.listener and not self.told:
                        await self._tell(Text(verdict.text))
                    return replace(verdict, timings=self._timings())

    def _timings(self) -> Timings:
        return Timings(panel=self.panel_seconds, aggregate=self.aggregate_seconds)

    async def _ask(self, experts: tuple[str, ...]) -> None:
        asked = seats(experts, self.request)
        wait = self.panel.wait(experts)
        doing = f"asking {', '.join(experts)}" + (f", in about {wait:.0f} s" if wait >= 1 else "")
        if self.listener and self.deliberation.streamable:
            ((name, prompt),) = asked
            if wait >= 1:
                await self._tell(Working(doing))
            self.deliberation.tell(await self._streamed(name, self.panel.stream(name, prompt)))
            return
        await self._tell(Working(doing))
        async with asyncio.TaskGroup() as group:
            waves = [
                group.create_task(self._asked(name, prompt), name=f"ask {name}")
                for name, prompt in asked
            ]
        for wave in waves:
            self.deliberation.tell(wave.result())

    async def _asked(self, name: str, prompt: Prompt) -> Reply:
        with self.watch.asking(name) as call:
            (call.reply,) = await self.panel.ask(name, [prompt])
        return call.reply

    async def _conclude(self, step: Conclude) -> None:
        prompt = conclusion(step, self.request)
        aggregator = self.panel.aggregator
        if self.listener and aggregator:
            await self._tell(Working("writing the verdict"))
            reply = await self._streamed(aggregator.name, aggregator.stream(prompt), "aggregator")
        else:
            reply = await self._concluded(prompt)
        self.deliberation.tell_conclusion(reply)

    async def _concluded(self, prompt: Prompt) -> Reply:
        name = self.panel.aggregator.name if self.panel.aggregator else "none"
        with self.watch.asking(name, "aggregator") as call:
            (call.reply,) = await self.panel.conclude([prompt])
        return call.reply

    async def _streamed(
        self, name: str, chunks: AsyncIterator[Chunk], role: Role = "panel"
    ) -> Reply:
        with self.watch.asking(name, role) as call:
            call.reply = await self._relay(name, chunks)
        return call.reply

    async def _relay(self, name: str, chunks: AsyncIterator[Chunk]) -> Reply:
        """Pass a reply's text on as it comes. A failure is a value only while nothing was told:
        after that no other expert can take over, and it is raised."""
        started = perf_counter()
        reply = Answer(name, "")
        try:
            async with aclosing(chunks):  # type: ignore[type-var] # every stream is a generator
                async for chunk in chunks:
                    reply = _extended(reply, chunk)
                    if chunk.text:
                        await self._tell(Text(chunk.text))
        except ExpertError as error:
            if self.told:
                raise
            return error.failure(name, perf_counter() - started)
        return replace(reply, seconds=perf_counter() - started)

    async def _tell(self, event: Working | Text) -> None:
        if self.listener:
            if isinstance(event, Text):
                self.told = True
                self.watch.showed_text()
            await self.listener(event)


def _extended(reply: Answer, chunk: Chunk) -> Answer:
    return replace(
        reply,
        text=reply.text + chunk.text,
        finish=chunk.finish or reply.finish,
        usage=chunk.usage or reply.usage,
    )
