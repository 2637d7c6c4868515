"""Vectors out of replies of every shape, and complaints about what is none."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from experts.embedders import HostedEmbedderCard
from experts.errors import BackendRejected, BackendUnavailable, EmptyReply
from experts.hosted.embedding_wire import embedded, request

CARD = HostedEmbedderCard(kind="hosted", model="m", base_url="http://x/v1")
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
MATRICES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2), elements=FINITE)


def reply(*vectors, **more):
    data = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    return {"data": data, **more}


def packed(row):
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


@given(MATRICES, st.randoms(use_true_random=False), st.booleans())
def test_vectors_are_read_in_order_however_they_are_sent(matrix, random, plain):
    payload = reply(*(row.tolist() if plain else packed(row) for row in matrix))
    random.shuffle(payload["data"])
    assert np.array_equal(embedded(payload, len(matrix)).vectors, matrix)


def test_without_indices_they_are_in_order():
    payload = {"data": [{"embedding": [1.0]}, {"embedding": [2.0]}]}
    assert embedded(payload, 2).vectors.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 5, "total_tokens": 6}, 5),
        ({"total_tokens": 6}, 6),
        ({"prompt_tokens": -1}, None),
        ({"prompt_tokens": True}, None),
        ({"prompt_tokens": "5"}, None),
        (None, None),
    ],
)
def test_tokens_are_as_the_server_tells(usage, tokens):
    assert embedded(reply([1.0], usage=usage), 1).tokens == tokens


@pytest.mark.parametrize(
    ("payload", "error", "words"),
    [
        (reply([1.0]), EmptyReply, "1 vectors for 2 inputs"),
        (reply([1.0], []), EmptyReply, "empty vector"),
        (reply("", [1.0]), EmptyReply, "empty vector"),
        (reply(None, [1.0]), EmptyReply, "empty vector"),
        (reply([1.0], [1.0, 2.0]), BackendRejected, "different lengths"),
        (reply([1.0], ["x"]), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], [[1.0]]), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], [1e300]), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], [None]), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], {"x": 1}), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], "AAA="), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], "no base64"), BackendRejected, "no vector of finite numbers"),
        (reply([1.0], "AADAfw=="), BackendRejected, "no vector of finite numbers"),
        ({"data": [{"index": 0, "embedding": [1.0]}] * 2}, BackendRejected, "indices"),
        ({"data": [{"index": "a", "embedding": [1.0]}] * 2}, BackendRejected, "indices"),
        ({"choices": []}, BackendRejected, "/v1"),
        ("text", BackendRejected, "/v1"),
        ({"error": {"message": "overloaded", "code": 503}}, BackendUnavailable, "overloaded"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_no_vectors_is_told(payload, error, words):
    with pytest.raises(error, match=words):
        embedded(payload, 2)


def test_dimensions_are_asked_for_where_somebody_wants_them():
    card = CARD.model_copy(update={"dimensions": 8})
    assert request(CARD, ["x", [1, 2]], None) == {
        "model": "m",
        "input": ["x", [1, 2]],
        "encoding_format": "base64",
    }
    assert request(card, ["x"], None)["dimensions"] == 8
    assert request(card, ["x"], 4)["dimensions"] == 4
