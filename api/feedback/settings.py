"""The section `feedback` of the registry file."""

from pydantic import Field

from experts.strict import Strict
from routing.exploring import Exploration


class FeedbackSettings(Strict):
    """What `POST /v1/feedback` teaches, and how newcomers earn their share of questions."""

    hours: float = Field(
        24.0, ge=0, le=720, description="How long feedback may be given on an answer; 0: never."
    )
    requests: int = Field(
        10_000, ge=1, description="Most answers of one tenant that feedback may be given on."
    )
    weight: float = Field(
        0.25, gt=0, le=1, description="Of one answer's feedback, in graded questions."
    )
    most: float = Field(
        100.0,
        ge=0,
        description="Most graded questions that a tenant's feedback on an expert at a skill "
        "counts as.",
    )
    shared: bool = Field(
        False, description="Whether every tenant's feedback counts for all tenants' questions."
    )
    explore: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Share of a tenant's questions, once it gives feedback, that ask an expert of "
        "whom little is known; 0: none.",
    )
    enough: float = Field(
        10.0, ge=0, description="Graded questions with which enough is known of an expert."
    )

    @property
    def exploration(self) -> Exploration:
        """None where there is no feedback to learn from."""
        return Exploration(self.explore if self.hours else 0.0, self.enough)
