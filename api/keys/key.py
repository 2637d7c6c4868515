"""A key as it is kept: whose it is, what it may do, and how it is recognised."""

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from api.keys.credentials import Sealed
from api.keys.limits import Limit, Limits, Period, Unit


class Role(StrEnum):
    """Whoever may use asks questions; an admin may see and do everything that HTTP offers."""

    USE = "use"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """Everything about a key but its secret."""

    id: str
    name: str
    tenant: str  # who shares caches and data with whom
    role: Role
    limits: Limits
    seals: tuple[Sealed, ...]  # newest first; an older one counts for a while after a rotation
    created: float  # seconds since 1970
    expires: float | None = None  # seconds since 1970
    revoked: float | None = None  # seconds since 1970

    def usable(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)

    @property
    def rotating(self) -> bool:
        """Whether an older secret counts for a while."""
        return any(seal.until is not None for seal in self.seals)

    def state(self, now: float) -> str:
        if self.revoked is not None:
            return "revoked"
        return "active" if self.usable(now) else "expired"

    def rotated(self, seal: Sealed, now: float, overlap: float) -> "Key":
        """The same with a new secret; the one before counts for `overlap` seconds more."""
        before = replace(self.seals[0], until=now + overlap)
        return replace(self, seals=(seal, before) if overlap else (seal,))


def document(key: Key) -> dict[str, Any]:
    """What anyone may be told of it: no salt, no hash."""
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "role": key.role.value,
        "limits": [
            {"unit": limit.unit.value, "amount": limit.amount, "period": limit.period.value}
            for limit in key.limits.rates
        ],
        "concurrent": key.limits.concurrent,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
    }


def packed(key: Key) -> str:
    """What Redis keeps."""
    seals = [{"salt": seal.salt, "hash": seal.hash, "until": seal.until} for seal in key.seals]
    return json.dumps({**document(key), "seals": seals})


def unpacked(text: str | bytes) -> Key:
    fields = json.loads(text)
    rates = tuple(
        Limit(Unit(limit["unit"]), limit["amount"], Period(limit["period"]))
        for limit in fields["limits"]
    )
    return Key(
        fields["id"],
        fields["name"],
        fields["tenant"],
        Role(fields["role"]),
        Limits(rates, fields["concurrent"]),
        tuple(Sealed(**seal) for seal in fields["seals"]),
        fields["created"],
        fields["expires"],
        fields["revoked"],
    )
