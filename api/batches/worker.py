"""Works on batches inside a process that serves: takes those that are due, a few at once."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from redis.exceptions import RedisError

from api.batches.batch import Batch
from api.batches.desk import Desk
from api.batches.lease import Lease, LeaseLost
from api.batches.run import Run
from api.running import Running
from routing.stopping import stop

POLL = 1.0  # seconds between looks for batches of others
BROKEN = 60.0  # seconds until one is tried again whose run broke
GRACE = 15.0  # seconds that lines which are being asked have when the service closes
RELEASING = 2.0  # seconds to give a lease back; without that it lapses
logger = logging.getLogger(__name__)


def chosen(due: Sequence[Batch], busy: Mapping[str, int], room: int) -> list[Batch]:
    """Which to take: always one of the tenant that has the fewest at work, longest due first."""
    taken: list[Batch] = []
    working = Counter(busy)
    while len(taken) < room and (left := [batch for batch in due if batch not in taken]):
        batch = min(left, key=lambda b: working[b.tenant])
        working[batch.tenant] += 1
        taken.append(batch)
    return taken


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch that is being worked on."""

    batch: Batch
    run: Run
    task: asyncio.Task[None]


class Worker:
    """The batches that this process works on. Each is answered by what is `running` when its turn
    begins: experts may come and go, but all desks lead to the same files."""

    def __init__(self, desk: Desk, running: Running) -> None:
        self._desk = desk
        self._running = running
        self._turns: dict[str, Turn] = {}

    async def work(self) -> None:
        """Takes up batches until it is cancelled; `close` ends those it took."""
        while True:
            self._desk.news.clear()
            try:
                await self._take_up()
            except (RedisError, OSError, TimeoutError) as error:
                logger.debug("batches wait for redis: %s", error, extra={"action": "batch_waits"})
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._desk.news.wait()

    async def close(self, grace: float = GRACE) -> None:
        turns = list(self._turns.values())
        for turn in turns:
            turn.run.stop()
        if turns:
            await asyncio.wait([turn.task for turn in turns], timeout=grace)
        await stop(*(turn.task for turn in turns))

    async def _take_up(self) -> None:
        room = self._desk.at_once - len(self._turns)
        if room <= 0:
            return
        due = [batch for batch in await self._desk.batches.due() if batch.id not in self._turns]
        leased = await self._desk.batches.leased([batch.id for batch in due])
        busy = Counter(turn.batch.tenant for turn in self._turns.values())
        for batch in chosen([batch for batch in due if batch.id not in leased], busy, room):
            lease = self._desk.batches.lease(batch.id)
            if await lease.take():
                now = self._running.now
                run = Run(now.desk or self._desk, now.service, lease)
                task = asyncio.create_task(self._turn(batch, run, lease), name=f"run {batch.id}")
                self._turns[batch.id] = Turn(batch, run, task)

    async def _turn(self, batch: Batch, run: Run, lease: Lease) -> None:
        extra = {"batch": batch.id}
        logger.info("%s is taken up", batch.id, extra={"action": "batch_taken_up", **extra})
        due: float | None = None
        try:
            due = await run.run(batch.id)
        except LeaseLost as error:
            logger.warning("%s", error, extra={"action": "batch_lost", **extra})
        except Exception:
            logger.exception("%s broke", batch.id, extra={"action": "batch_broke", **extra})
            due = self._desk.batches.clock() + BROKEN
        finally:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(RELEASING):
                    if due is not None:
                        await self._desk.batches.put_off(batch.id, due)
                    await lease.release()
            del self._turns[batch.id]
            self._desk.news.set()


@asynccontextmanager
async def at_work(running: Running) -> AsyncIterator[None]:
    """Works on batches until the context ends, if the service has a place for them."""
    if running.desk is None:
        yield
        return
    worker = Worker(running.desk, running)
    working = asyncio.create_task(worker.work(), name="look for batches")
    try:
        yield
    finally:
        await stop(working)
        await worker.close()
