"""An answer that was kept is given again: nobody was asked, so there is no deliberation to tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recalled:
    """It happened once."""
