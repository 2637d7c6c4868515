"""Who needs no weights moved is asked in place of one who is hardly better and does.

Off unless an operator permits a loss: a route then depends on what is loaded and on who else is
asking. It is told in the route's notes, seat by seat.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from routing.types import Ranking, Route

RESIDENT = "whose weights are resident"
WANTED = "who is loaded for more of this batch"

AtHand = Mapping[str, str]  # expert -> why asking it moves no weights for this question alone


def at_hand(resident: Set[str], together: Iterable[Route], enough: float) -> AtHand:
    """Whose weights are there, and who is worth loading: recruited by at least `enough` of the
    questions that are routed together."""
    recruited = Counter(expert for route in together for expert in set(route.panel))
    wanted = {expert: WANTED for expert, count in recruited.items() if count >= enough}
    return wanted | dict.fromkeys(resident, RESIDENT)


def exchanged(route: Route, there: AtHand, loss: float) -> Route:
    """The route with each expert of its panel that is not at hand replaced by the best one at hand
    that is not on the panel, if that costs the seat at most `loss` of competence, 0..1, and no
    more of score, which knows about prices. A panel in the ranking's order stays in it."""
    ranking = route.ranking
    panel = list(route.panel)
    notes: list[str] = []
    for seat, expert in enumerate(route.panel):
        if expert in there or expert not in ranking.experts:
            continue
        other = _best(ranking, expert, there.keys() - set(panel), loss)
        if other is not None:
            panel[seat] = other
            notes.append(
                f"would have asked {expert} ({route.competence(expert):.2f}); "
                f"asked {other} ({route.competence(other):.2f}), {there[other]}"
            )
    if not notes:
        return route
    if list(route.panel) == ranked(ranking, route.panel):
        panel = ranked(ranking, panel)
    return replace(route, panel=tuple(panel), notes=(*route.notes, *notes))


def _best(ranking: Ranking, expert: str, others: Set[str], loss: float) -> str | None:
    """The most competent of those that would do, the first in the ranking where several are."""
    belief, score = ranking.competence, dict(zip(ranking.experts, ranking.scores, strict=True))
    fit = [
        other
        for other in ranking.experts
        if other in others
        and belief[other] >= belief[expert] - loss
        and score[other] >= score[expert] - loss
    ]
    return max(fit, key=lambda other: belief[other], default=None)


def ranked(ranking: Ranking, panel: Iterable[str]) -> list[str]:
    """A panel in the ranking's order."""
    place = {expert: i for i, expert in enumerate(ranking.experts)}
    return sorted(panel, key=lambda expert: place.get(expert, len(place)))
