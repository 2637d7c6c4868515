"""The Ray actor around one engine: asyncio towards its callers, one thread for the engine."""

import asyncio
import itertools
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from experts.engines.engine import Engine
from experts.engines.families import Family
from experts.engines.generation import EngineStatus, Outcome, Piece, Refusal, Request
from experts.engines.serving import Delivery, Serving, merged
from experts.engines.waiting import Call
from experts.types import Cause

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0  # before an engine that could not be restarted is tried again
CHUNK_SECONDS = 0.05  # text of this long is streamed as one piece; a message per token costs more

Command = Callable[[Serving], Sequence[Delivery] | None]


@dataclass(slots=True)
class Mailbox:
    """Where a call's replies arrive, on the event loop's side."""

    left: int
    replies: dict[int, list[Outcome]] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, delivery: Delivery, *, streaming: bool) -> None:
        self.replies.setdefault(delivery.place, []).append(delivery.outcome)
        self.left -= delivery.final
        if streaming or not self.left:
            self.arrived.set()


class EngineActor:
    """One process, one engine. If the engine fails, the process ends and Ray starts another."""

    def __init__(self, family: Family, max_wait: float) -> None:
        self._family = family
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._mailboxes: dict[str, tuple[Mailbox, bool]] = {}
        self._numbers = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        started: Future[EngineStatus] = Future()
        threading.Thread(
            target=self._work, args=(max_wait, started), name="engine", daemon=True
        ).start()
        self._status = _first(started)

    async def ask(self, requests: Sequence[Request], seconds: float) -> list[Outcome]:
        """One outcome per request. What has no reply in time is refused and freed."""
        call_id, mailbox = self._submit(requests, streaming=False)
        try:
            async with asyncio.timeout(seconds):
                await mailbox.arrived.wait()
        except TimeoutError:
            logger.info("out of time", extra={"action": "call_timed_out", "left": mailbox.left})
        finally:
            self._close(call_id)
        late = Refusal(Cause.TIMEOUT, f"no reply within {seconds:.3g} s")
        return [mailbox.replies.get(place, [late])[0] for place in range(len(requests))]

    async def stream(self, request: Request) -> AsyncIterator[Outcome]:
        """The reply's pieces, or a refusal as the last of them."""
        call_id, mailbox = self._submit([request], streaming=True)
        try:
            while True:
                await mailbox.arrived.wait()
                mailbox.arrived.clear()
                item = _next_item(mailbox.replies.pop(0, []))
                if isinstance(item, Refusal) or item.finish or item.text:
                    yield item
                if isinstance(item, Refusal) or item.finish:
                    return
                await asyncio.sleep(CHUNK_SECONDS)
        finally:
            self._close(call_id)

    async def status(self) -> EngineStatus:
        return self._status

    def _submit(self, requests: Sequence[Request], *, streaming: bool) -> tuple[str, Mailbox]:
        self._loop = asyncio.get_running_loop()
        call_id = str(next(self._numbers))
        mailbox = Mailbox(left=len(requests))
        self._mailboxes[call_id] = mailbox, streaming
        call = Call(
            call_id, requests[0].base, time.monotonic(), dict(enumerate(requests)), streaming
        )
        self._commands.put(lambda serving: serving.submit(call))
        return call_id, mailbox

    def _close(self, call_id: str) -> None:
        mailbox, _ = self._mailboxes.pop(call_id)
        if mailbox.left:
            self._commands.put(lambda serving: serving.cancel(call_id))

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            mailbox, streaming = self._mailboxes.get(delivery.call_id, (None, False))
            if mailbox is not None:
                mailbox.put(delivery, streaming=streaming)

    def _work(self, max_wait: float, started: "Future[EngineStatus]") -> None:
        try:
            engine = Engine(self._family)
        except BaseException as error:  # noqa: BLE001 - the constructor raises it to Ray
            started.set_exception(error)
            return
        serving = Serving(engine, time.monotonic, max_wait=max_wait)
        started.set_result(_status(engine, serving, busy_seconds=0.0))
        try:
            while True:
                self._turn(engine, serving)
        except BaseException:
            # What an engine holds after an error is unknown; a new process is the only cure.
            logger.exception("the engine failed", extra={"action": "engine_failed"})
            os._exit(1)

    def _turn(self, engine: Engine, serving: Serving) -> None:
        deliveries = self._obey(serving)
        started = time.perf_counter()
        deliveries += serving.turn()
        busy_seconds = self._status.busy_seconds + time.perf_counter() - started
        # Replaced as a whole, because the event loop reads it at any moment.
        self._status = _status(engine, serving, busy_seconds)
        if deliveries and self._loop is not None:
            self._loop.call_soon_threadsafe(self._deliver, deliveries)

    def _obey(self, serving: Serving) -> list[Delivery]:
        """Everything commanded by now; waits for a command when there is nothing else to do."""
        deliveries: list[Delivery] = []
        wait = serving.idle
        while True:
            try:
                command = self._commands.get(block=wait)
            except Empty:
                return deliveries
            deliveries += command(serving) or ()
            wait = False


def _first(started: "Future[EngineStatus]") -> EngineStatus:
    """The status of an engine that has started; its error ends a first start, and no other."""
    import ray

    try:
        return started.result()
    except BaseException:
        if not ray.get_runtime_context().was_current_actor_reconstructed:
            raise
        # An exception would end the actor for good, though the cause may pass: the process
        # before this one may still hold the GPU's memory.
        logger.exception("the engine did not restart", extra={"action": "restart_failed"})
        time.sleep(RETRY_SECONDS)
        os._exit(1)


def _next_item(outcomes: Sequence[Outcome]) -> Outcome:
    pieces = [outcome for outcome in outcomes if isinstance(outcome, Piece)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    return refusals[0] if refusals else merged(pieces)


def _status(engine: Engine, serving: Serving, busy_seconds: float) -> EngineStatus:
    return EngineStatus(
        family=engine.family.name,
        pid=os.getpid(),
        resident=engine.resident,
        swaps=serving.swaps,
        waiting=serving.waiting.counts(),
        running=serving.running,
        busy_seconds=busy_seconds,
        swap_seconds=serving.swap_seconds,
        start_seconds=engine.start_seconds,
    )
