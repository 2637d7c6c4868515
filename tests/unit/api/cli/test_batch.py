"""A batch by command line: each line has its result, and no result file is lost or broken."""

import io
import json
import os
from collections import Counter
from contextlib import contextmanager
from io import FileIO

import pytest
import typer

from api.cli.batch import answer, batch
from api.cli.journal import Before, Journal, name
from experts.errors import RecordingError, RegistryError
from experts.scripted import ScriptedExpert
from experts.types import Cause
from tests.batches import line
from tests.routes import service_of

SERVICE = """
experts:
  ada: {kind: scripted, default: "It is 42."}
"""


def written(*items):
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@contextmanager
def piped(raw):
    """A pipe that these bytes have come through."""
    reading, writing = os.pipe()
    with FileIO(reading) as file:
        with FileIO(writing, "w") as out:
            out.write(raw)
        yield file


async def answered(raw, model="vote", known=Before(None), **said):  # noqa: B008 - not changed
    told, out = [], io.StringIO()
    service = service_of({n: ScriptedExpert(n, default=text) for n, text in said.items()})
    journal = Journal(out, model, lambda *progress: told.append(progress), known)
    with piped(raw) as file:
        await answer(service, file, journal, 1)
    return [json.loads(line) for line in out.getvalue().splitlines()], journal, told


async def test_each_line_has_its_result_by_its_id_or_its_number():
    asked = [{"question": "Why?"}, {}, {"question": "How?"}]
    asked.append({"question": "Who?", "id": "mine", "model": "nobody"})
    found, journal, told = await answered(written(*asked), ada="Yes.")
    by_id = {result["id"]: result for result in found}
    assert by_id.keys() == {"1", "2", "3", "mine"}
    assert by_id["1"]["text"] == by_id["3"]["text"] == "Yes."
    assert by_id["1"]["convene"]["panel"] == ["ada"]
    assert by_id["2"]["error"].startswith("line 2: question: ")
    assert by_id["mine"]["error"].startswith("no model named 'nobody'")
    assert (journal.done, journal.failed) == (4, 2)
    assert told == [("answering", done, None) for done in (1, 2, 3, 4)]


async def test_lines_with_one_id_have_a_result_each():
    same = written(*[{"question": q, "id": "same"} for q in ("Why?", "How?", "Why?")])
    found, _, _ = await answered(same, ada="Yes.")
    assert [result["id"] for result in found] == ["same"] * 3


async def test_a_panel_that_fails_says_why_in_its_place():
    found, journal, _ = await answered(written({"question": "Why?"}), ada=Cause.REJECTED)
    assert found[0]["error"].startswith("no expert replied: ada: rejected")
    assert journal.failed == 1


async def test_a_line_may_name_its_own_model_and_the_endpoints_names_are_known():
    asked = written({"question": "Why?", "model": "convene/single"}, {"question": "How?"})
    found, _, _ = await answered(asked, "ben", ada="1", ben="2")
    policies = {result["convene"]["policy"] for result in found}
    assert policies == {"single", "ben"}


async def test_a_request_in_openais_format_has_a_result_in_openais_format():
    found, _, _ = await answered(written(line(7, "ada")), ada="Yes.")
    assert found[0]["custom_id"] == "q7"
    body = found[0]["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "Yes."


async def test_what_has_an_answer_is_not_asked():
    asked = [{"question": q} for q in ("Why?", "How?", "Why?")]
    known = Before(3, Counter([name(json.dumps(asked[0]).encode(), "vote")]))
    found, journal, told = await answered(written(*asked), known=known, ada="Yes.")
    assert [result["id"] for result in found] == ["2", "3"]
    assert (journal.kept, journal.done) == (1, 2)
    assert told == [("answering", done, 3) for done in (2, 3)]


def configured(tmp_path, text):
    source, target, config = (tmp_path / name for name in ("in.jsonl", "out.jsonl", "c.yaml"))
    source.write_text('{"question": "Why?"}\n')
    target.write_text("dear\n")
    config.write_text(text)
    return source, target, config


def test_verdicts_of_an_earlier_run_survive_one_that_does_not_start(tmp_path):
    source, target, config = configured(tmp_path, "experts: {}\n")
    with pytest.raises(RegistryError):
        batch(source, target, config=config)
    assert target.read_text() == "dear\n"


def test_verdicts_of_an_earlier_run_survive_a_missing_file_of_questions(tmp_path):
    _, target, config = configured(tmp_path, SERVICE)
    with pytest.raises(RecordingError, match="jsonl: cannot be read: No such file"):
        batch(tmp_path / "missing.jsonl", target, config=config)
    assert target.read_text() == "dear\n"


def test_the_questions_are_not_written_over(tmp_path):
    source, _, config = configured(tmp_path, SERVICE)
    (tmp_path / "link.jsonl").symlink_to(source)
    with pytest.raises(typer.BadParameter, match="is the file that is read"):
        batch(source, tmp_path / "link.jsonl", config=config)
    assert source.read_text() == '{"question": "Why?"}\n'


def test_an_unknown_policy_is_refused_with_those_there_are():
    from api.cli.evaluate import policies

    with pytest.raises(typer.BadParameter, match="no policy named 'zip'; use one of auto, "):
        policies(["zip"])
    assert list(policies(["vote"])) == ["vote"]
