"""What happens to the experts as a whole, told to observers."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["applied", "partly", "refused"]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The registry file or what was posted changed. `partly`: something of it needs a restart."""

    outcome: Outcome
    experts: tuple[str, ...]  # that there are now; none told where it is refused
