"""The Ray actor around one engine: asyncio towards its callers, one thread for the engine.

An actor starts without an engine: it imports vLLM, which takes a quarter of a minute, and is then
a warm process in which an engine starts in seconds.
"""

import asyncio
import itertools
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from experts.engines.costs import Costs
from experts.engines.families import Family
from experts.engines.generation import EngineStatus, Outcome, Refusal, Request
from experts.engines.mailbox import Mailbox
from experts.engines.serving import Delivery
from experts.engines.waiting import Call
from experts.engines.workday import Learned, Workday

logger = logging.getLogger(__name__)
T = TypeVar("T")

CHUNK_SECONDS = 0.05  # text of this long is streamed as one piece; a message per token costs more
WARM_SECONDS = 300.0  # that importing vLLM may take on a machine with much else to do


@dataclass(frozen=True, slots=True)
class Orders:
    """What an actor is told to be."""

    family: Family
    base: str  # that it starts with
    max_wait: float  # seconds, see `switching`
    host_bytes: int | None  # of the node, for weights that are not in use; None: of what is free
    host_share: float  # of that, the engine's part
    sleeps: bool  # whether it shares its GPU with engines that take turns
    costs: Costs  # what is believed at first


class EngineActor:
    """One process, at most one engine. An engine that fails takes its process with it."""

    def __init__(self, devices: Sequence[str]) -> None:
        """`devices` are the GPUs it may use, as CUDA names them."""
        if devices:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
        self._commands: SimpleQueue[Callable[[Workday], Sequence[Delivery]]] = SimpleQueue()
        self._mailboxes: dict[str, Mailbox] = {}
        self._numbers = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._status: EngineStatus | None = None
        self._warm: Future[None] = Future()
        threading.Thread(target=_warm_up, args=(self._warm,), name="warm up", daemon=True).start()

    async def warm(self) -> int:
        """The process's id, once vLLM is imported."""
        async with asyncio.timeout(WARM_SECONDS):
            await asyncio.wrap_future(self._warm)
        return os.getpid()

    async def start(self, orders: Orders) -> EngineStatus:
        """Builds the engine. Raises what kept it from starting; the process is of no use then."""
        await self.warm()
        started: Future[EngineStatus] = Future()
        threading.Thread(
            target=self._work, args=(orders, started), name="engine", daemon=True
        ).start()
        return await asyncio.wrap_future(started)

    async def sleep(self, level: int) -> EngineStatus:
        """Gives the GPU's memory to others. Only when nothing is asked of the engine."""
        return await self._command(lambda workday: workday.sleep(level))

    async def wake(self, base: str) -> EngineStatus:
        """Takes the memory back and makes `base` resident. Raises `SwapFailed`."""
        return await self._command(lambda workday: workday.wake(base))

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
        return mailbox.outcomes(len(requests), seconds)

    async def stream(self, request: Request) -> AsyncIterator[Outcome]:
        """The reply's pieces, or a refusal as the last of them."""
        call_id, mailbox = self._submit([request], streaming=True)
        try:
            while True:
                await mailbox.arrived.wait()
                mailbox.arrived.clear()
                item = mailbox.next()
                if isinstance(item, Refusal) or item.finish or item.text or item.logprobs:
                    yield item
                if isinstance(item, Refusal) or item.finish:
                    return
                await asyncio.sleep(CHUNK_SECONDS)
        finally:
            self._close(call_id)

    async def status(self) -> EngineStatus:
        assert self._status is not None, "asked after it started"
        return self._status

    async def learned(self) -> Learned:
        """What was measured since the last time anybody asked, and how long one would wait now."""
        return await self._command(lambda workday: workday.learned())

    def _submit(self, requests: Sequence[Request], *, streaming: bool) -> tuple[str, Mailbox]:
        call_id = str(next(self._numbers))
        mailbox = self._mailboxes[call_id] = Mailbox(len(requests), streaming)
        call = Call(
            call_id,
            requests[0].base,
            time.monotonic(),
            dict(enumerate(requests)),
            streaming,
            requests[0].priority,
        )
        self._put(lambda workday: workday.serving.submit(call))
        return call_id, mailbox

    def _close(self, call_id: str) -> None:
        if self._mailboxes.pop(call_id).left:
            self._put(lambda workday: workday.cancelled(call_id))

    async def _command(self, ask: Callable[[Workday], T]) -> T:
        """Has the engine's thread do something between two steps, and returns what it gave."""
        done: Future[T] = Future()

        def obey(workday: Workday) -> Sequence[Delivery]:
            if not done.set_running_or_notify_cancel():
                return ()  # nobody waits for it any more
            try:
                done.set_result(ask(workday))
            except BaseException as error:
                done.set_exception(error)
                if workday.beyond_use(error):
                    raise
            return ()

        self._put(obey)
        return await asyncio.wrap_future(done)

    def _put(self, command: Callable[[Workday], Sequence[Delivery]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._commands.put(command)

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            mailbox = self._mailboxes.get(delivery.call_id)
            if mailbox is not None:
                mailbox.put(delivery)

    def _work(self, orders: Orders, started: "Future[EngineStatus]") -> None:
        try:
            workday = Workday.begun(orders)
        except BaseException as error:  # noqa: BLE001 - `start` raises it to its caller
            started.set_exception(error)
            return
        self._status = workday.status()
        started.set_result(self._status)
        try:
            while True:
                self._turn(workday)
        except BaseException:
            # What an engine holds after an error is unknown; a new process is the only cure.
            logger.exception("the engine failed", extra={"action": "engine_failed"})
            os._exit(1)

    def _turn(self, workday: Workday) -> None:
        deliveries = self._obey(workday)
        deliveries += workday.turn()
        # Replaced as a whole, because the event loop reads it at any moment.
        self._status = workday.status()
        if deliveries and self._loop is not None:
            self._loop.call_soon_threadsafe(self._deliver, deliveries)

    def _obey(self, workday: Workday) -> list[Delivery]:
        """Everything commanded by now; waits for a command while there is nothing else to do."""
        deliveries: list[Delivery] = []
        rest = workday.serving.rest()
        while True:
            try:
                command = self._commands.get(block=rest != 0.0, timeout=rest)
            except Empty:
                return deliveries
            deliveries += command(workday)
            rest = 0.0


def _warm_up(warm: "Future[None]") -> None:
    try:
        from vllm.engine import arg_utils  # noqa: F401 - what takes long is importing it
        from vllm.v1.engine import llm_engine  # noqa: F401
    except BaseException as error:  # noqa: BLE001 - `warm` raises it to its caller
        warm.set_exception(error)
    else:
        warm.set_result(None)
