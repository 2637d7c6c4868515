"""What every section of the registry file has in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A section of the registry file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
