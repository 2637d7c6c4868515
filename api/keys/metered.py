"""A service for one key: reserves before it asks, settles when it knows what it took."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field, replace

from starlette.types import Scope

from api.around import Around
from api.keys.estimates import ONE, Estimate, taken, taken_by_failures
from api.keys.keeper import Keeper
from api.keys.ledger import Reservation
from api.keys.limits import NOTHING, Amounts
from api.keys.visitor import Visitor, visitor
from api.running import Running, Service
from orchestrator.errors import OrchestratorError, OutOfTime, PanelFailed
from orchestrator.intake import Requests
from orchestrator.types import Listener, Request, Verdict
from routing.types import Route


@dataclass(slots=True)
class Bill:
    """What will be settled. What nobody tells otherwise was all taken: a client that hangs up
    may have cost as much as it reserved."""

    estimate: Estimate
    taken: Amounts = field(init=False)

    def __post_init__(self) -> None:
        self.taken = self.estimate.whole

    def tell(self, outcome: Verdict | OrchestratorError) -> None:
        match outcome:
            case Verdict():
                self.taken = taken(outcome, self.estimate)
            case OutOfTime() if outcome.failures:
                pass  # a text was cut short, and what came before it is not told
            case PanelFailed():
                self.taken = taken_by_failures(tuple(outcome.failures), self.estimate)
            case _:  # refused before anybody was asked
                self.taken = ONE


class Metered(Around):
    """The service, with what each request takes counted on a visitor's key. Every call also
    raises `OverLimit` and `KeysAway`."""

    def __init__(self, service: Service, whose: Visitor) -> None:
        super().__init__(service)
        self._whose = whose
        self._keeper = whose.keys.keeper
        self._estimator = whose.keys.estimator

    async def route(self, request: Request) -> Route:
        """Counts as a request, and what the tagger may take."""
        with await self._billed(self._estimator.routing(request)):
            return await self.inside.route(self._theirs(request))

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        """Settled before it is told: whoever has it may ask the next at once."""
        with await self._billed(self._estimator.estimate(request)) as bill:
            verdict = await self.inside.answer(self._theirs(request), listener)
            bill.tell(verdict)
            return verdict

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        """Reserved for together: all may be asked or none is."""
        bills = [Bill(self._estimator.estimate(request)) for request in requests]
        reservation = await self._whose.reserve(sum((bill.taken for bill in bills), NOTHING))
        try:
            verdicts = await self.inside.answer_each([*map(self._theirs, requests)])
            for bill, verdict in zip(bills, verdicts, strict=True):
                bill.tell(verdict)
        except PanelFailed:  # of one; what the others took is not told
            raise
        except OrchestratorError as error:
            for bill in bills:
                bill.tell(error)
            raise
        finally:
            self._keeper.settle_soon(reservation, sum((bill.taken for bill in bills), NOTHING))
        return verdicts

    async def answer_all(
        self, requests: Requests
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]:
        """Each is reserved for as it is read. The first that the limits refuse ends the batch."""
        open_: dict[int, tuple[Reservation, Bill]] = {}

        async def reserved() -> AsyncIterator[Request]:
            place = 0
            async for request in _each(requests):
                bill = Bill(self._estimator.estimate(request))
                open_[place] = (await self._whose.reserve(bill.taken), bill)
                place += 1
                yield self._theirs(request)

        try:
            async with aclosing(self.inside.answer_all(reserved())) as results:
                async for place, outcome in results:
                    reservation, bill = open_.pop(place)
                    bill.tell(outcome)
                    self._keeper.settle_soon(reservation, bill.taken)
                    yield place, outcome
        finally:
            for reservation, bill in open_.values():
                self._keeper.settle_soon(reservation, bill.taken)

    def _theirs(self, request: Request) -> Request:
        return replace(request, tenant=self._whose.tenant)

    async def _billed(self, estimate: Estimate) -> "_Billing":
        reservation = await self._whose.reserve(estimate.whole)
        return _Billing(self._keeper, reservation, Bill(estimate))


@dataclass(slots=True)
class _Billing(AbstractContextManager[Bill]):
    """Around what is reserved for: settles what its bill says."""

    keeper: Keeper
    reservation: Reservation
    bill: Bill

    def __enter__(self) -> Bill:
        return self.bill

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OrchestratorError):
            self.bill.tell(error)
        self.keeper.settle_soon(self.reservation, self.bill.taken)


async def _each(requests: Requests) -> AsyncIterator[Request]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request


def for_whom(running: Running, scope: Scope) -> Running:
    """The running service as this request may use it."""
    whose = visitor(scope)
    if whose is None:
        return running
    return replace(running, service=Metered(running.service, whose))
