"""Whether those who ask need a key, and the refusal to listen to others where nobody has one."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from api.keys.keeper import Keeper
from api.keys.ledger import Ledger
from api.keys.records import Records
from api.listening import CannotListen, Demand


@asynccontextmanager
async def keeping(redis: Redis, demand: Demand, grace: float) -> AsyncIterator[Keeper | None]:
    """Who checks keys; None where none are asked for. Decided once: on the loopback address, a
    service that was started before the first key was made asks for none until it is restarted."""
    records = Records(redis)
    if demand is Demand.NEVER or (demand is Demand.IF_ANY and not await records.any()):
        yield None
        return
    keeper = Keeper(records, Ledger(redis), grace)
    try:
        yield keeper
    finally:
        await keeper.close()


async def demanded(redis: Redis, host: str) -> None:
    """Raises `CannotListen` if nobody has a key that counts."""
    now = time.time()
    if not any(key.usable(now) for key in await Records(redis).all()):
        raise CannotListen(
            f"{host} can be reached from other machines, and there are no keys to tell who may "
            "ask; make one with `convene keys create NAME`, or use --host 127.0.0.1, or "
            "--insecure if everyone who can reach it may"
        )
