"""Every embedding model of a registry file under its name."""

import pytest

from api.embedders.model import ENCODER, Terms, Wanted
from api.embedders.opening import opened
from experts.cards import Price
from experts.embedders import HostedEmbedderCard, LocalEmbedderCard
from experts.errors import RegistryError
from routing.encoder import READ, packaged_minilm
from tests.encoders import BagOfWords
from tests.openai_server import serving, vector

PRICE = Price(input=1.0)
NEAR = LocalEmbedderCard(kind="local", model=packaged_minilm(), max_tokens=16)


async def test_hosted_and_local_models_embed_beside_the_routers_encoder():
    async with serving() as server:
        cards = {
            "far": HostedEmbedderCard(kind="hosted", model="m", base_url=server.url, price=PRICE),
            "near": NEAR,
        }
        async with opened(cards, BagOfWords()) as models:
            assert {name: model.terms for name, model in models.items()} == {
                ENCODER: Terms(longest=READ),
                "far": Terms(PRICE),
                "near": Terms(longest=16),
            }
            far = await models["far"].embed(Wanted(["the sea"]))
            near = await models["near"].embed(Wanted(["sea " * 100]))
    assert far.vectors.tolist() == [vector("the sea", 0)]
    assert (near.vectors.shape, near.tokens, near.cut) == ((1, 384), 16, (0,))


async def test_a_card_that_cannot_be_used_keeps_the_service_from_opening():
    card = HostedEmbedderCard(kind="hosted", model="m", base_url="http://me@x/v1")
    with pytest.raises(RegistryError, match=r"embedders\.far\.base_url"):
        async with opened({"far": card}, BagOfWords()):
            pass
