"""What lines are charged to: a key whose limits make them wait, or nobody."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from api.batches.patience import patiently
from api.keys.errors import OverLimit
from api.keys.estimates import Estimate, Estimator
from api.keys.key import Key
from api.keys.ledger import Ledger, Reservation, new_names
from api.keys.limits import NOTHING
from api.keys.metered import Bill
from api.keys.records import Records
from orchestrator.errors import OrchestratorError
from orchestrator.types import Request, Verdict

IN_FLIGHT = 256  # lines that are reserved for at once: what a worker that dies leaves as spent


class NotYet(Exception):  # noqa: N818 - named for the state it reports
    """The limits leave no room for the line now; there may be some after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"there may be room in {seconds:g} s")
        self.seconds = seconds


@dataclass(slots=True)
class Ticket:
    """A line that may be asked, until it is settled."""

    bill: Bill
    reservation: Reservation | None = None


class Purse(Protocol):
    """Whoever pays for a batch."""

    async def reserve(self, request: Request) -> Ticket:
        """Before a line is asked. Raises `NotYet`, or `OverLimit` if it may never be."""
        ...

    async def settle(self, ticket: Ticket, outcome: Verdict | OrchestratorError | None) -> None:
        """Afterwards; None for a line that was cut short. Doing it again changes nothing."""
        ...


class Nobody:
    """Pays for everything."""

    async def reserve(self, request: Request) -> Ticket:
        return FREE

    async def settle(self, ticket: Ticket, outcome: Verdict | OrchestratorError | None) -> None:
        return None


FREE = Ticket(Bill(Estimate(NOTHING)))


@dataclass(frozen=True, slots=True)
class Accounts:
    """The keys that batches are made with, and what their lines are counted by."""

    records: Records
    ledger: Ledger  # whose reservations are beside those of people's requests
    estimator: Estimator
    clock: Callable[[], float] = time.time

    async def usable(self, id: str) -> Key | None:
        """The key, if it still counts."""
        key = await self.records.find(id)
        return key if key is not None and key.usable(self.clock()) else None


@dataclass(slots=True)
class KeyPurse:
    """A key. Each line reserves the most that it may take and settles what it took, as a request
    does, but takes none of the key's places and is never refused for now: it waits."""

    accounts: Accounts
    key: Key
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))

    def __post_init__(self) -> None:
        self.key = replace(self.key, limits=replace(self.key.limits, concurrent=None))

    async def reserve(self, request: Request) -> Ticket:
        bill = Bill(self.accounts.estimator.estimate(request))
        if not self.key.limits.rates:
            return Ticket(bill)
        await self._room.acquire()
        names, now = new_names(bill.taken), self.accounts.clock()
        try:
            reservation = await patiently(
                lambda: self.accounts.ledger.reserve(self.key, names, bill.taken, now)
            )
        except OverLimit as error:
            self._room.release()
            if error.seconds is None:
                raise
            raise NotYet(error.seconds) from error
        except BaseException:
            self._room.release()
            raise
        return Ticket(bill, reservation)

    async def settle(self, ticket: Ticket, outcome: Verdict | OrchestratorError | None) -> None:
        reservation = ticket.reservation
        if reservation is None:
            return
        ticket.reservation = None
        self._room.release()
        if outcome is not None:
            ticket.bill.tell(outcome)
        taken = ticket.bill.taken
        await patiently(lambda: self.accounts.ledger.settle(reservation, taken))
