"""POST /v1/embeddings: texts as the vectors that questions are routed by."""

import base64
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Discriminator, Field, Tag

from api.errors import Unfit
from api.opening import Open
from api.race import unless_hung_up
from api.strict import WHOLE, Body
from api.turns import shape
from api.wire import Json
from orchestrator.errors import UnknownModel
from routing.encoder import Embedder, Extent, Vectors

ENCODER = "convene/encoder"
Text = Annotated[str, Field(min_length=1, max_length=100_000), WHOLE]
Encoding = Literal["float", "base64"]

router = APIRouter(prefix="/v1/embeddings")


class EmbeddingsBody(Body):
    """OpenAI's embeddings request; texts only, for the encoder's tokens are its own."""

    model: Annotated[str, Field(min_length=1, max_length=256), WHOLE]
    input: Annotated[
        Annotated[Text, Tag("<text>")]
        | Annotated[list[Text], Field(min_length=1, max_length=2048), Tag("<list>")],
        Discriminator(shape),
    ]
    encoding_format: Encoding = "float"
    dimensions: Annotated[int | None, Field(ge=1)] = None
    user: Any = None

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


@router.post("")
async def embed(body: EmbeddingsBody, running: Open, http: Request) -> Response:
    """One vector of length 1 for each text, in order."""
    encoder = running.encoder
    if encoder is None or body.model not in (ENCODER, "encoder"):
        raise UnknownModel(body.model, [ENCODER] if encoder else [])
    vectors, extents = await unless_hung_up(http.receive, _embedded(encoder, body.texts))
    if body.dimensions not in (None, vectors.shape[1]):
        raise Unfit("dimensions", f"vectors have {vectors.shape[1]} numbers; leave it out")
    return Json(document(vectors, extents, body.encoding_format))


async def _embedded(encoder: Embedder, texts: list[str]) -> tuple[Vectors, list[Extent]]:
    return await encoder.encode(texts), await encoder.extents(texts)


def document(vectors: Vectors, extents: Sequence[Extent], encoding: Encoding) -> dict[str, Any]:
    """The response. `convene.cut` lists the texts of which only the beginning was read."""
    tokens = sum(extent.tokens for extent in extents)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _written(vector, encoding)}
            for index, vector in enumerate(vectors)
        ],
        "model": ENCODER,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        "convene": {"cut": [i for i, extent in enumerate(extents) if not extent.whole]},
    }


def _written(vector: Vectors, encoding: Encoding) -> list[float] | str:
    """Base64 is of little-endian numbers of 32 bits, as OpenAI's clients read it."""
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    numbers: list[float] = vector.tolist()
    return numbers
