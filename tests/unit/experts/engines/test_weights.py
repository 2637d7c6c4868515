import struct

import pytest

from experts.engines.weights import (
    INDEX,
    Tensor,
    description,
    difference,
    read_json,
    shapes,
    tensors,
    vocabulary,
    weight_files,
)
from tests.tiny_models import sketch


def same(tmp_path, one, two, dtype="auto"):
    models = sketch(tmp_path / "a", one), sketch(tmp_path / "b", two)
    first, second = (description(str(folder), dtype=dtype) for folder in models)
    return first == second


@pytest.mark.parametrize(
    ("one", "two", "dtype", "expected"),
    [
        pytest.param({"layers": 2}, {"layers": 2}, "auto", True, id="the same"),
        pytest.param({"layers": 2}, {"layers": 3}, "auto", False, id="another shape"),
        pytest.param({"rope": 1e4}, {"rope": 1e6}, "auto", False, id="other numbers"),
        pytest.param({"_name_or_path": "x"}, {}, "auto", True, id="another name"),
        pytest.param({"dtype": "f4"}, {"dtype": "f2"}, "auto", False, id="another dtype"),
        pytest.param({"dtype": "f4"}, {"dtype": "f2"}, "f2", True, id="a dtype that is overruled"),
    ],
)
def test_description(tmp_path, one, two, dtype, expected):
    assert same(tmp_path, one, two, dtype) is expected


def test_models_that_end_replies_at_other_tokens_differ(tmp_path):
    one, two = sketch(tmp_path / "a", {}, ends=1), sketch(tmp_path / "b", {}, ends=[1, 2])
    assert description(str(one), dtype="auto") != description(str(two), dtype="auto")


def test_a_hub_name_is_told_only_by_its_name():
    assert description("someone/model", dtype="auto") == "someone/model"
    assert vocabulary("someone/model") == "someone/model"


def test_tokenizers_that_cut_alike_are_the_same_whatever_their_template(tmp_path):
    for name, template in (("a", "x"), ("b", "y")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_text("{}")
        (tmp_path / name / "chat_template.jinja").write_text(template)
    assert vocabulary(str(tmp_path / "a")) == vocabulary(str(tmp_path / "b"))
    (tmp_path / "b" / "tokenizer.json").write_text("[]")
    assert vocabulary(str(tmp_path / "a")) != vocabulary(str(tmp_path / "b"))


def test_shapes_are_read_from_the_headers(tmp_path):
    assert shapes(sketch(tmp_path, {}, tensors={"w": [2, 3]})) == {"w": (2, 3)}


def test_only_the_files_of_the_index_count_where_there_is_one(tmp_path):
    folder = sketch(tmp_path, {}, tensors={"w": [2, 3]})
    (folder / "model.safetensors").rename(folder / "1.safetensors")
    sketch(tmp_path, {}, tensors={"consolidated.w": [2, 3]})
    assert set(shapes(folder)) == {"w", "consolidated.w"}
    (folder / INDEX).write_text('{"weight_map": {"w": "1.safetensors", "x": "2.safetensors"}}')
    assert shapes(folder) == {"w": (2, 3)}
    assert [path.name for path in weight_files(folder)] == ["1.safetensors", "2.safetensors"]


def test_a_tensor_is_as_large_as_its_type(tmp_path):
    folder = sketch(tmp_path, {}, tensors={"w": [2, 3]}, dtype="BF16")
    tensor = tensors(folder)["w"]
    assert (tensor.stored_bytes(), tensor.stored_bytes("F32")) == (12, 24)
    assert Tensor("F8_E4M3", (2, 3)).stored_bytes("F32") == 6


def test_a_folder_without_safetensors_has_no_shapes(tmp_path):
    assert shapes(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(struct.pack("<Q", 2**60), id="a header without end"),
        pytest.param(struct.pack("<Q", 3) + b"{]}", id="no JSON"),
        pytest.param(struct.pack("<Q", 2) + b"[]", id="no object"),
        pytest.param(struct.pack("<Q", 8) + b'{"a": 1}', id="a tensor that is none"),
        pytest.param(struct.pack("<Q", 9) + b'{"a": {}}', id="a tensor without shape"),
    ],
)
def test_what_is_no_safetensors_file_is_named(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors is not a safetensors file"):
        shapes(tmp_path)


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        pytest.param({"w": (2, 3)}, None, id="none"),
        pytest.param({}, "it has no tensor w", id="missing"),
        pytest.param({"w": (3, 2)}, "its tensor w is [3, 2], not [2, 3]", id="shape"),
        pytest.param(
            {"w": (2, 3), "x": (1,)}, "it has a tensor x that the engine does not know", id="extra"
        ),
    ],
)
def test_difference(theirs, expected):
    assert difference({"w": (2, 3)}, theirs) == expected


def test_a_file_that_is_no_json_object_is_named(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    (tmp_path / "b.json").write_text("{")
    for name, why in (("a.json", "no JSON object"), ("b.json", "cannot be read")):
        with pytest.raises(ValueError, match=why):
            read_json(tmp_path / name)
