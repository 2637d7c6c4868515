"""Lessons: what the evidence taught about answering, ready for deliberations."""

from dataclasses import dataclass

from orchestrator.ballots import Ballots
from orchestrator.calibration import AS_IS, Calibration
from orchestrator.plan import Plans
from orchestrator.planning import rehearsed_plans
from orchestrator.rehearsal import Rehearsal, learned
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
        rehearsal = Rehearsal.of(profile, ballots)
        votes, calibration = learned(rehearsal)
        return cls(votes, calibration, rehearsed_plans(rehearsal, votes, calibration))


UNTAUGHT = Lessons()
