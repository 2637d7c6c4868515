"""An engine in a process of its own, told what to do call by call, as its actor's thread would."""

import gc
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from experts.cards import VllmCard
from experts.engines.families import Family, families
from experts.engines.processes import Berth, environment

SECONDS = 90.0  # that a call may take: the first one imports vLLM


def family_of(cards: Mapping[str, VllmCard]) -> Family:
    """The one family that these cards are."""
    [family] = families(cards)
    return family


@dataclass(frozen=True, slots=True)
class Bench:
    """Builds engines one after the other in one process, because importing vLLM takes long."""

    _process: ProcessPoolExecutor

    @classmethod
    def set_up(cls, *gpus: str) -> "Bench":
        """With these GPUs, or else on CPU."""
        return cls(
            ProcessPoolExecutor(
                1,
                mp_context=get_context("spawn"),
                initializer=_prepare,
                initargs=(gpus,),
            )
        )

    def engine(self, family: Family, base: str | Path, *, host_bytes: int = 0) -> "Driven":
        """A new engine; the one before it is no more."""
        self._call(_build, family, str(base), host_bytes)
        return Driven(self._call)

    def close(self) -> None:
        with suppress(BrokenProcessPool):  # it leaves at once: tidying vLLM up takes seconds
            self._call(os._exit, 0)
        self._process.shutdown()

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._process.submit(function, *arguments).result(SECONDS)


@dataclass(frozen=True, slots=True)
class Driven:
    """The engine that was built last."""

    _call: Callable[..., Any]

    def says(self, texts: Sequence[str], adapter: str | Path | None = None) -> list[str]:
        """Greedy replies of the resident base, or of an adapter on it."""
        return self._call(_says, list(texts), adapter and str(adapter))

    def swap(self, base: str | Path) -> str:
        """Where the weights came from. Raises `SwapFailed`."""
        return self._call(_swap, str(base))

    def expect(self, *bases: str | Path) -> None:
        self._call(_expect, [str(base) for base in bases])

    def reads(self, base: str | Path) -> None:
        """Expects a base, and returns when it has been read or was given up."""
        self._call(_reads, str(base))

    def sleep(self, level: int) -> None:
        self._call(_sleep, level)

    def wake(self, base: str | Path) -> None:
        self._call(_wake, str(base))

    def warnings(self) -> list[str]:
        """Logged since the engine was built."""
        return self._call(_warnings)


@dataclass(slots=True)
class _Worker:
    """What the process has between two calls."""

    engine: Any = None
    warned: list[str] = field(default_factory=list)


_worker = _Worker()


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _worker.warned.append(record.getMessage())


def _prepare(gpus: tuple[str, ...]) -> None:
    os.environ.update(environment(Berth("here", gpus), 1, offline=True))


def _build(family: Family, base: str, host_bytes: int) -> None:
    from experts.engines.engine import Engine

    if _worker.engine is not None:
        _worker.engine.close()
    _worker.engine = None
    gc.collect()
    ours = logging.getLogger("experts")
    ours.handlers = [_Listener(logging.WARNING)]
    _worker.warned.clear()
    sleeps = bool(family.gpus)
    _worker.engine = Engine(family, base, host_bytes=host_bytes, sleeps=sleeps)


def replied(
    engine: Any, texts: Sequence[str], tokens: int, adapter: str | None = None
) -> dict[str, str]:
    """Greedy replies of the resident base, or of an adapter on it, by what was asked."""
    from experts.engines.generation import Request
    from experts.types import Message

    said: dict[str, str] = {}
    for text in texts:
        messages = (Message("user", text),)
        request = Request(engine.resident, messages, max_tokens=tokens, adapter=adapter)
        refusal = engine.add(text, request, streaming=False)
        assert refusal is None, refusal
    while engine.busy:
        said |= {each.request_id: each.outcome.text for each in engine.step()}
    return said


def _says(texts: list[str], adapter: str | None) -> list[str]:
    said = replied(_worker.engine, texts, 24, adapter)
    return [said[text] for text in texts]


def _swap(base: str) -> str:
    _worker.engine.swap(base)
    [swap] = _worker.engine.swapped()
    return swap.source


def _expect(bases: list[str]) -> None:
    _worker.engine.expect(bases)


def _reads(base: str) -> None:
    deadline = time.monotonic() + 20
    engine, warned = _worker.engine, len(_worker.warned)
    while base not in engine.held and len(_worker.warned) == warned:
        assert time.monotonic() < deadline, "it was not read"
        engine.expect([base])
        time.sleep(0.005)


def _sleep(level: int) -> None:
    _worker.engine.sleep(level)


def _wake(base: str) -> None:
    _worker.engine.wake(base)


def _warnings() -> list[str]:
    return list(_worker.warned)
