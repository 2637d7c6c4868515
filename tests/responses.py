"""Kept responses for tests, without a Redis, and the parts of a stream of them."""

import json
from dataclasses import dataclass, field, replace

from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from api.redis_circuit import RedisCircuit
from api.responses.errors import ResponsesAway, UnknownResponse
from api.responses.store import Store

EVENT = TypeAdapter(ResponseStreamEvent)


def patient(redis):
    """A store that waits for its Redis however busy the machine is."""
    circuit = RedisCircuit("responses", patience=60.0)
    return replace(Store.on(redis, days=30, mib=16), circuit=circuit)


@dataclass(frozen=True)
class Shelf:
    """What a `Store` is, in memory: keeps records of at most `room` characters while `there`."""

    kept: dict = field(default_factory=dict)
    away: set = field(default_factory=set)  # names of calls that nobody answers
    room: int = 1_000_000
    tenant: str = ""

    def of(self, tenant):
        return replace(self, tenant=tenant)

    def _reached(self, call):
        if call in self.away:
            raise ResponsesAway

    async def reach(self):
        self._reached("reach")

    async def keep(self, record):
        self._reached("keep")
        if len(str(record)) > self.room:
            return False
        self.kept[self.tenant, record.id] = record
        return True

    async def find(self, id):
        self._reached("find")
        if (self.tenant, id) not in self.kept:
            raise UnknownResponse(id)
        return self.kept[self.tenant, id]

    async def forget(self, id):
        await self.find(id)
        del self.kept[self.tenant, id]


def told(text):
    """The events of a stream, each of them what OpenAI's library takes it for."""
    events = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if lines:
            document = json.loads(lines["data"])
            assert lines["event"] == document["type"]
            events.append(EVENT.validate_python(document))
    return events
