"""Plans and other ways of working, on simulated sites."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from experts.engines.scheduling.machine import Eviction, Job, Machine, Tally
from experts.engines.scheduling.work import Cache, Costs, Group, Plan, Site, Step


@dataclass(frozen=True, slots=True)
class Outcome:
    makespan: float
    sites: Mapping[str, Tally]

    @property
    def total(self) -> Tally:
        found = Tally()
        for tally in self.sites.values():
            for each in fields(Tally):
                setattr(found, each.name, getattr(found, each.name) + getattr(tally, each.name))
        return found


def replayed(
    plan: Plan,
    sites: Iterable[Site],
    costs: Costs,
    cache: Cache,
    *,
    seconds: Mapping[str, float] | None = None,
    eviction: Eviction = Eviction.FARTHEST,
) -> Outcome:
    """A plan at the costs that turn out, each base's generation taking `seconds` times as long."""
    machines = [Machine(site, costs, cache, eviction) for site in sites]
    for machine in machines:
        machine.run([job_of(step, seconds or {}) for step in plan.lanes[machine.site.name].steps])
    return outcome(machines)


def job_of(step: Step, seconds: Mapping[str, float]) -> Job:
    generating = step.end - step.start - step.stall - step.change
    return Job(step.base, step.family, generating * seconds.get(step.base, 1.0))


def one_by_one(groups: Iterable[Group], site: Site, costs: Costs, pause: float) -> Outcome:
    """Symbolic-MoE's adaptive batch inference (2503.05641): for each expert in turn an engine over
    all devices is built, answers the expert's group and is taken down, with a pause after it."""
    machine = Machine(site, costs)
    for group in groups:
        machine.run([Job(group.base, group.family, group.seconds)])
        machine.stop(pause)
    return outcome([machine])


def by_question(calls: Iterable[Job], site: Site, costs: Costs) -> Outcome:
    """Each call builds its own engine."""
    machine = Machine(site, costs)
    for call in calls:
        machine.run([call])
        machine.stop()
    return outcome([machine])


def outcome(machines: Iterable[Machine]) -> Outcome:
    tallies, end = {}, 0.0
    for machine in machines:
        tallies[machine.site.name] = machine.tally
        end = max(end, machine.now if machine.tally.generating else 0.0)
    return Outcome(end, tallies)
