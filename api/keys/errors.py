"""Why a key does not open the door.

KeysError
├── BadKey      no key, or none that is known, current and whole
├── Forbidden   the key's role does not reach this far
├── KeysAway    Redis does not answer, so that nothing can be checked or counted
├── OverLimit   the key's limits leave no room for the request
├── UnknownKey  no key has that id or name
└── NameTaken   another key has that name
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.keys.limits import Standing


class KeysError(Exception):
    """A key does not open the door."""


class BadKey(KeysError):  # noqa: N818 - named for the state it reports
    """No key, or none that is known, current and whole. One message for all, so that guessing
    teaches nothing."""

    def __init__(self) -> None:
        super().__init__("no valid API key; send one as 'Authorization: Bearer convene_...'")


class Forbidden(KeysError):  # noqa: N818 - named for the state it reports
    """The key's role does not reach this far."""

    def __init__(self) -> None:
        super().__init__("this needs a key of role admin; ask whoever runs this service")


class KeysAway(KeysError):  # noqa: N818 - named for the state it reports
    """Redis does not answer, so that nothing can be checked or counted."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} cannot be checked while the service's Redis is away; ask again")


class OverLimit(KeysError):  # noqa: N818 - named for the state it reports
    """The limits leave no room. `seconds` is when there may be; None: never for this request."""

    def __init__(self, message: str, *, budget: bool, seconds: int | None) -> None:
        super().__init__(message)
        self.budget = budget
        self.seconds = seconds
        self.standing: Standing | None = None  # of the key when it was refused


class UnknownKey(KeysError):  # noqa: N818 - named for the state it reports
    """No key has that id or name."""


class NameTaken(KeysError):  # noqa: N818 - named for the state it reports
    """Another key has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a key named {name!r} exists; revoke it, or choose another name")
