"""Lessons: what the evidence taught about answering, ready for deliberations."""

from dataclasses import dataclass

from orchestrator.ballots import Ballots
from orchestrator.calibration import AS_IS, Calibration
from orchestrator.plan import Plans
from orchestrator.planning import rehearsed_plans
from orchestrator.rehearsal import Rehearsal, heard, learned
from orchestrator.voting import NAIVE, VoteModel
from routing.profile import Profile


@dataclass(frozen=True, slots=True)
class Lessons:
    """How votes are weighed, how far the belief is to be trusted, and whom to ask how long."""

    votes: VoteModel = NAIVE
    calibration: Calibration = AS_IS
    plans: Plans | None = None

    @classmethod
    def of(cls, profile: Profile, ballots: Ballots) -> "Lessons":
        """Rehearses the profile's first questions, whose ballots these are. Seconds of work."""
        return cls.taught(Rehearsal.of(profile, ballots))

    @classmethod
    def taught(cls, rehearsal: Rehearsal) -> "Lessons":
        """What a rehearsal teaches."""
        told = heard(rehearsal)
        calibration = Calibration.fit(told.beliefs, told.votes, told.right) if told else AS_IS
        plans = rehearsed_plans(rehearsal, told, calibration)
        return cls(learned(rehearsal), calibration, plans)


UNTAUGHT = Lessons()
