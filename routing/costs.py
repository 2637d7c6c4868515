"""What asking costs: prices and delays as terms of a score, and a cap on dollars per question."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from experts.cards import Price
from experts.money import dollars
from routing.types import Candidate, Ranking, Term


@dataclass(frozen=True, slots=True)
class Offer:
    """What one reply of an expert is expected to cost."""

    dollars: float = 0.0
    seconds: float = 0.0

    @classmethod
    def of(
        cls, price: Price | None, prompt_tokens: int, completion_tokens: int, seconds: float = 0.0
    ) -> "Offer":
        """From a card's price and a typical exchange; without a price, for nothing."""
        usage = (price or Price()).usage(prompt_tokens, completion_tokens)
        return cls(usage.cost_usd or 0.0, seconds)


@dataclass(frozen=True, slots=True)
class Thrift:
    """How dear a policy holds its dollars and seconds."""

    per_dollar: float = 0.0  # score lost for each dollar of a reply
    per_second: float = 0.0  # score lost for each second of a reply
    most_dollars: float | None = None  # of all replies to a question; no panel passes it


FREE = Offer()
MONEY_NO_OBJECT = Thrift()


def charged(ranking: Ranking, offers: Mapping[str, Offer], thrift: Thrift) -> Ranking:
    """The ranking by score less what each expert costs; competence stays what it was. With a
    given size, the higher the price of a dollar the fewer dollars the best panel costs."""
    if not (thrift.per_dollar or thrift.per_second):
        return ranking
    due = {expert: _terms(offers.get(expert, FREE), thrift) for expert in ranking.experts}
    net = {e: _plus(s, due[e]) for e, s in zip(ranking.experts, ranking.scores, strict=True)}
    best = sorted(net, key=lambda expert: (-net[expert], expert))

    def explain() -> tuple[Candidate, ...]:
        found = {c.expert: c for c in ranking.explain()}
        return tuple(
            replace(found[e], score=net[e], terms=(*found[e].terms, *due[e])) for e in best
        )

    known = ranking.competence
    return Ranking(tuple(best), tuple(net[e] for e in best), tuple(known[e] for e in best), explain)


def within(
    panel: tuple[str, ...], ranking: Ranking, offers: Mapping[str, Offer], most: float | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The panel with those left out that would pass `most` dollars, the next best that fit in their
    place, and a note where the cap bound."""
    if most is None:
        return panel, ()
    kept: list[str] = []
    left = most
    for expert in (*panel, *(other for other in ranking.experts if other not in panel)):
        price = offers.get(expert, FREE).dollars
        if len(kept) < len(panel) and price <= left:
            kept.append(expert)
            left -= price
    out = [expert for expert in dict.fromkeys(panel) if panel.count(expert) > kept.count(expert)]
    if not out:
        return panel, ()
    return tuple(kept), (f"the cap of {dollars(most)} a question leaves out {', '.join(out)}",)


def _terms(offer: Offer, thrift: Thrift) -> tuple[Term, ...]:
    terms = (
        Term(f"price {dollars(offer.dollars)}", -thrift.per_dollar * offer.dollars),
        Term(f"delay {offer.seconds:g} s", -thrift.per_second * offer.seconds),
    )
    return tuple(term for term in terms if term.value)


def _plus(score: float, terms: tuple[Term, ...]) -> float:
    for term in terms:
        score += term.value
    return score
