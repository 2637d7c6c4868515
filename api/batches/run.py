"""One worker's turn at a batch: from where it stands to its end, or as far as may be."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import NoReturn

from api.batches.batch import Batch, Problem, Status, finalizing, validated
from api.batches.desk import Desk
from api.batches.engine import Engine
from api.batches.finishing import finish
from api.batches.jsonl import numbered
from api.batches.lease import Lease, LeaseLost
from api.batches.line import Askable, ChatLine, Result, read
from api.batches.patience import patiently
from api.batches.purse import KeyPurse, Nobody, Purse
from api.batches.store import Done
from api.batches.validation import LONGEST_LINE, checked
from api.files.errors import NoSuch, NotNow, TooLarge
from api.running import Service
from routing.stopping import stop

BEAT = 2.0  # seconds between looks at what became of the batch meanwhile; well within a lease
DRAIN = 20.0  # seconds that lines which are being asked have when a batch ends before its last
NO_KEY = Problem(
    "invalid_api_key",
    "The key that this batch is charged to counts no more; resume the batch with another.",
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a batch ends, and why."""

    status: Status
    problems: tuple[Problem, ...] = ()


def ending(batch: Batch, *, usable: bool, now: float) -> Ending | None:
    """Whether no more of it may be asked. `usable` says if the key that pays still counts."""
    if batch.status is Status.CANCELLING:
        return Ending(Status.CANCELLED)
    if now >= batch.ends:
        return Ending(Status.EXPIRED)
    return None if usable else Ending(Status.FAILED, (NO_KEY,))


@dataclass(frozen=True, slots=True)
class Recorder:
    """Keeps results of a batch, as long as the lease is held."""

    desk: Desk
    batch: Batch
    lease: Lease

    async def record(self, line: Askable, result: Result) -> None:
        await patiently(
            lambda: self.desk.batches.record(self.batch, self.lease, line.number, result)
        )


class Run:
    """Works on a batch whose lease it has."""

    def __init__(
        self,
        desk: Desk,
        service: Service,
        lease: Lease,
        beat: float = BEAT,
        drain: float = DRAIN,
    ) -> None:
        self._desk = desk
        self._service = service
        self._lease = lease
        self._beat = beat
        self._drain = drain
        self._closing = False
        self._engine: Engine | None = None

    def stop(self) -> None:
        """Lines that are being asked get their results; the rest is for whoever follows."""
        self._closing = True
        if self._engine is not None:
            self._engine.stop()

    async def run(self, id: str) -> float:
        """Returns when the batch is due again, in seconds since 1970; that means nothing for one
        that has ended. Raises `LeaseLost`."""
        whole = asyncio.create_task(self._whole(id), name=f"work on {id}")
        beats = asyncio.create_task(self._beats(), name=f"hold {id}")
        try:
            done, _ = await asyncio.wait({whole, beats}, return_when=asyncio.FIRST_COMPLETED)
            return whole.result() if whole in done else beats.result()
        finally:
            await stop(whole, beats)

    async def _beats(self) -> NoReturn:
        while True:
            await patiently(self._lease.hold)
            await asyncio.sleep(self._beat)

    async def _whole(self, id: str) -> float:
        batch, now = await self._look(id), self._desk.batches.clock
        how: Ending | None = Ending(batch.ending, batch.problems)
        try:
            if batch.status is Status.VALIDATING:
                batch = await self._validated(batch)
            if batch.status is Status.IN_PROGRESS:
                how = await self._answered(batch)
        except (NoSuch, TooLarge) as error:
            code = "input_file_gone" if isinstance(error, NoSuch) else "invalid_file"
            how = Ending(Status.FAILED, (Problem(code, f"{error}"),))
        if how is None:
            return min(batch.ends, now() + (self._engine.wait if self._engine else 0.0))
        await self._finished(await self._look(id), how)
        return now()

    async def _look(self, id: str) -> Batch:
        batch = await patiently(lambda: self._desk.batches.catalogue.look(id))
        if batch is None:
            raise LeaseLost(f"{id} has expired")
        return batch

    async def _ending(self, id: str) -> Ending | None:
        batch, accounts = await self._look(id), self._desk.accounts
        usable = True
        if accounts is not None and batch.key:
            usable = await patiently(lambda: accounts.usable(batch.key)) is not None
        return ending(batch, usable=usable, now=self._desk.batches.clock())

    async def _validated(self, batch: Batch) -> Batch:
        file = await patiently(lambda: self._desk.files.catalogue.find(batch.input, batch.tenant))
        async with (
            aclosing(self._desk.files.content(file, patiently)) as blocks,
            aclosing(numbered(blocks, LONGEST_LINE)) as lines,
        ):
            check = await checked(lines)
        total, problems = check.total, check.end()
        now = self._desk.batches.clock()
        return await patiently(
            lambda: self._desk.batches.change(
                batch.id, lambda b: validated(b, total, problems, now), lease=self._lease
            )
        )

    async def _answered(self, batch: Batch) -> Ending | None:
        """How it ends; None if it does not for now."""
        while (how := await self._ending(batch.id)) is None:
            done = await patiently(lambda: self._desk.batches.done(batch.id))
            if done.count >= batch.total:
                return Ending(Status.COMPLETED)
            if self._closing or (self._engine is not None and self._engine.wait):
                return None
            if (purse := await self._purse(batch)) is not None:
                recorder = Recorder(self._desk, batch, self._lease)
                self._engine = Engine(self._service, recorder, purse)
                await self._supervised(self._engine, batch, done)
        return how

    async def _purse(self, batch: Batch) -> Purse | None:
        """None if the key counts no more since a moment ago."""
        accounts = self._desk.accounts
        if accounts is None or not batch.key:
            return Nobody()
        key = await patiently(lambda: accounts.usable(batch.key))
        return None if key is None else KeyPurse(accounts, key)

    async def _supervised(self, engine: Engine, batch: Batch, done: Done) -> None:
        """Returns when the engine has nothing more to do or must end."""
        loop = asyncio.get_running_loop()
        lines = self._lines(batch, done)
        working = asyncio.create_task(engine.answer(lines), name=f"answer {batch.id}")
        until: float | None = None
        try:
            while not (await asyncio.wait({working}, timeout=self._beat))[0]:
                if until is not None and loop.time() >= until:
                    return
                if until is None and await self._ending(batch.id) is not None:
                    engine.stop()
                    until = loop.time() + self._drain
            working.result()
        finally:
            await stop(working)
            await lines.aclose()

    async def _lines(self, batch: Batch, done: Done) -> AsyncGenerator[ChatLine, None]:
        """Those without a result."""
        file = await patiently(lambda: self._desk.files.catalogue.find(batch.input, batch.tenant))
        async with aclosing(self._desk.files.content(file, patiently)) as blocks:
            async for number, raw in numbered(blocks):
                if number in done:
                    continue
                line = read(number, raw, batch.id, batch.tenant)
                assert isinstance(line, ChatLine), "the file was validated, and does not change"
                yield line

    async def _finished(self, batch: Batch, how: Ending) -> None:
        now = self._desk.batches.clock()
        batch = await patiently(
            lambda: self._desk.batches.change(
                batch.id,
                lambda b: finalizing(b, how.status, how.problems, now),
                lease=self._lease,
            )
        )
        if batch.status.open:
            with suppress(NotNow):  # it has ended: only the answer to that was lost
                await patiently(lambda: finish(self._desk, batch, self._lease), None)
        logger.info("%s has ended", batch.id, extra={"action": "batch_ended", "batch": batch.id})
