"""The online driver: one deliberation, its experts asked at the same time, text streamed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter

from experts.calls import extended, pieces
from experts.errors import ExpertError
from experts.replying import at_once
from experts.types import Answer, Cause, Chunk, Failure, Reply
from orchestrator.agreement import Alike, Comparer, WordsOnly
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done, Step
from orchestrator.errors import OutOfTime
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.telemetry import Role, Watch
from orchestrator.types import Listener, Request, Timings, Verdict, Working


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
    ends: float | None = None  # the request's deadline, by the event loop's clock
    cut: bool = False  # whether somebody was asked and not heard, as time was over
    told: bool = False  # whether some of the verdict's text has been told
    panel_seconds: float = 0.0
    aggregate_seconds: float = 0.0

    async def run(self) -> Verdict:
        """The verdict. Raises `PanelFailed`, or `ExpertError` when an author fails mid-sentence."""
        while True:
            step = self._next()
            started = perf_counter()
            match step:
                case Ask(experts):
                    await self._ask(experts)
                    self.panel_seconds += perf_counter() - started
                case Conclude():
                    await self._conclude(step)
                    self.aggregate_seconds += perf_counter() - started
                case Compare(answers):
                    self.deliberation.tell_alike(await self._alike(answers))
                    self.aggregate_seconds += perf_counter() - started
                case Done(verdict):
                    if self.listener and not self.told:
                        calls = pieces(verdict.tool_calls)
                        whole = Chunk(verdict.text, calls=calls, logprobs=verdict.logprobs)
                        await self._show([whole])
                    return verdict

    def _next(self) -> Step:
        """What the deliberation wants next; once time is up, nothing that takes any."""
        if self.cut:
            self.deliberation.hurry(self._seconds)
        step = self.deliberation.step(self._timings)
        if isinstance(step, Ask | Conclude) and self._late():
            self.deliberation.hurry(self._seconds)
            step = self.deliberation.step(self._timings)
        return step

    def _late(self) -> bool:
        return self.ends is not None and asyncio.get_running_loop().time() >= self.ends

    @property
    def _seconds(self) -> float:
        return self.request.control.seconds or 0.0

    @property
    def _shaped(self) -> bool:
        """Whether replies are checked as a whole, before any of their text is told."""
        return self.request.prompt.sampling.format is not None

    def _timings(self) -> Timings:
        return Timings(self.watch.routing, self.panel_seconds, self.aggregate_seconds)

    async def _ask(self, experts: tuple[str, ...]) -> None:
        asked = seats(experts, self.request)
        streamed = bool(self.listener) and self.deliberation.streamable and not self._shaped
        if self.listener:
            await self._announce(experts, streamed)
        if streamed:
            ((name, prompt),) = asked
            self.deliberation.tell(await self._streamed(name, self.panel.stream(name, prompt)))
            return
        replying = [
            (name, self._asked(name, partial(self.panel.ask, name, [prompt])))
            for name, prompt in asked
        ]
        for reply in await at_once(replying):
            self.deliberation.tell(reply)

    async def _announce(self, experts: tuple[str, ...], streamed: bool) -> None:
        """Say who is asked, unless the text itself will be there soon."""
        wait = self.panel.wait(experts)
        if wait >= 1 or not streamed:
            after = f", in about {wait:.0f} s" if wait >= 1 else ""
            await self._tell(Working(f"asking {', '.join(experts)}{after}"))

    async def _asked(
        self, name: str, ask: Callable[[], Awaitable[list[Reply]]], role: Role = "panel"
    ) -> Reply:
        """The reply, or that there was no time for it."""
        with self.watch.asking(name, role) as call:
            if self.ends is None:
                (call.reply,) = await ask()
            else:
                call.reply = await self._in_time(name, ask)
        return call.reply

    async def _in_time(self, name: str, ask: Callable[[], Awaitable[list[Reply]]]) -> Reply:
        deadline = asyncio.timeout_at(self.ends)
        try:
            async with deadline:
                (reply,) = await ask()
                return reply
        except TimeoutError:
            if not deadline.expired():  # a bug's own
                raise
            return self._cut(name)

    async def _alike(self, answers: tuple[str, ...]) -> Alike:
        """Which answers are the same; by their words alone if there is no time for more."""
        try:
            async with asyncio.timeout_at(self.ends):
                (alike,) = await self.comparer.alike([answers])
        except TimeoutError:
            (alike,) = await WordsOnly().alike([answers])
        return alike

    async def _conclude(self, step: Conclude) -> None:
        prompt = conclusion(step, self.request)
        name = step.writer or self.request.control.writer
        writer = self.panel.writing(name)
        if self.listener and not self._shaped and not step.bound:
            await self._tell(Working("writing the verdict"))
            reply = await self._streamed(writer.name, writer.stream(prompt), "aggregator")
        else:
            ask = partial(self.panel.conclude, [prompt], name)
            reply = await self._asked(writer.name, ask, "aggregator")
        self.deliberation.tell_conclusion(reply)

    async def _streamed(
        self, name: str, stream: AsyncIterator[Sequence[Chunk]], role: Role = "panel"
    ) -> Reply:
        with self.watch.asking(name, role) as call:
            call.reply = await self._relay(name, stream)
        return call.reply

    async def _relay(self, name: str, stream: AsyncIterator[Sequence[Chunk]]) -> Reply:
        """Pass a reply's text on as it comes. A failure is a value only while nothing was told:
        after that no other expert can take over, and it is raised."""
        started = perf_counter()
        reply, texts = Answer(name, ""), list[str]()
        try:
            async with asyncio.timeout_at(self.ends), aclosing(stream):  # type: ignore[type-var] # every stream is a generator
                async for chunks in stream:
                    for chunk in chunks:
                        texts.append(chunk.text)
                        if chunk.finish or chunk.usage or chunk.calls or chunk.logprobs:
                            reply = _extended(reply, chunk)
                    await self._show(chunks)
        except ExpertError as error:
            if self.told:
                raise
            return error.failure(name, perf_counter() - started)
        except TimeoutError as error:
            if self.told:
                raise OutOfTime(self._seconds, [self._cut(name)]) from error
            return self._cut(name)
        return replace(reply, text="".join(texts), seconds=perf_counter() - started)

    def _cut(self, name: str) -> Failure:
        self.cut = True
        return Failure(name, Cause.TIMEOUT, "the request's time was over", self._seconds)

    async def _show(self, chunks: Sequence[Chunk]) -> None:
        """Tells what there is of the verdict in these."""
        shown = [each for each in chunks if each.text or each.calls or each.logprobs]
        if shown and self.listener:
            self.told = True
            self.watch.showed_text()
            await self.listener(shown)

    async def _tell(self, event: Working) -> None:
        if self.listener:
            await self.listener([event])


def _extended(reply: Answer, chunk: Chunk) -> Answer:
    """With all that the chunk adds but its text."""
    return replace(
        reply,
        finish=chunk.finish or reply.finish,
        usage=chunk.usage or reply.usage,
        calls=extended(reply.calls, chunk.calls) if chunk.calls else reply.calls,
        logprobs=reply.logprobs + chunk.logprobs,
    )
