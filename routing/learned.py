"""What feedback taught, tenant by tenant: evidence beside the profile's, bounded in its weight."""

from functools import reduce
from operator import add

import numpy as np

from routing.evidence import Evidence

ANY_SKILL = ""  # of outcomes at questions whose skills nobody knows


class Learned:
    """Each tenant's own evidence, or everybody's for everybody where that is `shared`. A tenant's
    feedback on an expert at a skill counts as at most `most` outcomes, however much there is."""

    def __init__(self, most: float, *, shared: bool = False) -> None:
        self._most = most
        self._shared = shared
        self._by_tenant: dict[str, Evidence] = {}
        self._together: Evidence | None = None

    def of(self, tenant: str) -> Evidence | None:
        """What counts for this tenant's questions; None where there is nothing. The same object
        until something changes."""
        if not self._shared or not self._by_tenant:
            return self._by_tenant.get(tenant)
        if self._together is None:
            self._together = reduce(add, (self._by_tenant[t] for t in sorted(self._by_tenant)))
        return self._together

    def given(self, expert: str) -> float:
        """Outcomes that all tenants' feedback on an expert counts for."""
        rows = (evidence.over([expert]) for evidence in self._by_tenant.values())
        return sum(row.total for row in rows)

    def learn(self, tenant: str, evidence: Evidence) -> None:
        """All that a tenant's feedback says by now, in place of what it said before."""
        self._together = None
        if evidence.total:
            self._by_tenant[tenant] = capped(evidence, self._most)
        else:
            self._by_tenant.pop(tenant, None)

    def forget(self) -> None:
        """As if there had been no feedback."""
        self._by_tenant.clear()
        self._together = None


def capped(evidence: Evidence, most: float) -> Evidence:
    """The same shares of right and wrong, but at most so many outcomes of an expert at a skill."""
    total = evidence.wins + evidence.losses
    scale = np.minimum(1.0, most / np.maximum(total, 1e-9))
    return Evidence(
        evidence.experts, evidence.skills, evidence.wins * scale, evidence.losses * scale
    )
