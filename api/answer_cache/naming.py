"""Which requests and verdicts are worth keeping, and the name a verdict is kept under."""

import hashlib
import hmac
import json
from collections.abc import Set
from dataclasses import asdict, dataclass
from typing import Any

from experts.types import Failure
from orchestrator.types import Request, Verdict

SECRET = "convene:answers:secret"


@dataclass(frozen=True, slots=True)
class Naming:
    """Names that nobody can work out who does not have the secret. `world` is the digest of all
    that an answer depends on beside its request: experts, settings, evidence."""

    secret: bytes
    world: str

    def answer(self, request: Request) -> str:
        """A string: the verdict as JSON."""
        whole = [self.world, asdict(request)]
        told = json.dumps(whole, default=_listed, sort_keys=True)
        return f"{self._tenants(request.tenant)}:{self._digest(told)}"

    def index(self, tenant: str) -> str:
        """A sorted set of the names of a tenant's answers, by when they are over."""
        return f"{self._tenants(tenant)}:index"

    def _tenants(self, tenant: str) -> str:
        return f"convene:answers:{{{self._digest(json.dumps(['tenant', tenant]))}}}"

    def _digest(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def _listed(value: Any) -> Any:
    """What JSON has no form for: a set's names in one order, and else what a value says it is."""
    return sorted(value) if isinstance(value, Set) else repr(value)


def repeatable(request: Request) -> bool:
    """Whether a kept answer will do: what is drawn at random is asked for to be drawn again,
    and calls of tools may be meant for another time of day."""
    drawn = request.prompt.sampling.temperature > 0
    return not (request.control.fresh or drawn or request.prompt.needs)


def complete(verdict: Verdict) -> bool:
    """Whether it went as planned: an answer for want of a better one is not kept."""
    failed = any(isinstance(reply, Failure) for reply in verdict.replies)
    return not failed and not verdict.notes and verdict.age is None
