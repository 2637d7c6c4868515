"""The real sentence encoder: unit vectors, and near meanings near."""

import numpy as np

from routing.encoder import SentenceEncoder


async def test_a_paraphrase_is_nearer_than_another_subject():
    vectors = await SentenceEncoder().encode(
        [
            "How do I solve a quadratic equation?",
            "Finding the roots of ax^2 + bx + c",
            "A cat naps.",
        ]
    )
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
