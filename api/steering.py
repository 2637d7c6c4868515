"""The field `convene` of a request's body: what it asks of its panel."""

from functools import cached_property
from typing import Annotated

from pydantic import Field

from api.running import Service, named
from api.strict import WHOLE, Body
from orchestrator.errors import Refused
from orchestrator.types import Control

Name = Annotated[str, Field(min_length=1, max_length=256), WHOLE]
Names = Annotated[list[Name], Field(min_length=1, max_length=1000)]


class Budget(Body):
    """What an answer may take."""

    dollars: Annotated[float | None, Field(gt=0)] = None
    seconds: Annotated[float | None, Field(gt=0, le=3600)] = None


class Steering(Body):
    """All of it may be left out: then the policy says."""

    policy: Name | None = None
    size: Annotated[int | None, Field(ge=1, le=16)] = None
    confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    budget: Budget = Budget()
    allow: Names | None = None
    deny: Names | None = None
    explain: bool = True  # whether the response tells every reply and every term
    cache: bool = True  # whether an answer may be one that was kept, and be kept

    @cached_property  # of all requests that say nothing of it, it is one
    def control(self) -> Control:
        return Control(
            size=self.size,
            confidence=self.confidence,
            dollars=self.budget.dollars,
            seconds=self.budget.seconds,
            allow=None if self.allow is None else frozenset(self.allow),
            deny=frozenset(self.deny or ()),
            fresh=not self.cache,
        )

    def chosen(self, model: str, service: Service) -> str:
        """The service's name for what is to answer: a policy that is named here goes before the
        one that `model` names."""
        model = named(model, service)
        if self.policy is None or model not in (*service.policies, *service.experts):
            return model
        policy = named(self.policy, service)
        if policy not in service.policies:
            listed = ", ".join(service.policies)
            raise Refused("policy", f"no policy named {self.policy!r}; use one of {listed}")
        if model in service.experts:
            raise Refused("policy", f"{model} answers alone; name a policy as the model instead")
        return policy
