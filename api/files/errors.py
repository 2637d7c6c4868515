"""Why a file or a batch cannot be had, or cannot be changed.

StoreError
├── NoSuch    nobody of this tenant has one of that id
├── TooLarge  a file is above the limit
├── Full      the tenant keeps as much as it may
└── NotNow    its state does not permit it
"""


class StoreError(Exception):
    """A file or a batch cannot be had, or cannot be changed."""


class NoSuch(StoreError):  # noqa: N818 - named for the state it reports
    """None of this tenant has that id: the same words for one of another tenant, and for one that
    was deleted or has expired."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{id[:100]!r} is none of your {kind}; it may have expired")


class TooLarge(StoreError):  # noqa: N818 - named for the state it reports
    """A file is above the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file is above the limit of {limit} bytes; split it")


class Full(StoreError):  # noqa: N818 - named for the state it reports
    """The tenant keeps as much as it may."""


class NotNow(StoreError):  # noqa: N818 - named for the state it reports
    """Its state does not permit it."""
