"""What a request may take at most, and what it took: the two sides of a reservation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from api.keys.limits import NANO, Amounts
from experts.cards import BaseCard
from experts.types import Cause, Failure, Usage
from orchestrator.control import steered
from orchestrator.policies import Policy
from orchestrator.types import Request, Verdict
from routing.tagger import SAMPLES

BYTES = 2  # of text in a token, at least: English has four, digits and rare scripts two
FRAME = 16  # tokens around each message, at most
INSTRUCTIONS = 400  # tokens of what an aggregator or a tagger is told beside the question, at most
CORRECTION = 500  # tokens of what an expert is told of a reply in the wrong format, at most
UNKNOWN = (Cause.TIMEOUT, Cause.EMPTY)  # failed calls that were worked on, for tokens nobody told
NOTHING, ONE = Amounts(), Amounts(requests=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that a request may take; of that each call to a panellist, and all calls whose
    usage no verdict tells."""

    whole: Amounts
    call: Amounts = NOTHING
    untold: Amounts = NOTHING
    unknown: tuple[Cause, ...] = UNKNOWN


@dataclass(frozen=True, slots=True)
class Estimator:
    """The cards and policies that requests are estimated by."""

    cards: Mapping[str, BaseCard]  # of those who may be recruited
    policies: Mapping[str, Policy]
    aggregator: BaseCard | None = None
    tagger: BaseCard | None = None

    def routing(self, request: Request) -> Estimate:
        """Of a dry run: nobody is asked but the tagger, who names the question's skills."""
        if self.tagger is None or request.model not in self.policies:
            return Estimate(ONE)
        card, prompt = self.tagger, _prompt(self.tagger, request) + INSTRUCTIONS
        tagging = _priced(card, prompt, card.max_tokens) * SAMPLES
        return Estimate(ONE + tagging, untold=tagging)

    def estimate(self, request: Request) -> Estimate:
        """Every seat that the request's control leaves taken by the dearest who may be asked, each
        reply as long as it may be. A name that nobody has, or a control that leaves nobody, costs
        nothing: the service refuses it."""
        unknown = UNKNOWN if request.prompt.sampling.format is None else (*UNKNOWN, Cause.REJECTED)
        if (card := self.cards.get(request.model)) is not None:
            call = _call(card, request)
            return Estimate(ONE + call, call, unknown=unknown)
        barred = request.control.barred(self.cards)
        calls = [_call(card, request) for name, card in self.cards.items() if name not in barred]
        if (policy := self.policies.get(request.model)) is None or not calls:
            return Estimate(ONE)
        policy = steered(policy, request.control, barred, None)
        seats, repeated = _seats(policy, len(calls))
        dearest = Amounts(
            tokens=max(call.tokens for call in calls),
            nanodollars=max(call.nanodollars for call in calls),
        )
        panel = (
            dearest * seats
            if repeated
            else Amounts(
                tokens=_most([call.tokens for call in calls], seats),
                nanodollars=_most([call.nanodollars for call in calls], seats),
            )
        )
        routing = self.routing(request)
        whole = routing.whole + panel + self._conclusion(policy, request, seats)
        return Estimate(whole, dearest, routing.untold, unknown)

    def _conclusion(self, policy: Policy, request: Request, seats: int) -> Amounts:
        writer = self.cards.get(request.control.writer or "", self.aggregator)
        if writer is None or policy.aggregator != "synthesize" or seats < 2:
            return NOTHING
        replies = _most([_longest(card, request) for card in self.cards.values()], 1) * seats
        return _call(writer, request, replies + INSTRUCTIONS)


def taken(verdict: Verdict, estimate: Estimate) -> Amounts:
    """What an answered request took: as told, and the estimate for calls that nobody told of."""
    if verdict.age is not None:  # it was kept, and nobody was asked
        return ONE
    failures = [reply for reply in verdict.replies if isinstance(reply, Failure)]
    untold = sum(failure.cause in estimate.unknown for failure in failures)
    return ONE + _spent(verdict.usage) + estimate.call * untold + estimate.untold


def taken_by_failures(failures: tuple[Failure, ...], estimate: Estimate) -> Amounts:
    """What a panel took that gave no verdict."""
    untold = sum(failure.cause in estimate.unknown for failure in failures)
    return ONE + estimate.call * untold + estimate.untold


def _seats(policy: Policy, experts: int) -> tuple[int, bool]:
    """How many may be asked, and whether one of them more than once."""
    recruiting = policy.recruiting
    if recruiting.draw == "everyone":
        return experts, False
    repeated = recruiting.draw == "with_replacement"
    return recruiting.size if repeated else min(recruiting.size, experts), repeated


def _call(card: BaseCard, request: Request, more: int = 0) -> Amounts:
    """A reply, and another to whoever is told that the first is not in the format asked for."""
    prompt, reply = _prompt(card, request) + more, _longest(card, request)
    call, wanted = _priced(card, prompt, reply), request.prompt.sampling.format
    if wanted is None or wanted.tries < 2:
        return call
    return call + _priced(card, prompt + reply + CORRECTION, reply)


def _priced(card: BaseCard, prompt: int, reply: int) -> Amounts:
    cost = card.price.usage(prompt, reply).cost_usd if card.price else None
    return Amounts(tokens=prompt + reply, nanodollars=_nano(cost))


def _prompt(card: BaseCard, request: Request) -> int:
    texts = [message.content for message in request.for_experts.messages]
    if card.prompt:
        texts.append(card.prompt)
    return sum(FRAME + math.ceil(len(text.encode()) / BYTES) for text in texts)


def _longest(card: BaseCard, request: Request) -> int:
    return min(card.max_tokens, request.prompt.sampling.max_tokens or card.max_tokens)


def _spent(usage: Usage) -> Amounts:
    tokens = usage.prompt_tokens + usage.completion_tokens
    return Amounts(tokens=tokens, nanodollars=_nano(usage.cost_usd))


def _nano(dollars: float | None) -> int:
    return math.ceil(round((dollars or 0.0) * NANO, 3))


def _most(amounts: list[int], seats: int) -> int:
    return sum(sorted(amounts, reverse=True)[:seats])
