"""Asks the verifier process which formulas are equal. It is started when first needed."""

import asyncio
import json
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.agreement.formulas import latex
from orchestrator.agreement.grouping import Pair

logger = logging.getLogger(__name__)

SECONDS = 1.0  # of processor time for one pair; most take hundredths
PATIENCE = 30.0  # seconds by the clock for one answer: the machine may be busy
GIVEN_UP = 2  # pairs of a question that may take too long, before its rest is taken as different
KNOWN = 4096  # pairs remembered
_VERIFIER = Path(__file__).with_name("verifier.py")


class Mathematics:
    """Compares formulas in a process that hostile ones may end. An async context manager."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._known: dict[Pair, bool | None] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    @property
    def started(self) -> bool:
        """Whether the verifier is running."""
        return self._process is not None

    async def equal(self, questions: Iterable[Sequence[Pair]]) -> frozenset[Pair]:
        """Of each question's pairs those that are the same mathematics. What takes too long is
        taken as different, and a question that has too much of it costs no other its turn."""
        found: set[Pair] = set()
        for pairs in questions:
            given_up = 0
            for pair in pairs:
                if given_up < GIVEN_UP:
                    told = await self._known_or_asked(pair)
                    given_up += told is None
                    found |= {pair} if told else set()
        return frozenset(found)

    async def _known_or_asked(self, pair: Pair) -> bool | None:
        async with self._one_at_a_time:
            if pair not in self._known:
                if len(self._known) >= KNOWN:
                    self._known.clear()
                self._known[pair] = await self._ask(pair)
            return self._known[pair]

    async def _ask(self, pair: Pair) -> bool | None:
        """None where the verifier ended or did not answer in time."""
        one, other = sorted(pair)
        line = b""
        try:
            async with asyncio.timeout(PATIENCE):
                line = await self._line(f"{json.dumps([latex(one), latex(other)])}\n")
        except (TimeoutError, ConnectionError):
            line = b""
        finally:
            if not line:  # also where the asker has gone: the answer must not reach the next one
                await self._stop()
        if not line:
            logger.warning(
                "formulas took too long to compare", extra={"action": "formula_given_up"}
            )
            return None
        return line == b"true\n"

    async def _line(self, question: str) -> bytes:
        process = await self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(question.encode())
        await process.stdin.drain()
        return await process.stdout.readline()

    async def _started(self) -> Process:
        if self._process is None:
            command = [sys.executable, "-P", str(_VERIFIER), str(self._seconds)]
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
            assert self._process.stdout
            await self._process.stdout.readline()  # "ready"
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()
