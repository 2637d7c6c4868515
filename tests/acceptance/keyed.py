"""A server that asks for keys, and a key for each tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.ledger import Ledger
from api.keys.records import Records
from api.keys.visitor import Keys
from api.responses.store import Store
from experts.cards import ScriptedCard
from orchestrator.policies import POLICIES
from orchestrator.service import Service
from tests.acceptance.served import served
from tests.keys import made


@asynccontextmanager
async def keyed(
    service: Service, store: Store, *tenants: str
) -> AsyncIterator[tuple[str, list[str]]]:
    """The server's address and the tenants' keys, which are in the same Redis as responses."""
    records, tokens = Records(store.redis), []
    for tenant in tenants:
        key, token = made(tenant, tenant=tenant)
        await records.add(key)
        tokens.append(token)
    cards = {name: ScriptedCard(kind="scripted") for name in service.experts}
    keys = Keys(Keeper(records, Ledger(store.redis)), Estimator(cards, POLICIES))
    async with served(service, keys=keys, key=tokens[0], responses=store) as here:
        yield here.url, tokens
