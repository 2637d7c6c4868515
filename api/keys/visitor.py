"""Who a request is from: known by its key alone, and carried on the request's scope."""

from dataclasses import dataclass

from starlette.types import Scope

from api.keys.errors import Forbidden, OverLimit
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.key import Key, Role
from api.keys.ledger import Reservation
from api.keys.limits import Amounts, Standing

VISITOR = "convene.visitor"  # in the scope, which no client can write to
OPEN = ("/healthz", "/readyz")
ADMINS = ("/v1/experts",)  # these and what is below them


@dataclass(frozen=True, slots=True)
class Keys:
    """What keys are checked by, and what requests are estimated by."""

    keeper: Keeper
    estimator: Estimator


@dataclass(slots=True)
class Visitor:
    """The key of a request and, once something was reserved, how it stands."""

    key: Key
    keys: Keys
    standing: Standing | None = None

    @property
    def tenant(self) -> str:
        return self.key.tenant

    async def reserve(self, most: Amounts) -> Reservation:
        """Before anybody is asked. Raises `OverLimit` and `KeysAway`."""
        try:
            reservation = await self.keys.keeper.reserve(self.key, most)
        except OverLimit as error:
            self.standing = error.standing
            raise
        self.standing = reservation.standing
        return reservation


def visitor(scope: Scope) -> Visitor | None:
    """Who asks; None where the service asks for no keys."""
    found: Visitor | None = scope.get(VISITOR)
    return found


def tenant(scope: Scope) -> str:
    """Whose a request is: what is kept of it is for them alone. Without keys all share one."""
    whose = visitor(scope)
    return whose.tenant if whose else ""


def needed(path: str) -> Role | None:
    """The least role for a path; None for one that is open. What is not listed is for admins."""
    if path in OPEN:
        return None
    admins = any(path == root or path.startswith(f"{root}/") for root in ADMINS)
    return Role.USE if path.startswith("/v1/") and not admins else Role.ADMIN


def permit(key: Key, path: str) -> None:
    """Raises `Forbidden` if the key's role does not reach that far."""
    if needed(path) is Role.ADMIN and key.role is not Role.ADMIN:
        raise Forbidden
