"""Why a kept response cannot be had.

ResponsesError
├── UnknownResponse  no response of this tenant has that id
├── UnknownPrevious  the same of the one that a conversation is to go on from
└── ResponsesAway    Redis does not answer, so that nothing can be kept or found
"""


class ResponsesError(Exception):
    """A kept response cannot be had."""


class UnknownResponse(ResponsesError):  # noqa: N818 - named for the state it reports
    """None of this tenant has that id: one that never was, is over or is another's."""

    def __init__(self, id: str) -> None:
        super().__init__(f"Response with id '{id:.100}' not found.")


class UnknownPrevious(ResponsesError):  # noqa: N818 - named for the state it reports
    """The conversation cannot go on from there. OpenAI's words, which clients look for."""

    def __init__(self, id: str) -> None:
        super().__init__(f"Previous response with id '{id:.100}' not found.")


class ResponsesAway(ResponsesError):  # noqa: N818 - named for the state it reports
    """Redis does not answer, so that nothing can be kept or found."""

    def __init__(self) -> None:
        super().__init__(
            "responses cannot be kept or found while the service's Redis is away; "
            "ask again, or with 'store': false"
        )
