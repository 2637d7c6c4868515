"""The service: everything that answers questions, behind four calls."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from orchestrator.abilities import among_able
from orchestrator.agreement import Comparer, WordsOnly
from orchestrator.batch import Case, Placed, deliberate_all
from orchestrator.control import checked, steered
from orchestrator.deliberation import Deliberation
from orchestrator.errors import OrchestratorError, UnknownModel
from orchestrator.intake import Requests, slices
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.online import Online
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES, Policy, pinned, voting
from orchestrator.spending import afforded, payable
from orchestrator.telemetry import Mode, Observer, Watch, unobserved
from orchestrator.types import AS_THE_POLICY_SAYS, Listener, Request, Verdict
from routing.exchange import at_hand, exchanged
from routing.router import Recruiting, Router
from routing.types import Route

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
        self._written = dict(policies)  # where somebody is there to write verdicts
        self._policies = self._written
        if panel.aggregator is None:
            self._policies = {name: voting(policy) for name, policy in policies.items()}

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self._policies)

    @property
    def experts(self) -> tuple[str, ...]:
        return tuple(self._panel.experts)

    @property
    def writers(self) -> tuple[str, ...]:
        """Who may write a verdict: the experts, and the aggregator if there is one."""
        return tuple(sorted(self._panel.everybody))

    async def route(self, request: Request) -> Route:
        """Who would be asked and why; nobody is. Raises `UnknownModel` or `Refused`."""
        ((route, _),) = await self._routes([request], [self._policy(request)])
        return route

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        """The verdict. A listener hears its text as soon as it is sure to be its text. Raises
        `UnknownModel`, `Refused`, `Unable` or `PanelFailed`."""
        seconds = request.control.seconds
        ends = None if seconds is None else asyncio.get_running_loop().time() + seconds
        policy = self._policy(request)
        watch = self._watch(request, "stream" if listener else "plain")
        with watch.whole():
            ((route, policy),) = await self._routes([request], [policy])
            watch.routed()
            deliberation = self._deliberation(request, route, policy)
            online = Online(
                deliberation, request, self._panel, listener, self._comparer, watch, ends
            )
            verdict = await online.run()
        watch.answered(verdict)
        return verdict

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        """A few at the same time, verdicts in order. The first that has none ends the others."""
        tasks = [asyncio.create_task(self.answer(each), name="answer") for each in requests]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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
                policies = [self._permitted(request) for request in together]
                cases = iter(await self._cases(together, policies))
                yield list(
                    enumerate(
                        [next(cases) if isinstance(p, Policy) else p for p in policies], start=first
                    )
                )
                first += len(together)

    def _watch(self, request: Request, mode: Mode) -> Watch:
        pinned = request.model in self._panel.experts
        return Watch(self._observer, "pinned" if pinned else request.model, mode)

    def _deliberation(self, request: Request, route: Route, policy: Policy) -> Deliberation:
        as_json = request.prompt.sampling.format is not None
        return Deliberation(route, policy, request.options, self._lessons, json=as_json)

    async def _cases(
        self, requests: Sequence[Request], policies: Sequence[Policy | OrchestratorError]
    ) -> list[Case]:
        """Of those requests that have a policy, in order."""
        asked = [
            (request.behind_people, policy)
            for request, policy in zip(requests, policies, strict=True)
            if isinstance(policy, Policy)
        ]
        routes = await self._routes([request for request, _ in asked], [p for _, p in asked])
        return [
            Case(request, self._deliberation(request, *routed), self._watch(request, "batch"))
            for (request, _), routed in zip(asked, routes, strict=True)
        ]

    async def _routes(
        self, requests: Sequence[Request], policies: Sequence[Policy]
    ) -> list[tuple[Route, Policy]]:
        """The route and policy of each request, in order."""
        panel = self._panel
        there = [
            panel.present(panel.backed(route, request))
            for route, request in zip(
                await self._recruited(requests, policies), requests, strict=True
            )
        ]
        return [
            afforded(route, policy, request, panel.tariffs, request.control.writer or panel.writer)
            for route, policy, request in zip(
                self._exchanged(policies, there), policies, requests, strict=True
            )
        ]

    async def _recruited(
        self, requests: Sequence[Request], policies: Sequence[Policy]
    ) -> list[Route]:
        """Who is best, whoever is there; those of one policy and tenant are recruited together."""
        routes: dict[int, Route] = {}
        groups: dict[tuple[Recruiting, str], list[int]] = {}
        for place, (request, policy) in enumerate(zip(requests, policies, strict=True)):
            if request.model in self._panel.experts:
                routes[place] = self._router.pinned(request.model, request.tenant)
            else:
                groups.setdefault((policy.recruiting, request.tenant), []).append(place)
        for (recruiting, tenant), places in groups.items():
            questions = [requests[place].question for place in places]
            needs = await self._router.needs(questions)
            together = self._router.recruit_all(questions, needs, recruiting, tenant)
            routes.update(zip(places, together, strict=True))
        return [routes[place] for place in range(len(requests))]

    def _exchanged(self, policies: Sequence[Policy], routes: list[Route]) -> list[Route]:
        """The routes, with experts exchanged for others at hand where the policy permits it."""
        losses = [policy.exchange for policy in policies]
        if not any(losses):
            return routes
        there = at_hand(self._panel.resident(), routes, WORTH_LOADING * SLICE)
        return [
            exchanged(route, there, loss) if loss else route
            for route, loss in zip(routes, losses, strict=True)
        ]

    def _permitted(self, request: Request) -> Policy | OrchestratorError:
        try:
            return self._policy(request)
        except OrchestratorError as error:
            return error

    def _policy(self, request: Request) -> Policy:
        """As the request wants it. Raises `UnknownModel`, `Refused` or `Unable`."""
        model, control, panel = request.model, request.control, self._panel
        alone = model in panel.experts
        if not alone and model not in self._policies:
            raise UnknownModel(model, [*self._policies, *panel.experts])
        policies = self._written if control.writer else self._policies
        policy = pinned(model) if alone else policies[model]
        needs = request.prompt.needs
        if not needs and control == AS_THE_POLICY_SAYS:
            return policy
        eligible = {model} if alone else set(panel.experts)
        if control != AS_THE_POLICY_SAYS:
            checked(control, panel.experts, panel.writer, model if alone else "")
            barred = control.barred(panel.everybody)
            eligible -= barred
            payable(request, eligible, panel.tariffs)
            policy = policy if alone else steered(policy, control, barred, panel.writer)
        return among_able(policy, needs, panel.abilities(eligible)) if needs else policy
