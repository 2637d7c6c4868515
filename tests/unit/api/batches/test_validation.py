import asyncio
import json

import pytest

from api.batches.batch import MOST_PROBLEMS
from api.batches.validation import checked
from tests.batches import each, jsonl, line


def problems(*raw, most=100):
    return asyncio.run(checked(each(enumerate(raw, 1)), most)).end()


def written(**changed):
    return json.dumps({**line(1), **changed}).encode()


def without(name):
    return json.dumps({key: value for key, value in line(1).items() if key != name}).encode()


def test_a_file_of_requests_has_no_problems():
    assert problems(*jsonl(*map(line, range(50))).splitlines()) == ()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "invalid_json_line"),
        (b"\xff", "invalid_json_line"),
        (b"[1]", "invalid_json_line"),
        (without("custom_id"), "missing_required_parameter"),
        (without("method"), "missing_required_parameter"),
        (without("url"), "missing_required_parameter"),
        (without("body"), "missing_required_parameter"),
        (written(custom_id=7), "invalid_custom_id"),
        (written(custom_id=""), "invalid_custom_id"),
        (written(custom_id="x" * 513), "invalid_custom_id"),
        (written(method="GET"), "invalid_method"),
        (written(url="/v1/embeddings"), "invalid_url"),
        (written(body="?"), "invalid_body"),
        (written(more=1), "unknown_parameter"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_line_is_told_with_its_number(raw, code):
    (found,) = problems(json.dumps(line(9)).encode(), raw)
    assert (found.code, found.line) == (code, 2)


def test_each_line_that_repeats_a_custom_id_is_told():
    found = problems(*jsonl(line(1), line(2), line(1), line(1)).splitlines())
    assert [(p.code, p.line) for p in found] == [
        ("duplicate_custom_id", 3),
        ("duplicate_custom_id", 4),
    ]


def test_a_file_without_lines_is_none():
    assert [problem.code for problem in problems()] == ["empty_file"]


def test_a_file_with_too_many_lines_is_read_no_further():
    read = []

    async def lines():
        for number in range(1, 1000):
            read.append(number)
            yield number, json.dumps(line(number)).encode()

    found = asyncio.run(checked(lines(), 10)).end()
    assert found[0].code == "too_many_lines"
    assert len(read) == 11


def test_no_more_problems_are_told_than_anybody_reads():
    assert len(problems(*[b"x"] * 1000, most=5000)) == MOST_PROBLEMS
