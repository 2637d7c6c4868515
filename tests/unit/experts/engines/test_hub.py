import threading

import pytest

from experts.cards import VllmCard
from experts.engines.hub import Remote, cached, described, located, named, whole
from experts.engines.weights import INDEX
from tests.tiny_models import sketch


def card(**more):
    return VllmCard(kind="vllm", **{"model": "org/base", **more})


def test_what_is_in_the_cache_takes_the_place_of_its_name(tmp_path):
    cards = {
        "ada": card(tokenizer="org/words", adapter="org/lora"),
        "bob": card(merge={"adapters": {"org/lora": 0.5, "org/other": 0.5}}),
    }
    places = {"org/base": tmp_path / "base", "org/lora": tmp_path / "lora"}
    found = located(cards, places.get)
    assert found["ada"].model == found["bob"].model == str(tmp_path / "base")
    assert (found["ada"].tokenizer, found["ada"].adapter) == ("org/words", str(tmp_path / "lora"))
    assert found["bob"].merge.adapters == {str(tmp_path / "lora"): 0.5, "org/other": 0.5}


def test_a_folder_is_not_looked_up(tmp_path):
    cards = {"ada": card(model=str(tmp_path))}
    assert located(cards, {}.__getitem__) == cards


def test_each_name_is_looked_up_once():
    asked = []
    located({"ada": card(), "bob": card()}, asked.append)
    assert asked == ["org/base"]


def test_a_snapshot_is_called_by_the_name_of_its_model():
    folder = "/cache/models--Qwen--Qwen2.5-7B-Instruct/snapshots/a09a35458c70"
    assert named(folder) == "Qwen/Qwen2.5-7B-Instruct"
    assert named("/models/snapshots/x") == "/models/snapshots/x"
    assert named("org/model") == "org/model"


def snapshot(cache, name, file, **sketched):
    """A model in a cache as huggingface_hub lays it out."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0a1b2c")
    folder = sketch(repository / "snapshots" / "0a1b2c", {}, **sketched)
    (folder / "config.json").rename(folder / file)
    return folder


@pytest.mark.parametrize("file", ["config.json", "adapter_config.json"])
def test_the_local_cache_is_read_as_the_library_writes_it(tmp_path, file):
    folder = snapshot(tmp_path, "org/model", file, tensors={"w": [2]})
    snapshot(tmp_path, "org/partial", file)
    assert cached("org/model", tmp_path) == folder
    assert cached("org/partial", tmp_path) is None
    assert cached("org/unknown", tmp_path) is None
    assert cached("no/name/at/all", tmp_path) is None


def test_a_download_that_was_broken_off_is_not_whole(tmp_path):
    folder = sketch(tmp_path, {})
    assert not whole(folder)
    (folder / INDEX).write_text('{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}')
    (folder / "1.safetensors").touch()
    assert not whole(folder)
    (folder / "2.safetensors").touch()
    assert whole(folder)


def test_all_are_asked_about_and_answered_in_their_order():
    names = [f"org/{number}" for number in range(20)]
    found = described(names, lambda name: Remote(note=name), 60)
    assert [(name, remote.note) for name, remote in found.items()] == [(n, n) for n in names]


def test_a_hub_that_says_nothing_is_not_waited_for():
    never = threading.Event()

    def ask(name):
        if name == "org/slow":
            never.wait(30)
        return Remote(note="told")

    found = described(["org/quick", "org/slow"], ask, 0.5)
    never.set()
    assert found["org/quick"].note == "told"
    assert "did not tell all in 0.5 s" in found["org/slow"].note


@pytest.mark.parametrize("names", [[], ["org/a"]], ids=["none", "one"])
def test_few_names_need_few_questions(names):
    assert list(described(names, lambda _: Remote(), 60)) == names
