"""Holds a question to its dollars: what replies may cost at most, and whom that leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from experts.cards import Price
from experts.money import dollars
from experts.types import Answer, Cause, Prompt, Reply, Usage
from orchestrator.errors import Refused
from orchestrator.policies import Policy, voting
from orchestrator.types import Request
from routing.costs import FREE, Offer, within
from routing.types import Route

BYTES = 3  # of UTF-8 a token; tokenizers take more, so that texts are hardly ever undercounted
FRAME = 16  # tokens a chat template puts around a message


@dataclass(frozen=True, slots=True)
class Tariff:
    """What an expert charges, and what bounds a reply of it."""

    price: Price | None
    max_tokens: int  # of a reply
    prompt: str = ""  # its own, which it reads before every question
    calls: int = 1  # at most, for one reply

    def most(self, read: int, asked: int | None = None) -> Offer:
        """What a reply costs at most: of `read` tokens, to one who asks for `asked` at most."""
        read, written = read + tokens(self.prompt), self.longest(asked)
        return Offer.of(self.price, read * self.calls, written * self.calls)

    def longest(self, asked: int | None) -> int:
        return min(self.max_tokens, asked or self.max_tokens)


Tariffs = Mapping[str, Tariff]  # by expert; without a price one counts as free


def tokens(text: str) -> int:
    """About how many tokens a message has, rather too many than too few."""
    return len(text.encode("utf-8", "surrogatepass")) // BYTES + FRAME


def read_by_each(prompt: Prompt) -> int:
    """Tokens of a conversation, and of the tools that it brings."""
    return sum(tokens(text) for text in prompt.texts)


def offers(tariffs: Tariffs, request: Request) -> dict[str, Offer]:
    """What each expert's reply to the request costs at most."""
    asked = request.for_experts
    read = read_by_each(asked)
    return {name: tariff.most(read, asked.sampling.max_tokens) for name, tariff in tariffs.items()}


def payable(request: Request, eligible: Iterable[str], tariffs: Tariffs) -> None:
    """Raises `Refused` where the request's dollars pay for none of these."""
    most = request.control.dollars
    if most is None:
        return
    offered = offers(tariffs, request)
    costs = {name: offered.get(name, FREE).dollars for name in eligible}
    cheapest = min(costs, key=lambda name: (costs[name], name))
    if costs[cheapest] > most:
        raise Refused(
            "budget.dollars",
            f"{dollars(most)} pay for no reply: the cheapest, of {cheapest}, may cost "
            f"{dollars(costs[cheapest])}; allow more, or fewer max_tokens",
        )


def afforded(
    route: Route, policy: Policy, request: Request, tariffs: Tariffs, writer: str | None
) -> tuple[Route, Policy]:
    """The route and policy within the request's dollars, which somebody must be able to answer
    for. A verdict is written only if two replies and the writing can be paid for."""
    most = request.control.dollars
    if most is None:
        return route, policy
    offered = offers(tariffs, request)
    if policy.aggregator == "synthesize" and len(route.panel) > 1:
        left = most - _writing(route, request, tariffs, writer)
        panel, notes = within(route.panel, route.ranking, offered, left)
        if len(panel) > 1:
            return _backed(_told(route, panel, notes), offered, left), policy
        route = _told(route, route.panel, (f"{dollars(most)} do not pay for a written verdict",))
        policy = voting(policy)
    route = _told(route, *within(route.panel, route.ranking, offered, most))
    return _backed(route, offered, most), policy


def spent(replies: Iterable[Reply], conclusions: Iterable[Reply]) -> Usage:
    """What all of these took. A writer that was too late may have written much, and tells none."""
    conclusions = tuple(conclusions)
    told = [r.usage for r in (*replies, *conclusions) if isinstance(r, Answer)]
    late = [c for c in conclusions if not isinstance(c, Answer) and c.cause is Cause.TIMEOUT]
    return Usage.total((*told, *(Usage(untold=1) for _ in late)))


def _backed(route: Route, offered: Mapping[str, Offer], most: float) -> Route:
    """With those stand-ins alone that could be paid for if everybody before them had been. Nobody
    stands in for a writer."""
    left = most - sum(offered.get(expert, FREE).dollars for expert in route.panel)
    payable: dict[str, tuple[str, ...]] = {}
    for expert in dict.fromkeys(route.panel):
        for other in route.stand_ins.get(expert, ()):
            price = offered.get(other, FREE).dollars
            if price <= left:
                left -= price
                payable[expert] = (*payable.get(expert, ()), other)
    return replace(route, stand_ins=payable)


def _writing(route: Route, request: Request, tariffs: Tariffs, writer: str | None) -> float:
    """Dollars that a verdict costs at most, its writer reading every reply at its longest."""
    if writer is None or writer not in tariffs:
        return 0.0
    asked = request.prompt.sampling.max_tokens
    replies = sum(tariffs[e].longest(asked) + FRAME for e in route.panel if e in tariffs)
    return tariffs[writer].most(read_by_each(request.for_experts) + replies, asked).dollars


def _told(route: Route, panel: tuple[str, ...], notes: tuple[str, ...]) -> Route:
    return replace(route, panel=panel, notes=(*route.notes, *notes)) if notes else route
