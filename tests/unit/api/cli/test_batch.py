"""A batch by command line: each line has its result, and no result file is lost or broken."""

import io
import json

import pytest
import typer

from api.cli.batch import Results, answer, batch
from api.cli.lines import Asked, Line
from experts.errors import RecordingError, RegistryError
from experts.scripted import ScriptedExpert
from experts.types import Cause
from tests.routes import service_of

SERVICE = """
experts:
  ada: {kind: scripted, default: "It is 42."}
"""


def asked(*questions, **more):
    return [Asked(n, Line(question=text, **more)) for n, text in enumerate(questions, start=1)]


async def each(items):
    for item in items:
        yield item


async def answered(items, model="vote", **said):
    told, out = [], io.StringIO()
    service = service_of({n: ScriptedExpert(n, default=text) for n, text in said.items()})
    results = Results(out, lambda *progress: told.append(progress), len(items))
    await answer(service, each(items), model, results)
    return [json.loads(line) for line in out.getvalue().splitlines()], results, told


async def test_each_line_has_its_result_by_its_id_or_its_number():
    items = [*asked("Why?"), Asked(2, None, "line 2: not JSON"), Asked(5, Line(question="How?"))]
    items.append(Asked(9, Line(question="Who?", id="mine", model="nobody")))
    found, results, told = await answered(items, ada="Yes.")
    by_id = {result["id"]: result for result in found}
    assert by_id.keys() == {"1", "2", "5", "mine"}
    assert by_id["1"]["text"] == by_id["5"]["text"] == "Yes."
    assert by_id["1"]["convene"]["panel"] == ["ada"]
    assert by_id["2"]["error"] == "line 2: not JSON"
    assert by_id["mine"]["error"].startswith("no model named 'nobody'")
    assert (results.done, results.failed) == (4, 2)
    assert told == [("answering", done, 4) for done in (1, 2, 3, 4)]


async def test_lines_with_one_id_have_a_result_each():
    found, _, _ = await answered(asked("Why?", "How?", id="same"), ada="Yes.")
    assert [result["id"] for result in found] == ["same", "same"]


async def test_a_panel_that_fails_says_why_in_its_place():
    found, results, _ = await answered(asked("Why?"), ada=Cause.REJECTED)
    assert found[0]["error"].startswith("no expert replied: ada: rejected")
    assert results.failed == 1


async def test_a_line_may_name_its_own_model_and_the_endpoints_names_are_known():
    items = [Asked(1, Line(question="Why?", model="convene/single")), *asked("How?")]
    found, _, _ = await answered(items, "ben", ada="1", ben="2")
    policies = {result["convene"]["policy"] for result in found}
    assert policies == {"single", "ben"}


async def test_results_are_written_while_lines_still_come():
    out = io.StringIO()
    seen = []

    async def many():
        for number in range(1, 6_001):
            seen.append(out.tell())
            yield Asked(number, Line(question=f"Is it {number}?"))

    service = service_of({"ada": ScriptedExpert("ada", default="Yes.")})
    results = Results(out, lambda *_: None, None)
    await answer(service, many(), "ada", results)
    assert results.done == 6_000
    behind = [n for n, written in enumerate(seen) if not written]
    assert len(behind) < 3_500  # the bounds of a batch: what came after them found results


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
