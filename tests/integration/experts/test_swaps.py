"""Weights change in a running vLLM engine, and nothing but the resident base ever speaks."""

import random
import shutil
from pathlib import Path

import pytest

from experts.cards import VllmCard
from experts.engines.loading import SwapFailed
from tests import tiny_models
from tests.bench import Bench, Driven, family_of

# Longer than a block of the KV cache (128 tokens), so that the prefix is kept from one prompt to
# the next, and would be from one base to the next.
PREFIX = "You know everything there is to know about numbers, and you say it in few words. " * 2
QUESTIONS = [f"{PREFIX}How much is {n} and {n}?" for n in range(4)]
ROOMY = 10**9  # bytes


@pytest.fixture(scope="module")
def bench():
    bench = Bench.set_up()
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("bases")


@pytest.fixture(scope="module")
def tokenizer(folder) -> Path:
    return tiny_models.tokenizer(folder / "tokenizer")


@pytest.fixture(scope="module")
def bases(folder) -> dict[str, list[Path]]:
    return {
        kind: [
            tiny_models.llama(folder / f"{kind}{seed}", seed=seed, tied=kind == "tied")
            for seed in range(4)
        ]
        for kind in ("tied", "untied")
    }


@pytest.fixture(scope="module", params=["tied", "untied"])
def kind(request) -> str:
    """Of the output head, to the embeddings."""
    return request.param


@pytest.fixture(scope="module")
def pair(bases, kind) -> list[Path]:
    return bases[kind][:2]


@pytest.fixture(scope="module")
def adapter(folder, bases) -> Path:
    return tiny_models.lora(folder / "adapter", bases["tied"][0], seed=9)


@pytest.fixture(scope="module")
def family(tokenizer):
    def family(*models, adapter=None):
        plain = {"kind": "vllm", "tokenizer": str(tokenizer), "dtype": "float32"}
        small = {"memory_gib": 0.1, "max_tokens": 24}
        cards = {
            f"expert{place}": VllmCard(model=str(model), **plain, **small)
            for place, model in enumerate(models)
        }
        if adapter is not None:
            on = VllmCard(model=str(models[0]), adapter=str(adapter), **plain, **small)
            cards["adapted"] = on
        return family_of(cards)

    return family


@pytest.fixture(scope="module")
def alone(bench, bases, family) -> dict[Path, list[str]]:
    """What each base says in an engine of its own."""
    return {
        base: bench.engine(family(base), base).says(QUESTIONS)
        for of_kind in bases.values()
        for base in of_kind
    }


def wander(engine: Driven, bases: list[Path], said: dict[Path, list[str]], seed: int) -> set[str]:
    """Swaps, asks and gives hints at random, right and wrong; where the weights came from."""
    rng = random.Random(seed)
    sources, resident = set(), bases[0]
    for _ in range(25):
        coming = rng.choice(bases)
        match rng.randrange(5):
            case 0:
                engine.expect(*rng.sample(bases, rng.randint(0, len(bases))))
            case 1:
                engine.expect(coming)
        if rng.random() < 0.7 and coming != resident:
            sources.add(engine.swap(coming))
            resident = coming
        ask = rng.sample(range(len(QUESTIONS)), 2)
        answers = engine.says([QUESTIONS[place] for place in ask])
        assert answers == [said[resident][place] for place in ask]
    return sources


@pytest.mark.parametrize(
    "room", [0, 2, 10], ids=["nothing is kept", "room for two", "room for all"]
)
def test_after_any_swaps_and_hints_a_base_speaks_as_in_an_engine_of_its_own(
    bench, family, bases, alone, kind, room
):
    assert len({tuple(alone[base]) for base in bases[kind]}) == len(bases[kind])
    size = (bases[kind][0] / "model.safetensors").stat().st_size
    engine = bench.engine(family(*bases[kind]), bases[kind][0], host_bytes=room * size)
    assert ("held" in wander(engine, bases[kind], alone, seed=room)) == bool(room)


def test_adapters_stay_on_their_base_through_any_swaps(bench, family, bases, alone, adapter):
    one, two = bases["tied"][:2]
    engine = bench.engine(family(one, two, adapter=adapter), one, host_bytes=ROOMY)
    adapted = engine.says(QUESTIONS, adapter)
    assert adapted != alone[one]
    for _ in range(3):
        assert engine.says(QUESTIONS) == alone[one]
        engine.swap(two)
        assert engine.says(QUESTIONS) == alone[two]
        engine.swap(one)
        assert engine.says(QUESTIONS, adapter) == adapted


def torn_in_the_middle(folder: Path, like: Path) -> Path:
    """The first of its two files is whole, so that loading it begins."""
    tiny_models.sharded(folder, like)
    tiny_models.cut_short(folder / "model-00002-of-00002.safetensors")
    return folder


def of_another_shape(folder: Path, like: Path) -> Path:
    """The config says nothing of it."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(like, folder)
    weights = load_file(like / "model.safetensors")
    name = "model.layers.0.mlp.down_proj.weight"
    weights[name] = weights[name][:, :128].contiguous()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def without_weights(folder: Path, like: Path) -> Path:
    shutil.copytree(like, folder)
    (folder / "model.safetensors").unlink()
    return folder


FAULTS = [
    pytest.param(tiny_models.broken, "model.safetensors|incomplete|header", id="cut off"),
    pytest.param(torn_in_the_middle, "incomplete|header", id="its second file is cut off"),
    pytest.param(of_another_shape, r"down_proj.weight is \[128, 128\], not", id="another shape"),
    pytest.param(without_weights, "safetensors|weights", id="no weights"),
]


@pytest.mark.parametrize("host_bytes", [0, ROOMY], ids=["from disk", "by way of memory"])
def test_weights_that_cannot_be_loaded_are_named_and_the_old_ones_go_on(
    bench, family, pair, alone, tmp_path, host_bytes
):
    one, two = pair
    faulty = {param.id: param.values[0](tmp_path / param.id, one) for param in FAULTS}
    engine = bench.engine(family(one, two, *faulty.values()), one, host_bytes=host_bytes)
    for param in FAULTS:
        with pytest.raises(SwapFailed, match=f"the weights of {faulty[param.id]} .*") as failed:
            engine.swap(faulty[param.id])
        assert failed.match(param.values[1])
        assert engine.says(QUESTIONS) == alone[one]
        engine.swap(two)
        assert engine.says(QUESTIONS) == alone[two]
        with pytest.raises(SwapFailed):
            engine.swap(faulty[param.id])
        assert engine.says(QUESTIONS) == alone[two]
        engine.swap(one)
        assert engine.says(QUESTIONS) == alone[one]


def test_reading_ahead_what_cannot_be_read_is_warned_of_and_harms_nothing(
    bench, family, bases, alone, tmp_path
):
    one, two = bases["tied"][:2]
    torn = torn_in_the_middle(tmp_path / "torn", one)
    engine = bench.engine(family(one, two, torn), one, host_bytes=ROOMY)
    engine.reads(torn)
    [warning] = engine.warnings()
    assert "incomplete" in warning
    assert engine.says(QUESTIONS) == alone[one]
    engine.expect(torn, two)
    assert len(engine.warnings()) == 1  # it is not tried again and again
    with pytest.raises(SwapFailed, match=f"the weights of {torn} .*incomplete"):
        engine.swap(torn)
    assert engine.says(QUESTIONS) == alone[one]
    engine.swap(two)
    assert engine.says(QUESTIONS) == alone[two]


def test_a_file_that_is_deleted_and_comes_back_is_missed_only_meanwhile(
    bench, family, bases, alone, tmp_path
):
    one, two = bases["tied"][:2]
    other = shutil.copytree(two, tmp_path / "other")
    engine = bench.engine(family(one, other), one)
    engine.swap(other)
    engine.swap(one)
    file = other / "model.safetensors"
    elsewhere = file.rename(other / "elsewhere")
    with pytest.raises(SwapFailed, match=str(other)):
        engine.swap(other)
    assert engine.says(QUESTIONS) == alone[one]
    elsewhere.rename(file)
    engine.swap(other)
    assert engine.says(QUESTIONS) == alone[two]


def test_what_is_held_in_memory_needs_no_file(bench, family, bases, alone, tmp_path):
    one, two = bases["tied"][:2]
    other = shutil.copytree(two, tmp_path / "other")
    engine = bench.engine(family(one, other), one, host_bytes=ROOMY)
    engine.reads(other)
    (other / "model.safetensors").unlink()
    assert engine.swap(other) == "held"
    engine.swap(one)
    assert engine.swap(other) == "held"
    assert engine.says(QUESTIONS) == alone[two]
