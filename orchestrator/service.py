"""The service: everything that answers questions, behind four calls."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from orchestrator.agreement import Comparer, WordsOnly
from orchestrator.batch import Case, Placed, deliberate_all
from orchestrator.deliberation import Deliberation
from orchestrator.errors import OrchestratorError, UnknownModel
from orchestrator.intake import Requests, slices
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.online import Listener, Online
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES, Policy, pinned, voting
from orchestrator.telemetry import Mode, Observer, Watch, unobserved
from orchestrator.types import Event, Request, Text, Verdict, Working
from routing.exchange import at_hand, exchanged
from routing.router import Recruiting, Router
from routing.types import Route

BACKLOG = 256  # events a slow reader may leave waiting before the panel waits for it
SLICE = 256  # questions of a batch that are recruited together
WORTH_LOADING = 0.05  # of a full slice: whom fewer recruit is not loaded if another will do


class Service:
    """Answers requests with the panel and the router it is given."""

    def __init__(
        self,
        panel: Panel,
        router: Router,
        policies: Mapping[str, Policy] = POLICIES,
        lessons: Lessons = UNTAUGHT,
        comparer: Comparer | None = None,
        observer: Observer = unobserved,
    ) -> None:
        self._panel = panel
        self._observer = observer
        self._router = router
        self._lessons = lessons
        self._comparer = comparer or WordsOnly()
        able = dict(policies)
        self._policies = able if panel.aggregator else {n: voting(p) for n, p in able.items()}

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self._policies)

    @property
    def experts(self) -> tuple[str, ...]:
        return tuple(self._panel.experts)

    async def route(self, request: Request) -> Route:
        """Who would be asked and why; nobody is. Raises `UnknownModel`."""
        (route,) = await self._routes([request])
        return route

    async def answer(self, request: Request) -> Verdict:
        """The verdict. Raises `UnknownModel` or `PanelFailed`."""
        return await self._deliberate(request, None)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """The verdict's text as soon as it is sure to be its text, the verdict itself last."""
        events: asyncio.Queue[Working | Text | None] = asyncio.Queue(BACKLOG)

        async def work() -> Verdict:
            try:
                return await self._deliberate(request, events.put)
            finally:
                await events.put(None)

        working = asyncio.create_task(work(), name="deliberate")
        try:
            while (event := await events.get()) is not None:
                yield event
            yield await working
        finally:
            working.cancel()
            while not events.empty():  # nobody reads any more: make room for its last event
                events.get_nowait()
            await asyncio.gather(working, return_exceptions=True)

    async def answer_all(
        self, requests: Requests
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]:
        """(place in `requests`, verdict or why there is none), as questions finish.

        What experts are asked is grouped by expert; one bad request costs only itself. Requests
        are read no further ahead than about `LIMITS.live` and three slices beyond what finished.
        """
        async with (
            aclosing(self._cased(requests)) as cases,
            aclosing(deliberate_all(cases, self._panel, self._comparer)) as results,
        ):
            async for result in results:
                yield result

    async def _cased(self, requests: Requests) -> AsyncGenerator[list[Placed], None]:
        """The requests in slices, each recruited together."""
        first = 0
        async with aclosing(slices(requests, SLICE)) as read:
            async for together in read:
                refused = [self._refused(request) for request in together]
                known = [
                    request.behind_people
                    for request, error in zip(together, refused, strict=True)
                    if error is None
                ]
                watches = [self._watch(request, "batch") for request in known]
                cases = iter(await self._cases(known, watches))
                yield list(enumerate([error or next(cases) for error in refused], start=first))
                first += len(together)

    async def _deliberate(self, request: Request, listener: Listener | None) -> Verdict:
        watch = self._watch(request, "stream" if listener else "plain")
        with watch.whole():
            (case,) = await self._cases([request], [watch])
            watch.routed()
            online = Online(
                case.deliberation, request, self._panel, listener, self._comparer, watch
            )
            verdict = await online.run()
        watch.answered(verdict)
        return replace(verdict, timings=replace(verdict.timings, route=watch.routing))

    def _watch(self, request: Request, mode: Mode) -> Watch:
        """Raises `UnknownModel`: what has no policy is not deliberated on."""
        self._policy(request.model)
        pinned = request.model in self._panel.experts
        return Watch(self._observer, "pinned" if pinned else request.model, mode)

    async def _cases(self, requests: Sequence[Request], watches: Sequence[Watch]) -> list[Case]:
        routes = await self._routes(requests)
        return [
            Case(
                request,
                Deliberation(route, self._policy(request.model), request.options, self._lessons),
                watch,
            )
            for request, route, watch in zip(requests, routes, watches, strict=True)
        ]

    async def _routes(self, requests: Sequence[Request]) -> list[Route]:
        """One route a request, in order; those of one policy are recruited together."""
        routes: dict[int, Route] = {}
        groups: dict[Recruiting, list[int]] = {}
        for place, request in enumerate(requests):
            policy = self._policy(request.model)
            if request.model in self._panel.experts:
                routes[place] = self._router.pinned(request.model)
            else:
                groups.setdefault(policy.recruiting, []).append(place)
        for recruiting, places in groups.items():
            questions = [requests[place].question for place in places]
            needs = await self._router.needs(questions)
            together = self._router.recruit_all(questions, needs, recruiting)
            routes.update(zip(places, together, strict=True))
        return self._exchanged(requests, [routes[place] for place in range(len(requests))])

    def _exchanged(self, requests: Sequence[Request], routes: list[Route]) -> list[Route]:
        """The routes, with experts exchanged for others at hand where the policy permits it."""
        losses = [self._policy(request.model).exchange for request in requests]
        if not any(losses):
            return routes
        there = at_hand(self._panel.resident(), routes, WORTH_LOADING * SLICE)
        return [
            exchanged(route, there, loss) if loss else route
            for route, loss in zip(routes, losses, strict=True)
        ]

    def _refused(self, request: Request) -> UnknownModel | None:
        try:
            self._policy(request.model)
        except UnknownModel as error:
            return error
        return None

    def _policy(self, model: str) -> Policy:
        if model in self._panel.experts:
            return pinned(model)
        if model not in self._policies:
            raise UnknownModel(model, [*self._policies, *self._panel.experts])
        return self._policies[model]
