"""An embedding model's entry in the registry file, one pydantic model per kind."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from experts.cards import Price
from experts.paths import ModelPath
from experts.strict import Strict


class HostedEmbedderCard(Strict):
    """An embedding model behind an OpenAI-compatible server."""

    kind: Literal["hosted"]
    model: str = Field(description="The model's name there.")
    base_url: str = Field(
        pattern=r"^https?://", description="An OpenAI-compatible server, up to and with /v1."
    )
    api_key: SecretStr | None = Field(None, description="Write ${NAME}, never the key itself.")
    concurrency: int = Field(32, ge=1, description="Most calls at once.")
    seconds: float = Field(60.0, gt=0, description="Deadline of one call, retries included.")
    price: Price | None = Field(None, description="Dollars per million tokens, where known.")
    dimensions: int | None = Field(
        None,
        ge=1,
        description="Numbers of a vector, asked for where a request says nothing; none: the "
        "server's own.",
    )


class LocalEmbedderCard(Strict):
    """A sentence-transformers model in the service's own process, on the CPU."""

    kind: Literal["local"]
    model: ModelPath = Field(description="Folder (./, ../ or /) or hub name of the model.")
    max_tokens: int = Field(128, ge=8, description="Tokens of a text that are read.")
    price: Price | None = Field(None, description="Dollars per million tokens, where charged.")


EmbedderCard = Annotated[HostedEmbedderCard | LocalEmbedderCard, Field(discriminator="kind")]
