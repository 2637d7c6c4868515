"""Reading questions: lazily, line by line, from whatever can be read."""

import asyncio
import json
import os
from contextlib import aclosing
from io import FileIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.lines import BLOCK, STDIN, count, lines, opened
from experts.errors import RecordingError


async def read(path):
    with opened(path) as file:
        return [item async for item in lines(file)]


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
    assert (second.number, second.line) == (3, None)
    assert "question" in second.error


async def test_a_line_that_is_not_utf_8_costs_only_itself(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"question": "\xff"}\n{"question": "Why?"}')
    first, second = await read(source)
    assert first.error.startswith("line 1: Invalid JSON")
    assert second.line.question == "Why?"
    assert (first.id, second.id) == ("1", "2")


async def test_lines_longer_than_a_block_are_read_whole(tmp_path):
    source = tmp_path / "in.jsonl"
    long = "why " * BLOCK
    source.write_text("".join(json.dumps({"question": q}) + "\n" for q in ("a", long, "b")))
    assert [item.line.question for item in await read(source)] == ["a", long, "b"]


@given(st.lists(st.sampled_from(["", " ", '{"question": "Why?"}', "{}", "x"])), st.booleans())
def test_every_line_that_is_not_blank_is_counted_and_numbered(tmp_path_factory, texts, ended):
    source = tmp_path_factory.mktemp("lines") / "in.jsonl"
    source.write_text("\n".join(texts) + "\n" * ended)
    found = asyncio.run(read(source))
    assert [item.number for item in found] == [n for n, t in enumerate(texts, 1) if t.strip()]
    assert [item.line is not None for item in found] == ["W" in t for t in texts if t.strip()]
    assert count(source) == len(found)


async def test_a_line_of_a_pipe_is_read_when_it_comes(pipe):
    file, out = pipe
    async with aclosing(lines(file)) as found:
        out.write(b'{"question": "Why?"}\n{"quest')
        assert (await anext(found)).line.question == "Why?"
        waiting = asyncio.create_task(anext(found))
        out.write(b'ion": "How?"}\n')
        assert (await waiting).line.question == "How?"
        out.close()
        assert await anext(found, None) is None


async def test_waiting_for_a_pipe_can_be_cancelled(pipe):
    file, _ = pipe
    waiting = asyncio.create_task(anext(lines(file)))
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await waiting


def test_how_many_come_from_a_pipe_or_from_standard_input_is_not_known(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert count(tmp_path / "pipe") is None
    assert count(STDIN) is None


@pytest.mark.parametrize("name", ["missing.jsonl", "."], ids=["missing", "folder"])
def test_what_cannot_be_read_is_told_before_anything_starts(tmp_path, name):
    with pytest.raises(RecordingError, match="cannot be read: "), opened(tmp_path / name):
        pass
