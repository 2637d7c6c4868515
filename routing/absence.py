"""Who is asked in place of experts that are left alone for now, as they keep failing."""

from collections.abc import Set
from dataclasses import replace

from routing.exchange import ranked
from routing.types import Route


def around(route: Route, absent: Set[str]) -> Route:
    """The route with the seat of each absent expert given to a stand-in, else to the best in the
    ranking that has none; seats that nobody can take are left out. Where nobody at all is there
    the route stays as it is: those who are asked say when to come back."""
    if absent.isdisjoint(route.panel):
        return route
    taken, panel, notes = set(route.panel) | absent, list[str](), list[str]()
    for expert in route.panel:
        if expert not in absent:
            panel.append(expert)
            continue
        others = (*route.stand_ins.get(expert, ()), *route.ranking.experts)
        other = next((other for other in others if other not in taken), None)
        if other is not None:
            taken.add(other)
            panel.append(other)
        asked = f"asked {other} in its place" if other else "nobody else can take its seat"
        notes.append(f"{expert} has failed lately and is left alone; {asked}")
    if not panel:
        return route
    if list(route.panel) == ranked(route.ranking, route.panel):
        panel = ranked(route.ranking, panel)
    return replace(route, panel=tuple(panel), notes=(*route.notes, *notes))
