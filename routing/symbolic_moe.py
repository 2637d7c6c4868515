"""Symbolic-MoE's scores, as its published code computes them (Chen et al. 2025).

Kept faithful so that results stay comparable: integer profiles (+1 right, -1 wrong) without
normalisation or prior, and recruiting in proportion to suitability times global competency.
"""

import numpy as np
from numpy.typing import NDArray

from routing.competence import Competence, believable
from routing.types import Candidate, Needs, Term

TEMPERATURE = 0.5  # the paper says softmax; the code raises to 1/T and normalises


def candidates(competence: Competence, needs: Needs) -> tuple[Candidate, ...]:
    """Every expert with score = suitability x global competency, best first.

    Suitability is the sum of the profile over the question's keywords; a keyword that was
    mapped twice counts twice: the weights say so, the lightest being one keyword. The competence
    beside the score is Convene's own belief: Symbolic-MoE has none, and votes need one.
    """
    evidence, skills = competence.evidence, needs.skills
    profile = evidence.wins - evidence.losses
    known = [skill for skill in skills if skill in evidence.skills]
    suitability, globally = np.ones(len(profile)), np.full(len(profile), 1 / max(len(profile), 1))
    if known:  # without a keyword the paper's panel is random
        weights = np.array([skills[skill] for skill in known])
        columns = [evidence.skills.index(skill) for skill in known]
        suitability = profile[:, columns] @ (weights / weights.min())
        if not (suitability > 0).any():
            suitability = suitability - suitability.min(initial=0.0) + 1
        globally = global_competency(profile)
    (scores,) = competence.scores([needs])
    beliefs = dict(zip(evidence.experts, believable(scores).tolist(), strict=True))
    found = [
        Candidate(
            name,
            beliefs[name],
            score := max(float(local), 0.0) * float(overall),
            (Term(f"suitability {local:g} x global competency {overall:.4f}", score),),
        )
        for name, local, overall in zip(evidence.experts, suitability, globally, strict=True)
    ]
    return tuple(sorted(found, key=lambda c: (-c.score, c.expert)))


def global_competency(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each expert's share, shape (experts,): its profile's sum, shifted above 0, squared."""
    totals = profile.sum(axis=1)
    if (totals < 0).any():
        totals = totals - totals.min() + 1
    powered: NDArray[np.float64] = totals ** (1 / TEMPERATURE)
    total = powered.sum()
    return powered / total if total > 0 else np.full(len(powered), 1 / max(len(powered), 1))
