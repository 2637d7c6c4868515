"""A feedback store in memory, for as long as it is `there`, and verdicts to give feedback on."""

import asyncio
from dataclasses import dataclass, field

from redis.exceptions import ConnectionError as RedisAway

from experts.scripted import ScriptedExpert
from experts.types import Prompt
from orchestrator.types import Request
from routing.evidence import Evidence, Outcome
from routing.feedback_store import MILLIONTHS
from tests.routes import service_of

SAID = {"ada": "The answer is 4.", "ben": "The answer is 4.", "cleo": "The answer is 5."}


def experts():
    return {name: ScriptedExpert(name, default=text) for name, text in SAID.items()}


def request(tenant="acme"):
    return Request(Prompt.of("2 + 2?"), "everyone", tenant=tenant)


async def verdict(tenant="acme"):
    return await service_of(experts()).answer(request(tenant))


@dataclass
class Kept:
    """What Redis would keep."""

    asked: dict = field(default_factory=dict)
    given: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    at: int = 0
    there: bool = True
    writes: int = 0
    recalled: int = 0

    async def _reached(self):
        await asyncio.sleep(0)
        if not self.there:
            raise RedisAway("gone")

    async def remember(self, requests, now, seconds, most):
        await self._reached()
        self.writes += 1
        self.asked |= {(each.tenant, each.name): each.kept for each in requests}

    async def recall(self, tenant, name):
        await self._reached()
        self.recalled += 1
        return self.asked.get((tenant, name))

    async def give(self, tenant, name, amounts):
        await self._reached()
        if (tenant, name) not in self.asked:
            return False
        self.given[tenant, name] = dict(amounts)
        self.at += 1
        self.versions[tenant] = self.at
        return True

    async def version(self):
        await self._reached()
        return self.at

    async def changed(self, since):
        await self._reached()
        return [tenant for tenant, at in self.versions.items() if at > since]

    async def counts(self, tenants):
        await self._reached()
        return {tenant: self._counted(tenant) for tenant in tenants}

    def _counted(self, tenant):
        found = Evidence.none(())
        for (whose, _), amounts in self.given.items():
            for (expert, skill, kind), amount in amounts.items() if whose == tenant else ():
                one = Evidence.of([Outcome(expert, skill, float(kind == "wins"))])
                share = amount / MILLIONTHS
                found += Evidence(one.experts, one.skills, one.wins * share, one.losses * share)
        return found
