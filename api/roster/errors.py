"""Why the experts cannot be changed as asked.

RosterError
├── BadCard        the card cannot be an expert; names the key
├── Taken          there is an expert of this name
├── UnknownExpert  there is none
├── Needed         others name it as their stand-in
├── Fixed          the registry file has it, and only there it can be changed
├── Locked         whoever reaches the service could change it
└── RosterAway     Redis does not answer
"""

from collections.abc import Iterable


class RosterError(Exception):
    """All experts stay as they are."""


class BadCard(RosterError):  # noqa: N818 - named for the state it reports
    """The card cannot be an expert."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param


class Taken(RosterError):  # noqa: N818 - named for the state it reports
    """There is an expert of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is an expert named {name!r}; delete it first, or choose a name")


class UnknownExpert(RosterError):  # noqa: N818 - named for the state it reports
    """There is no expert of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no expert named {name!r}; there are {', '.join(sorted(known))}")


class Needed(RosterError):  # noqa: N818 - named for the state it reports
    """Others name it as their stand-in."""

    def __init__(self, name: str, others: Iterable[str]) -> None:
        super().__init__(f"{name!r} stands in for {', '.join(sorted(others))}; delete those first")


class Fixed(RosterError):  # noqa: N818 - named for the state it reports
    """The registry file has it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is an expert of the registry file: take it out of there, and the service "
            "follows"
        )


class Locked(RosterError):  # noqa: N818 - named for the state it reports
    """Whoever reaches the service could change it."""

    def __init__(self) -> None:
        super().__init__(
            "experts are changed with an admin's key only, and this service asks for no keys; make "
            "one with `convene keys create NAME --role admin`, and serve without --insecure"
        )


class RosterAway(RosterError):  # noqa: N818 - named for the state it reports
    """Redis does not answer."""

    def __init__(self) -> None:
        super().__init__("experts cannot be kept now, and nothing was changed; try again")
