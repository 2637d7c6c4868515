"""What `/v1/files` and `/v1/batches` stand on: the files and batches in Redis, and who pays."""

import asyncio
from dataclasses import dataclass, field

from redis.asyncio import Redis

from api.batches.purse import Accounts
from api.batches.store import Batches
from api.files.store import DAY, MIB, FileLimits, Files
from api.keys import names as key_names
from api.keys.estimates import Estimator
from api.keys.ledger import Ledger
from api.keys.records import Records
from api.settings import BatchSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything about files and batches. `accounts` are there where keys are asked for."""

    files: Files
    batches: Batches
    accounts: Accounts | None = None
    at_once: int = 4  # batches that this process works on
    news: asyncio.Event = field(default_factory=asyncio.Event)  # there may be work to do

    @classmethod
    def on(
        cls,
        redis: Redis,
        settings: BatchSettings,
        estimator: Estimator | None,
        news: asyncio.Event | None = None,
    ) -> "Desk":
        limits = FileLimits(settings.file_mib * MIB, settings.tenant_mib * MIB, settings.days * DAY)
        accounts = None
        if estimator is not None:
            accounts = Accounts(Records(redis), Ledger(redis, key_names.lines), estimator)
        news = news or asyncio.Event()
        return cls(Files(redis, limits), Batches(redis), accounts, settings.at_once, news)
