"""Several samples of one answer, where one expert answers: the parameter `n`."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from api.errors import Unfit
from api.running import Service
from orchestrator.panel import AGAIN
from orchestrator.types import Request, Verdict


async def answers(service: Service, request: Request, n: int) -> list[Verdict]:
    """`n` verdicts. Raises `Unfit` where a panel answers: its verdict is one."""
    if n == 1:
        return [await service.answer(request)]
    experts = [request.model]
    if request.model not in service.experts:
        experts = sorted(set((await service.route(request)).panel))
    if len(experts) > 1:
        message = f"{', '.join(experts)} give one verdict together; name one expert as the model"
        raise Unfit("n", message)
    alone = replace(request, model=experts[0])
    return await service.answer_each([sampled(alone, place, n) for place in range(n)])


def sampled(request: Request, place: int, n: int) -> Request:
    """The request for one of several samples, each with a seed of its own and its share of the
    dollars. After the first a greedy one would only say the same again."""
    sampling = request.prompt.sampling
    if place:
        hotter = sampling.temperature or AGAIN
        sampling = replace(sampling, temperature=hotter, seed=(sampling.seed or 0) + place)
    control = request.control
    if control.dollars is not None:
        control = replace(control, dollars=control.dollars / n)
    return replace(request, prompt=replace(request.prompt, sampling=sampling), control=control)


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """The first verdict, with what all of them took."""
    first = verdicts[0]
    if len(verdicts) == 1:
        return first
    longest = max((verdict.timings for verdict in verdicts), key=lambda timings: timings.total)
    return replace(
        first,
        calls=sum(verdict.calls for verdict in verdicts),
        replies=tuple(reply for verdict in verdicts for reply in verdict.replies),
        usage=reduce(lambda total, usage: total + usage, (v.usage for v in verdicts)),
        timings=longest,
    )
