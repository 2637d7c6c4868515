"""POST /v1/embeddings: texts as vectors, by the router's encoder or a registered model."""

import asyncio
import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Discriminator, Field, Tag

from api.embedders.metered import MeteredModel
from api.embedders.model import BARE, ENCODER, Embedding, EmbeddingModel, Wanted
from api.errors import Unfit
from api.keys.visitor import visitor
from api.opening import Open
from api.race import unless_hung_up
from api.running import Running
from api.strict import WHOLE, Body
from api.wire import dumps
from orchestrator.errors import UnknownModel
from routing.encoder import Vectors

Text = Annotated[str, Field(min_length=1, max_length=100_000), WHOLE]
Tokens = Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1)]
Encoding = Literal["float", "base64"]

router = APIRouter(prefix="/v1/embeddings")


def _shape(value: Any) -> str:
    """By the first item: a list of texts, the tokens of one, or of several."""
    if not isinstance(value, list):
        return "<text>"
    match value:
        case [bool(), *_]:
            return "<texts>"
        case [int(), *_]:
            return "<tokens>"
        case [list(), *_]:
            return "<tokens of each>"
        case _:
            return "<texts>"


class EmbeddingsBody(Body):
    """OpenAI's embeddings request. Tokens are for the registered models that take them."""

    model: Annotated[str, Field(min_length=1, max_length=256), WHOLE]
    input: Annotated[
        Annotated[Text, Tag("<text>")]
        | Annotated[list[Text], Field(min_length=1, max_length=2048), Tag("<texts>")]
        | Annotated[Tokens, Tag("<tokens>")]
        | Annotated[list[Tokens], Field(max_length=2048), Tag("<tokens of each>")],
        Discriminator(_shape),
    ]
    encoding_format: Encoding = "float"
    dimensions: Annotated[int | None, Field(ge=1, le=100_000)] = None
    user: Any = None

    @property
    def wanted(self) -> Wanted:
        given = [self.input] if isinstance(self.input, str) else self.input
        tokens = [item for item in given if isinstance(item, int)]
        several = [item for item in given if not isinstance(item, int)]
        return Wanted([tokens] if tokens else several, self.dimensions)


@router.post("")
async def embed(body: EmbeddingsBody, running: Open, http: Request) -> Response:
    """One vector for each input, in order."""
    name, model = _named(body.model, running)
    whose = visitor(http.scope)
    metered = model if whose is None else MeteredModel(model, whose)
    embedding = await unless_hung_up(http.receive, metered.embed(body.wanted))
    numbers = embedding.vectors.shape[1]
    if body.dimensions not in (None, numbers):
        raise Unfit("dimensions", f"vectors have {numbers} numbers; leave it out")
    # Long ones take seconds to write, and others are being answered meanwhile.
    written = await asyncio.to_thread(document, name, embedding, body.encoding_format)
    return Response(written, media_type="application/json")


def _named(model: str, running: Running) -> tuple[str, EmbeddingModel]:
    name = ENCODER if model == BARE else model
    if name not in running.embedders:
        raise UnknownModel(model, running.embedders)
    return name, running.embedders[name]


def document(model: str, embedding: Embedding, encoding: Encoding) -> bytes:
    """The response. `convene.cut` lists the inputs of which only the beginning was read. Written
    vector by vector: others have a turn in between."""
    tokens = embedding.tokens or 0
    rest = dumps(
        {
            "object": "list",
            "model": model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "convene": {"cut": embedding.cut},
        }
    )
    data = b",".join(
        dumps({"object": "embedding", "index": index, "embedding": _written(vector, encoding)})
        for index, vector in enumerate(embedding.vectors)
    )
    return rest[:-1] + b',"data":[' + data + b"]}"


def _written(vector: Vectors, encoding: Encoding) -> list[float] | str:
    """Base64 is of little-endian numbers of 32 bits, as OpenAI's clients read it."""
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    numbers: list[float] = vector.tolist()
    return numbers
