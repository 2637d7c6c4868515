"""An embedding model behind somebody's API, as the endpoint calls it."""

import asyncio
from typing import TYPE_CHECKING

from api.embedders.errors import InputTooLong, NotEmbedded
from api.embedders.model import Embedding, Terms, Wanted
from experts.errors import ExpertError, PromptTooLong

if TYPE_CHECKING:
    from experts.hosted.embedder import HostedEmbedder


class HostedModel:
    """Whatever it is asked is passed on, tokens and dimensions too."""

    def __init__(self, name: str, embedder: "HostedEmbedder", terms: Terms) -> None:
        self.terms = terms
        self._name = name
        self._embedder = embedder

    async def embed(self, wanted: Wanted) -> Embedding:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            found = await self._embedder.embed(wanted.inputs, wanted.dimensions)
        except ExpertError as error:
            kind = InputTooLong if isinstance(error, PromptTooLong) else NotEmbedded
            raise kind(error.failure(self._name, clock() - began)) from error
        return Embedding(found.vectors, found.tokens)
