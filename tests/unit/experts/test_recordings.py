"""Files of recorded replies: what is read, and what is said of a line that is wrong."""

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.errors import RecordingError
from experts.recordings import RecordedReply, Recording, read, write

FULL = {
    "id": "q1",
    "question": "What is 2 + 2?",
    "options": ["3", "4"],
    "category": "math",
    "gold": "B",
    "split": "test",
    "replies": {
        "ada": {"answer": "B", "score": 1, "cost_usd": 0.002, "text": "The answer is (B)."},
        "bob": {"answer": None},
        "cyd": {"score": 0.25},
    },
}


def lines(*objects):
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def written(tmp_path, content, name="recorded.jsonl"):
    file = tmp_path / name
    file.write_bytes(content)
    return file


def test_a_line_with_every_field_is_read_as_it_is(tmp_path):
    assert list(read(written(tmp_path, lines(FULL)))) == [
        Recording(
            id="q1",
            question="What is 2 + 2?",
            replies={
                "ada": RecordedReply("B", 1.0, 0.002, "The answer is (B)."),
                "bob": RecordedReply(),
                "cyd": RecordedReply(score=0.25),
            },
            options=("3", "4"),
            category="math",
            gold="B",
            split="test",
        )
    ]


def test_absent_fields_are_unknown_and_the_line_number_stands_in_for_the_id(tmp_path):
    content = b"\n" + lines({"question": "Why?", "replies": {}})
    assert list(read(written(tmp_path, content))) == [Recording("2", "Why?", {})]


@pytest.mark.parametrize("name", ["recorded.jsonl", "recorded.jsonl.gz"])
def test_gzip_is_known_by_its_content_not_its_name(tmp_path, name):
    plain = list(read(written(tmp_path, lines(FULL), name)))
    packed = list(read(written(tmp_path, gzip.compress(lines(FULL)), name)))
    assert plain == packed
    assert len(plain) == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param(b"{'id': 1}", "not valid JSON", id="not JSON"),
        pytest.param(b'{"question": "\xff"}', "not UTF-8 text", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="nested too deeply"),
        pytest.param(b"[]", "expected an object with 'question'", id="a list"),
        pytest.param({"replies": {}}, "question: expected the question's text, found null"),
        pytest.param({"question": " ", "replies": {}}, "question: expected the question's text"),
        pytest.param(
            {"question": 7, "replies": {}}, "question: expected a string or null, found 7"
        ),
        pytest.param(
            {"question": "Why?", "replies": [1]}, "replies: expected an object: expert -> reply"
        ),
        pytest.param({**FULL, "id": 1}, "id: expected a string or null, found 1"),
        pytest.param({**FULL, "options": "AB"}, "options: expected a list of strings or null"),
        pytest.param({**FULL, "options": ["a", 2]}, "options.1: expected a string, found 2"),
        pytest.param({**FULL, "options": ["a"] * 27}, "options: expected at most one per letter"),
        pytest.param({**FULL, "replies": {"ada": "B"}}, "replies.ada: expected an object with"),
        pytest.param(
            {**FULL, "replies": {"a": {"answer": ["B"]}}},
            "replies.a.answer: expected a string or null, found a list",
        ),
        pytest.param(
            {**FULL, "replies": {"a": {"score": 1.5}}},
            "replies.a.score: expected a number from 0 to 1, or null, found 1.5",
        ),
        pytest.param({**FULL, "replies": {"a": {"score": True}}}, "replies.a.score: expected"),
        pytest.param({**FULL, "replies": {"a": {"score": float("nan")}}}, "score: expected"),
        pytest.param(
            {**FULL, "replies": {"a": {"answer": "B", "cost_usd": -1}}},
            "replies.a.cost_usd: expected a number 0 or more, or null, found -1",
        ),
    ],
)
def test_a_malformed_line_is_named_with_its_field_and_what_is_expected(tmp_path, line, complaint):
    bad = line if isinstance(line, bytes) else json.dumps(line).encode()
    file = written(tmp_path, lines(FULL) + bad + b"\n")
    recordings = read(file)
    assert next(recordings).id == "q1"
    with pytest.raises(RecordingError) as raised:
        next(recordings)
    assert str(raised.value).startswith(f"{file}:2: ")
    assert complaint in str(raised.value)


def test_a_file_cut_short_while_copying_is_said_to_be_broken(tmp_path):
    packed = gzip.compress(lines(*[{**FULL, "id": str(i)} for i in range(1000)]))
    file = written(tmp_path, packed[: len(packed) // 2])
    with pytest.raises(RecordingError, match=r"gzip data is broken here.*fetch the file again"):
        list(read(file))


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(RecordingError, match=r"absent\.jsonl: cannot be read: No such file"):
        list(read(tmp_path / "absent.jsonl"))


def test_memory_stays_flat_while_reading(tmp_path):
    text = "x" * 10_000
    recordings = [{"question": text, "replies": {"ada": {"text": text}}} for _ in range(1000)]
    file = written(tmp_path, gzip.compress(lines(*recordings)))  # 20 MB unpacked
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(file)) == 1000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


known = st.none() | st.text(max_size=20)
replies = st.builds(
    RecordedReply,
    st.text(max_size=5),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 100),
    known,
)


recordings = st.builds(
    Recording,
    id=st.text(min_size=1),
    question=st.text(min_size=1).filter(str.strip),
    replies=st.dictionaries(st.text(), replies, max_size=4),
    options=st.lists(st.text(), max_size=26).map(tuple),
    category=known,
    gold=known,
    split=known,
)


@given(st.lists(recordings, max_size=3), st.sampled_from(["a.jsonl", "a.jsonl.gz"]))
def test_whatever_was_written_is_read_back(tmp_path_factory, recordings, name):
    file = tmp_path_factory.mktemp("recordings") / name
    write(file, recordings)
    assert list(read(file)) == recordings
