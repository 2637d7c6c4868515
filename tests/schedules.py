"""Small scheduling problems to draw, and their best plans by trying everything."""

from functools import cache as remembered
from itertools import chain, combinations, permutations, product

from hypothesis import strategies as st

from experts.engines.scheduling.timeline import Part, laid_out
from experts.engines.scheduling.work import Cache, Costs, Group, Site

FAR = Cache(ahead=9)  # reads whatever comes
FAMILIES = ("f", "g", "h")
seconds = st.floats(0.0, 20.0).map(lambda value: round(value, 1))


@st.composite
def problems(draw, *, groups=5, sites=3, families=3, split=True, reads=True):
    """(groups, sites, costs): every family may run somewhere."""
    names = FAMILIES[: draw(st.integers(1, families))]
    bases = [f"b{i}" for i in range(draw(st.integers(1, groups)))]
    family = {base: draw(st.sampled_from(names)) for base in bases}
    todo = [
        Group(base, family[base], 1000, draw(seconds.map(lambda s: 3 * s)), 1 if split else 1000)
        for base in bases
    ]
    places = [
        draw(places_of(f"s{i}", names, family, everything=i == 0 or not reads, reads=reads))
        for i in range(draw(st.integers(1, sites)))
    ]
    costs = Costs(
        {name: draw(seconds) + 10 for name in names},
        {name: draw(seconds) / 4 + 1 for name in names},
        {base: draw(seconds) / 4 for base in bases},
        {base: draw(seconds) for base in bases},
    )
    return todo, places, costs


@st.composite
def places_of(draw, name, families, family, *, everything, reads):
    may = families if everything else draw(st.sets(st.sampled_from(families), min_size=1))
    standing = draw(st.sets(st.sampled_from(sorted(may))))
    holding = {
        each: draw(st.sampled_from([None, *(b for b in sorted(family) if family[b] == each)]))
        for each in sorted(standing)
    }
    awake = draw(st.sampled_from([None, *sorted(standing)]))
    held = draw(st.sets(st.sampled_from(sorted(family)))) if reads else family
    return Site(
        name,
        frozenset(may),
        awake,
        holding.pop(awake) if awake is not None else None,
        holding,
        frozenset(held),
        draw(seconds) / 2,
    )


def best_end(site, groups, costs, room=FAR):
    """The soonest that one site can be done with groups, in whatever order."""
    orders = permutations([Part(group, group.prompts) for group in groups])
    return min((laid_out(site, order, costs, room).end for order in orders), default=0.0)


def best_whole(groups, sites, costs):
    """The shortest makespan without splitting a group."""
    ends = [
        remembered(lambda mine, site=site: best_end(site, [groups[g] for g in mine], costs))
        for site in sites
    ]
    options = [[s for s, site in enumerate(sites) if g.family in site.families] for g in groups]
    return min(
        max(end(tuple(g for g, at in enumerate(chosen) if at == s)) for s, end in enumerate(ends))
        for chosen in product(*options)
    )


def best_split(groups, sites, costs):
    """The shortest makespan where groups are split as finely as one likes, nothing to be read.

    For each choice of the sites a group is on: by Hall's theorem, all is done by T if and only if
    no set of groups has more seconds than its sites have left of T after their setups.
    """
    options = [
        subsets([s for s, site in enumerate(sites) if group.family in site.families])
        for group in groups
    ]
    empty = [Group(group.base, group.family, 1, 0.0) for group in groups]
    setups = [
        remembered(lambda mine, site=site: best_end(site, [empty[g] for g in mine], costs))
        for site in sites
    ]
    return min(fluid(groups, chosen, setups) for chosen in product(*options))


def fluid(groups, chosen, setups):
    """The soonest end where group i is on the sites chosen[i]."""
    ready = [
        setup(tuple(g for g, on in enumerate(chosen) if s in on)) for s, setup in enumerate(setups)
    ]
    used = sorted({s for on in chosen for s in on})
    end = max(ready[s] for s in used)
    for some in subsets(range(len(groups))):
        work = sum(groups[g].seconds for g in some)
        end = max(end, level([ready[s] for s in {s for g in some for s in chosen[g]}], work))
    return end


def level(ready, work):
    """When sites that are ready at these times have done so much work together."""
    ready = sorted(ready)
    for count in range(1, len(ready) + 1):
        end = (sum(ready[:count]) + work) / count
        if count == len(ready) or end <= ready[count]:
            return end
    raise AssertionError("no sites")


def subsets(items):
    items = list(items)
    return list(chain.from_iterable(combinations(items, n) for n in range(1, len(items) + 1)))
