"""An embedding model in this process: the router's encoder, or one that the registry lists."""

import logging

from api.embedders.errors import NotEmbedded
from api.embedders.model import Embedding, Terms, Wanted
from api.errors import Unfit
from experts.types import Cause, Failure
from routing.encoder import Embedder

logger = logging.getLogger(__name__)


class LocalModel:
    """An encoder under a name."""

    def __init__(self, name: str, encoder: Embedder, terms: Terms) -> None:
        self.terms = terms
        self._name = name
        self._encoder = encoder

    async def embed(self, wanted: Wanted) -> Embedding:
        texts = [item for item in wanted.inputs if isinstance(item, str)]
        if len(texts) < len(wanted.inputs):
            raise Unfit(
                "input", f"{self._name} reads texts: another model's tokens are not its own"
            )
        try:
            extents = await self._encoder.extents(texts)
            vectors = await self._encoder.encode(texts)
        except OSError as error:  # as it is loaded, on first use
            logger.warning(
                "%s cannot be loaded: %s",
                *(self._name, " ".join(str(error).split())),
                extra={"action": "call_failed", "expert": self._name, "cause": "rejected"},
            )
            reason = "the model cannot be loaded; the service's log says why"
            raise NotEmbedded(Failure(self._name, Cause.REJECTED, reason)) from error
        cut = tuple(place for place, extent in enumerate(extents) if not extent.whole)
        return Embedding(vectors, sum(extent.tokens for extent in extents), cut)
