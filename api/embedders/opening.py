"""Opens the embedding models that the registry file lists, beside the router's encoder."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from api.embedders.hosted import HostedModel
from api.embedders.local import LocalModel
from api.embedders.model import ENCODER, EmbeddingModel, Terms
from experts.embedders import EmbedderCard, HostedEmbedderCard
from routing.encoder import READ, Embedder, SentenceEncoder


@asynccontextmanager
async def opened(
    cards: Mapping[str, EmbedderCard], encoder: Embedder
) -> AsyncIterator[dict[str, EmbeddingModel]]:
    """All of them, by the name that stands as `model`. Local ones are loaded on first use."""
    models: dict[str, EmbeddingModel] = {ENCODER: LocalModel(ENCODER, encoder, Terms(longest=READ))}
    hosted: dict[str, HostedEmbedderCard] = {}
    for name, card in cards.items():
        if isinstance(card, HostedEmbedderCard):
            hosted[name] = card
        else:
            sentences = SentenceEncoder(card.model, card.max_tokens)
            models[name] = LocalModel(name, sentences, Terms(card.price, card.max_tokens))
    async with AsyncExitStack() as stack:
        if hosted:  # an HTTP client takes a while to import
            from experts.hosted.embedder import HostedEmbedder
            from experts.hosted.openai_backend import session

            shared = await stack.enter_async_context(session())
            for name, card in hosted.items():
                embedder = HostedEmbedder(name, card, shared)
                models[name] = HostedModel(name, embedder, Terms(card.price))
        yield models
