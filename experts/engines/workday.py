"""An engine's working day, on the one thread that owns it: serve, measure, sleep and wake."""

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import psutil

from experts.engines.costs import Costs, Happened, Slept, Started, Woke
from experts.engines.engine import Engine, SwapFailed
from experts.engines.generation import EngineStatus, Piece
from experts.engines.measuring import Measuring
from experts.engines.pace import Mean, Pace
from experts.engines.reading import bytes_on_disk
from experts.engines.serving import Delivery, Serving

if TYPE_CHECKING:
    from experts.engines.actor import Orders


class Learned(NamedTuple):
    """What an engine knows of itself."""

    happened: list[Happened]
    estimates: dict[str, float]  # base -> seconds until a new request for it would start


class Workday:
    """An exception other than `SwapFailed` means that the engine is beyond use."""

    def __init__(self, engine: Engine, serving: Serving, measuring: Measuring) -> None:
        self._engine = engine
        self.serving = serving
        self._measuring = measuring
        self._busy_seconds = 0.0

    @classmethod
    def begun(cls, orders: "Orders") -> "Workday":
        """With a new engine. Raises what vLLM raises if there can be none."""
        if orders.family.offline:
            os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
        free = orders.host_bytes
        if free is None:
            free = psutil.virtual_memory().available
        host_bytes = int(free * orders.host_share)
        engine = Engine(orders.family, orders.base, host_bytes=host_bytes, sleeps=orders.sleeps)
        measuring = Measuring()
        measuring.happened(Started(engine.start_seconds))
        pace = Pace(
            swap=Mean(orders.costs.swap(bytes_on_disk(orders.base))),
            reply=Mean(_reply_seconds(orders.costs, orders.base, engine.batch)),
        )
        serving = Serving(engine, time.monotonic, max_wait=orders.max_wait, pace=pace)
        return cls(engine, serving, measuring)

    @staticmethod
    def beyond_use(error: BaseException) -> bool:
        """Whether an error leaves the engine in an unknown state."""
        return not isinstance(error, SwapFailed)

    def turn(self) -> list[Delivery]:
        """As much as can be done without waiting, and what came of it."""
        engine, measuring = self._engine, self._measuring
        steps, tokens = engine.steps, engine.tokens
        started = time.perf_counter()
        deliveries = self.serving.turn()
        seconds = time.perf_counter() - started
        self._busy_seconds += seconds
        seconds -= self._swapped()
        measuring.stepped(engine.steps - steps, engine.tokens - tokens, seconds)
        for delivery in deliveries:
            if isinstance(delivery.outcome, Piece) and delivery.final:
                measuring.replied(engine.resident, delivery.outcome)
        return deliveries

    def _swapped(self) -> float:
        """Measures what was swapped in, and returns the seconds that it took in all."""
        swaps = self._engine.swapped()
        for swap in swaps:
            self._measuring.swapped(swap)
        return sum(swap.seconds for swap in swaps)

    def cancelled(self, call_id: str) -> Sequence[Delivery]:
        self.serving.cancel(call_id)
        return ()

    def sleep(self, level: int) -> EngineStatus:
        started = time.perf_counter()
        self._engine.sleep(level)
        self._measuring.happened(Slept(time.perf_counter() - started))
        return self.status()

    def wake(self, base: str) -> EngineStatus:
        started = time.perf_counter()
        self._engine.wake(base)
        seconds = time.perf_counter() - started
        self._measuring.happened(Woke(max(seconds - self._swapped(), 1e-6)))
        return self.status()

    def learned(self) -> Learned:
        """What was measured since the last time anybody asked, and how long one would wait now."""
        return Learned(self._measuring.told(), self.serving.estimates())

    def status(self) -> EngineStatus:
        engine, serving = self._engine, self.serving
        return EngineStatus(
            family=engine.family.name,
            pid=os.getpid(),
            resident=engine.resident,
            swaps=serving.swaps,
            waiting=serving.waiting.counts(),
            running=serving.running,
            busy_seconds=self._busy_seconds,
            swap_seconds=serving.swap_seconds,
            start_seconds=engine.start_seconds,
            held=tuple(sorted(engine.held)),
            waiting_batch=serving.waiting.batch,
            steps=serving.steps,
            prompt_tokens=serving.prompt_tokens,
            completion_tokens=serving.completion_tokens,
            cached_tokens=serving.cached_tokens,
        )


def _reply_seconds(costs: Costs, base: str, batch: int) -> float:
    """What one reply takes among as many as are written at once."""
    lengths = costs.lengths_of(base)
    return costs.generation(batch, lengths.prompt, lengths.reply, batch)
