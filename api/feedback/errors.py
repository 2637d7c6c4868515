"""Why feedback cannot be taken.

FeedbackError
├── UnknownAnswer  the tenant has no such request, or not any more
└── FeedbackAway   Redis does not answer
"""


class FeedbackError(Exception):
    """The feedback changes nothing."""


class UnknownAnswer(FeedbackError):  # noqa: N818 - named for the state it reports
    """Another tenant's request is one that is not known."""

    def __init__(self, hours: float) -> None:
        kept = f"within the last {hours:g} hours" if hours else "as feedback is switched off"
        super().__init__(
            f"no answer of yours has this id {kept}; send the x-request-id of a response of "
            "/v1/chat/completions or another endpoint that asks experts"
        )


class FeedbackAway(FeedbackError):  # noqa: N818 - named for the state it reports
    """Redis does not answer."""

    def __init__(self) -> None:
        super().__init__("feedback cannot be kept now; send it again in a moment")
