"""An embedding model for one key: reserves before it embeds, settles when it knows what it took."""

from api.embedders.errors import NotEmbedded
from api.embedders.model import Embedding, EmbeddingModel, Terms, Wanted
from api.errors import Unfit
from api.keys.estimates import ONE, UNKNOWN
from api.keys.visitor import Visitor


class MeteredModel:
    """The model, with what it takes counted on a visitor's key. Also raises `OverLimit` and
    `KeysAway`. What nobody tells was all taken, as with answers."""

    def __init__(self, inside: EmbeddingModel, whose: Visitor) -> None:
        self._inside = inside
        self._whose = whose

    @property
    def terms(self) -> Terms:
        return self._inside.terms

    async def embed(self, wanted: Wanted) -> Embedding:
        keeper, taken = self._whose.keys.keeper, self.terms.most(wanted)
        reservation = await self._whose.reserve(taken)
        try:
            embedding = await self._inside.embed(wanted)
            taken = self.terms.taken(wanted, embedding)
        except Unfit:  # refused before it was asked
            taken = ONE
            raise
        except NotEmbedded as error:
            if not any(failure.cause in UNKNOWN for failure in error.failures):
                taken = ONE
            raise
        finally:
            await keeper.settle(reservation, taken)
        return embedding
