import base64

import numpy as np
import pytest

from tests.encoders import DIMENSION, LONGEST, BagOfWords
from tests.unit.api.scripted import ScriptedService, app_of, client_of


async def post(encoder=None, **body):
    body = {"model": "convene/encoder", "input": "the sea"} | body
    async with client_of(app_of(ScriptedService(), encoder or BagOfWords())) as client:
        return await client.post("/v1/embeddings", json=body)


async def test_each_text_has_its_vector_in_order():
    texts = ["the sea", "the blue sky"]
    body = (await post(input=texts)).json()
    expected = await BagOfWords().encode(texts)
    assert np.allclose([item["embedding"] for item in body["data"]], expected)
    assert [item["index"] for item in body["data"]] == [0, 1]
    assert body["usage"] == {"prompt_tokens": 5, "total_tokens": 5}
    assert body["convene"] == {"cut": []}


async def test_base64_holds_the_same_numbers():
    (plain,) = (await post()).json()["data"]
    (packed,) = (await post(encoding_format="base64")).json()["data"]
    numbers = np.frombuffer(base64.b64decode(packed["embedding"]), "<f4")
    assert numbers.tolist() == plain["embedding"]


async def test_a_text_of_which_only_the_beginning_was_read_is_told():
    body = (await post(input=["short", "long " * (LONGEST + 1)])).json()
    assert body["convene"] == {"cut": [1]}
    assert body["usage"]["total_tokens"] == 1 + LONGEST


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["x", ""]}, "input.1"),
        ({"input": [1, 2]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": [[1], []]}, "input.1"),
        ({"input": [1, "x"]}, "input.1"),
        ({"input": ["x", 1]}, "input.1"),
        ({"input": [True]}, "input.0"),
        ({"input": [-1]}, "input.0"),
        ({"input": {"x": 1}}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"dimensions": DIMENSION - 1}, "dimensions"),
        ({"dimension": 3}, "dimension"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_wrong_body_is_refused_naming_the_parameter(body, param):
    response = await post(**body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_the_encoders_own_dimension_may_be_named():
    assert (await post(dimensions=DIMENSION)).status_code == 200


async def test_other_models_do_not_embed():
    assert (await post(model="ada")).status_code == 404
    async with client_of(app_of(ScriptedService())) as client:
        body = {"model": "convene/encoder", "input": "x"}
        assert (await client.post("/v1/embeddings", json=body)).status_code == 404
