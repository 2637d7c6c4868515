"""Reading questions: lazily, line by line, from whatever can be read."""

import asyncio
import json
import os
from contextlib import aclosing
from io import FileIO

import pytest

from api.batches.jsonl import numbered
from api.batches.line import ChatLine
from api.cli.lines import BLOCK, Question, Wrong, asked, blocks, opened
from experts.errors import RecordingError
from tests.batches import line


async def read(path, model="auto"):
    with opened(path) as file:
        return [asked(number, raw, model) async for number, raw in numbered(blocks(file))]


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with FileIO(reading) as file, FileIO(writing, "w") as out:
        yield file, out


async def test_a_line_ends_where_the_file_says_not_where_unicode_would(tmp_path):
    question = "first\u2028second\x85third"
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"question": question}, ensure_ascii=False) + "\r\n\n{}\n")
    first, second = await read(source)
    assert first.line.question == question
    assert second.number == 3
    assert "question" in second.error


async def test_a_line_that_is_not_utf_8_costs_only_itself(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"question": "\xff"}\n{"question": "Why?"}')
    first, second = await read(source)
    assert first.error.startswith("line 1: Invalid JSON")
    assert second.line.question == "Why?"


async def test_lines_longer_than_a_block_are_read_whole(tmp_path):
    source = tmp_path / "in.jsonl"
    long = "why " * BLOCK
    source.write_text("".join(json.dumps({"question": q}) + "\n" for q in ("a", long, "b")))
    assert [item.line.question for item in await read(source)] == ["a", long, "b"]


def test_a_line_may_be_a_request_in_openais_format():
    found = asked(3, json.dumps(line(7, "bob")).encode(), "auto")
    assert isinstance(found, ChatLine)
    assert (found.number, found.custom_id, found.body["model"]) == (3, "q7", "bob")
    wrong = asked(3, json.dumps({**line(7), "url": "/v1/embeddings"}).encode(), "auto")
    assert isinstance(wrong, Wrong)
    assert wrong.error.startswith("line 3: 'url' must be")


def test_a_question_about_custom_ids_is_a_question():
    raw = json.dumps({"question": 'What is "custom_id"?', "id": '"custom_id"'}).encode()
    assert isinstance(asked(1, raw, "auto"), Question)


async def test_a_line_of_a_pipe_is_read_when_it_comes(pipe):
    file, out = pipe
    async with aclosing(numbered(blocks(file))) as found:
        out.write(b'{"question": "Why?"}\n{"quest')
        assert (await anext(found))[1] == b'{"question": "Why?"}'
        waiting = asyncio.create_task(anext(found))
        out.write(b'ion": "How?"}\n')
        assert (await waiting)[1] == b'{"question": "How?"}'
        out.close()
        assert await anext(found, None) is None


async def test_waiting_for_a_pipe_can_be_cancelled(pipe):
    file, _ = pipe
    waiting = asyncio.create_task(anext(blocks(file)))
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await waiting


@pytest.mark.parametrize("name", ["missing.jsonl", "."], ids=["missing", "folder"])
def test_what_cannot_be_read_is_told_before_anything_starts(tmp_path, name):
    with pytest.raises(RecordingError, match="cannot be read: "), opened(tmp_path / name):
        pass
