"""The real sentence encoder, beside sentence-transformers itself."""

import asyncio
import random
import subprocess
import sys

import numpy as np
import pytest

from routing.encoder import Extent, SentenceEncoder, packaged_minilm
from routing.encoder.torch_model import TorchModel
from tests.tiny_models import sentence_bert

TEXTS = [
    "",
    " \n\t ",
    "What is the capital of France?",
    "Which of these\nis a prime?\n\n  A) 21\r\n  B) 23\tC) 27",
    "Ünïcödé, 漢字, العربية, 🦜 and \u200bnothing",
    "<s> [SEP] [MASK] </s> \0 end",
    "word " * 400,
    "x" * 5000,
]


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


async def test_vectors_are_those_of_sentence_transformers_but_for_rounding():
    reference = TorchModel(packaged_minilm(), max_tokens=128, threads=1)
    for text, vector in zip(TEXTS, await SentenceEncoder().encode(TEXTS), strict=True):
        assert vector @ reference.vector(text) > 0.995, text


async def test_a_vector_is_the_same_to_the_bit_in_any_company():
    rng = random.Random(0)
    words = [
        "if",
        "a",
        "b",
        "sum",
        "prove",
        "integral",
        "enzyme",
        "Rome",
        "1848",
        "x^2",
        "court",
        "(",
        ")",
        "?",
    ]
    texts = [" ".join(rng.choices(words, k=rng.randint(1, 150))) for _ in range(40)]
    encoder = SentenceEncoder(threads=3)
    together = await encoder.encode(texts)
    shuffled = rng.sample(range(40), 40)
    assert np.array_equal(await encoder.encode([texts[i] for i in shuffled]), together[shuffled])
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal((await encoder.encode([text]))[0], vector)


async def test_a_question_need_not_wait_for_a_whole_file_of_them():
    encoder = SentenceEncoder(threads=1)
    await encoder.encode(["load"])
    file = asyncio.create_task(encoder.encode(["a question of a file"] * 200))
    await asyncio.sleep(0)
    await encoder.encode(["one question"])
    assert not file.done()
    assert (await file).shape == (200, 384)


async def test_a_megabyte_is_read_no_further_than_it_counts():
    encoder = SentenceEncoder()
    whole, start = await encoder.encode(["word " * 200_000, "word " * 500])
    assert np.array_equal(whole, start)


async def test_no_texts_are_no_vectors():
    assert len(await SentenceEncoder().encode([])) == 0


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
async def test_a_model_of_ones_own_is_encoded_as_sentence_transformers_does(tmp_path, pooling):
    folder = str(sentence_bert(tmp_path, pooling=pooling))
    reference = TorchModel(folder, max_tokens=32, threads=1)
    for text, vector in zip(TEXTS, await SentenceEncoder(folder, 32).encode(TEXTS), strict=True):
        assert vector @ reference.vector(text) > 0.995, text


def test_the_built_in_model_is_run_without_torch():
    code = (
        "import asyncio, sys; from routing.encoder import SentenceEncoder;"
        "asyncio.run(SentenceEncoder().encode(['a question']));"
        "print(*{'torch', 'transformers', 'sentence_transformers'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


async def test_as_much_of_a_text_is_read_as_sentence_transformers_reads():
    reference = TorchModel(packaged_minilm(), max_tokens=128, threads=1)
    extents = await SentenceEncoder().extents(TEXTS)
    assert extents == [reference.extent(text) for text in TEXTS]
    assert [i for i, extent in enumerate(extents) if not extent.whole] == [6]
    assert extents[6] == Extent(128, whole=False)


def test_no_more_is_read_than_the_model_itself_allows():
    model = TorchModel(packaged_minilm(), max_tokens=100_000, threads=1)
    extent = model.extent("sea " * 1000)
    assert (extent.tokens, extent.whole) == (256, False)
    assert model.vector("sea " * 1000).shape == (384,)
