"""The results file: what an earlier run left counts where it is whole, right and asked for."""

import asyncio
import io
import json
import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.batches.line import Result
from api.cli.journal import Before, Journal, before, name
from api.cli.lines import STDIN
from tests.batches import each

QUESTIONS = ["Why?", "How?", "Who?"]
OTHER = "What else?"


def raw(question):
    return json.dumps({"question": question}).encode()


def result(question, model="auto", **more):
    return json.dumps({"text": "Yes.", **more, "asked": name(raw(question), model)}) + "\n"


@pytest.fixture
def files(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(map(raw, QUESTIONS)) + b"\n\n")
    return source, target


def pending(known, questions):
    journal = Journal(io.StringIO(), "auto", lambda *_: None, known)

    async def left():
        lines = each(enumerate(map(raw, questions), 1))
        return [line.line.question async for line in journal.pending(lines)]

    return asyncio.run(left())


def test_answers_to_the_files_lines_are_kept_and_all_else_is_dropped(files):
    source, target = files
    error = result("How?", error="no expert replied")
    part = result("Who?")[:20]
    kept = result("Why?")
    target.write_text(f"dear\n[]\n{result(OTHER)}{kept}{kept}{error}{part}")
    known = before(source, target, "auto", fresh=False)
    assert target.read_text() == kept
    assert known.lines == 3
    assert pending(known, QUESTIONS) == ["How?", "Who?"]


@pytest.mark.parametrize(
    ("response", "kept"),
    [({"status_code": 200}, True), ({"status_code": 502}, False), (None, False)],
    ids=["answer", "error", "none"],
)
def test_a_result_in_openais_format_is_kept_if_it_is_an_answer(files, response, kept):
    source, target = files
    target.write_text(result("Why?", response=response, error=None))
    assert before(source, target, "auto", fresh=False).kept.total() == kept


@pytest.mark.parametrize(
    ("model", "fresh"), [("vote", False), ("auto", True)], ids=["another model", "fresh"]
)
def test_another_model_or_a_fresh_start_asks_everything(files, model, fresh):
    source, target = files
    target.write_text("".join(map(result, QUESTIONS)))
    assert before(source, target, model, fresh=fresh).kept == Counter()


def test_of_a_pipe_nobody_knows_what_comes(files, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", STDIN):
        assert before(source, files[1], "auto", fresh=False) == Before(None)


@given(st.lists(st.sampled_from(QUESTIONS), max_size=9), st.data())
def test_interrupted_however_often_each_line_has_one_result_in_the_end(
    tmp_path_factory, questions, data
):
    folder = tmp_path_factory.mktemp("journal")
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(b"".join(raw(question) + b"\n" for question in questions))
    for last in (False, False, True):
        known = before(source, target, "auto", fresh=False)
        out = io.StringIO()
        journal = Journal(out, "auto", lambda *_: None, known)
        asyncio.run(_answered(journal, questions, None if last else data))
        with target.open(known.mode) as file:
            file.write(out.getvalue())
        if not last:
            whole = target.read_bytes()
            target.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    found = [json.loads(told)["text"] for told in target.read_text().splitlines()]
    assert sorted(found) == sorted(questions)


async def _answered(journal, questions, data):
    lines = each(enumerate(map(raw, questions), 1))
    async for line in journal.pending(lines):
        if data is not None and data.draw(st.booleans()):
            return
        await journal.record(line, Result({"text": line.line.question}))
