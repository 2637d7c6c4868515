"""What a request may take at most, and what it took: the two sides of a reservation."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.keys.limits import NANO, NOTHING, Amounts
from experts.cards import BaseCard, calls_at_most
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
ONE = Amounts(requests=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that a request may take; of that one call to a panellist, and all calls whose usage
    no verdict tells. `at_once` calls are made for one reply at most."""

    whole: Amounts
    call: Amounts = NOTHING
    untold: Amounts = NOTHING
    unknown: tuple[Cause, ...] = UNKNOWN
    at_once: int = 1


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
        return self._tagged(_Asked.of(request), self.tagger)

    def estimate(self, request: Request) -> Estimate:
        """Every seat that the request's control leaves taken by the dearest who may be asked, each
        reply as long as it may be. A name that nobody has, or a control that leaves nobody, costs
        nothing: the service refuses it."""
        alone, policy = self.cards.get(request.model), self.policies.get(request.model)
        if alone is not None:
            return self._alone(alone, request)
        barred = request.control.barred(self.cards)
        cards = {name: card for name, card in self.cards.items() if name not in barred}
        if policy is None or not cards:
            return Estimate(ONE)
        asked = _Asked.of(request)
        calls = [asked.call(card) for card in cards.values()]
        policy = steered(policy, request.control, barred, None)
        seats, repeated = _seats(policy, len(cards))
        most, dearest = seats + _replaceable(cards, seats), _dearest(calls)
        panel = dearest * most if repeated else _most_of(calls, most)
        written = self._conclusion(policy, asked, seats, request.control.writer)
        writers = [self.aggregator] if self.aggregator is not None else []
        at_once = max(map(calls_at_most, [*cards.values(), *writers]))
        if at_once > 1:  # the call that nobody tells of may be a writer's
            dearest = _dearest([dearest, written])
        routing = self._tagged(asked, self.tagger) if self.tagger else Estimate(ONE)
        whole = routing.whole + (panel + written) * at_once
        return Estimate(whole, dearest, routing.untold, asked.unknown, at_once)

    def _alone(self, card: BaseCard, request: Request) -> Estimate:
        """One expert, and whoever stands in for it."""
        barred = request.control.barred(self.cards)
        others = _stand_ins(card, self.cards).items()
        cards = [card, *(other for name, other in others if name not in barred)]
        asked = _Asked.of(request)
        calls, at_once = [*map(asked.call, cards)], max(map(calls_at_most, cards))
        whole = ONE + sum(calls, NOTHING) * at_once
        return Estimate(whole, _dearest(calls), NOTHING, asked.unknown, at_once)

    def _tagged(self, asked: "_Asked", tagger: BaseCard) -> Estimate:
        tagging = asked.priced(tagger, INSTRUCTIONS, tagger.max_tokens) * SAMPLES
        return Estimate(ONE + tagging, untold=tagging)

    def _conclusion(
        self, policy: Policy, asked: "_Asked", seats: int, writer: str | None
    ) -> Amounts:
        card = self.cards.get(writer or "", self.aggregator)
        if card is None or policy.aggregator != "synthesize" or seats < 2:
            return NOTHING
        read = max(map(asked.longest, self.cards.values())) * seats + INSTRUCTIONS
        writers = [card, *_stand_ins(card, self.cards).values()]
        return sum((asked.call(each, read) for each in writers), NOTHING)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of a request says how much a call to an expert may take."""

    prompt: int  # tokens
    longest_reply: int | None  # tokens
    tries: int  # at a reply
    unknown: tuple[Cause, ...]  # failed calls that were worked on, for tokens nobody told

    @classmethod
    def of(cls, request: Request) -> "_Asked":
        sampling = request.prompt.sampling
        tokens, wanted = sum(map(_tokens, request.for_experts.texts)), sampling.format
        if wanted is None:
            return cls(tokens, sampling.max_tokens, 1, UNKNOWN)
        return cls(tokens, sampling.max_tokens, wanted.tries, (*UNKNOWN, Cause.REJECTED))

    def longest(self, card: BaseCard) -> int:
        return min(card.max_tokens, self.longest_reply or card.max_tokens)

    def call(self, card: BaseCard, more: int = 0) -> Amounts:
        """A reply, and another to whoever is told that the first is not in the format asked for."""
        reply = self.longest(card)
        call = self.priced(card, more, reply)
        if self.tries < 2:
            return call
        return call + self.priced(card, more + reply + CORRECTION, reply)

    def priced(self, card: BaseCard, more: int, reply: int) -> Amounts:
        """A reply to the prompt, the card's own and so many tokens more."""
        prompt = self.prompt + more + (_tokens(card.prompt) if card.prompt else 0)
        cost = card.price.usage(prompt, reply).cost_usd if card.price else None
        return Amounts(tokens=prompt + reply, nanodollars=_nano(cost))


def _tokens(text: str) -> int:
    """Of a message, at most."""
    return FRAME + math.ceil(len(text.encode()) / BYTES)


def taken(verdict: Verdict, estimate: Estimate) -> Amounts:
    """What an answered request took: as told, and the estimate for calls that nobody told of."""
    if verdict.age is not None:  # it was kept, and nobody was asked
        return ONE
    failures = [reply for reply in verdict.replies if isinstance(reply, Failure)]
    untold = verdict.usage.untold + _untold(failures, estimate)
    return ONE + spent(verdict.usage) + estimate.call * untold + estimate.untold


def taken_by_failures(failures: tuple[Failure, ...], estimate: Estimate) -> Amounts:
    """What a panel took that gave no verdict."""
    return ONE + estimate.call * _untold(failures, estimate) + estimate.untold


def _untold(failures: Iterable[Failure], estimate: Estimate) -> int:
    """Calls of these that were worked on and whose tokens nobody told."""
    return sum(failure.cause in estimate.unknown for failure in failures) * estimate.at_once


def _stand_ins(card: BaseCard, cards: Mapping[str, BaseCard]) -> dict[str, BaseCard]:
    """The cards of those of `cards` that stand in for one."""
    return {name: cards[name] for name in card.fallback if name in cards}


def _replaceable(cards: Mapping[str, BaseCard], seats: int) -> int:
    """How many stand-ins may be asked beside the panel: each once, in a seat's chain."""
    chains = [_stand_ins(card, cards) for card in cards.values()]
    return min(len(set().union(*chains)), seats * max(map(len, chains)))


def _seats(policy: Policy, experts: int) -> tuple[int, bool]:
    """How many may be asked, and whether one of them more than once."""
    recruiting = policy.recruiting
    if recruiting.draw == "everyone":
        return experts, False
    repeated = recruiting.draw == "with_replacement"
    return recruiting.size if repeated else min(recruiting.size, experts), repeated


def spent(usage: Usage) -> Amounts:
    """The tokens and dollars of a usage."""
    tokens = usage.prompt_tokens + usage.completion_tokens
    return Amounts(tokens=tokens, nanodollars=_nano(usage.cost_usd))


def _nano(dollars: float | None) -> int:
    return math.ceil(round((dollars or 0.0) * NANO, 3))


def _dearest(calls: list[Amounts]) -> Amounts:
    return Amounts(
        tokens=max(call.tokens for call in calls),
        nanodollars=max(call.nanodollars for call in calls),
    )


def _most_of(calls: list[Amounts], seats: int) -> Amounts:
    """The dearest ones."""
    return Amounts(
        tokens=_most([call.tokens for call in calls], seats),
        nanodollars=_most([call.nanodollars for call in calls], seats),
    )


def _most(amounts: list[int], seats: int) -> int:
    return sum(sorted(amounts, reverse=True)[:seats])
