"""How long a hosted model is waited for: sections of its card."""

from pydantic import Field

from experts.strict import Strict


class Timeouts(Strict):
    """Deadlines of a streamed reply, within `seconds`. Bytes that only keep the connection alive
    are no tokens."""

    first_token: float | None = Field(
        None, gt=0, description="Seconds until the first token; none: half of what is left."
    )
    idle: float | None = Field(
        None, gt=0, description="Seconds between two tokens; none: no limit of its own."
    )


class Hedge(Strict):
    """A second, identical call where the first is slow to begin; what answers first is taken."""

    after: float | None = Field(
        None, gt=0, description="Seconds without a first byte; none: more than 95% of calls take."
    )
    share: float = Field(0.05, gt=0, le=1, description="Of all calls, that may be made twice.")
