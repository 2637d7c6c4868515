"""`convene eval` as a user runs it."""

import json
from pathlib import Path

import pytest

from experts.recordings import write
from tests.acceptance.commands import convene
from tests.reports import RECORDINGS, priced


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.jsonl.gz"
    write(path, RECORDINGS)
    return path


def home(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder)}


async def test_a_frontier_and_a_report_of_recorded_answers(tmp_path: Path):
    file, out = tmp_path / "small.jsonl.gz", tmp_path / "report"
    write(file, priced())
    ran = await convene(
        "eval", file, "--frontier", "--report", out, "--json", tmp_path / "out.json",
        environ=home(tmp_path),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "accuracy at equal calls" in ran.out
    assert "accuracy at equal dollars" in ran.out
    page = (out / "report.html").read_text("utf-8")
    for part in ("frontier-calls", "frontier-dollars", "policies", "reliability", "heatmap"):
        assert f'<section id="{part}">' in page
    assert {path.name for path in out.iterdir()} == {
        "report.html", "frontier.svg", "heatmap.svg", "reliability.svg",
    }  # fmt: skip
    found = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert found["oracle"] == 1.0
    names = {method["name"] for method in found["frontier"]["methods"]}
    assert {"auto", "kNN", "symbolic-moe", "oracle"} <= names


async def test_a_quick_run_restricted_to_some_experts(file: Path, tmp_path: Path):
    ran = await convene(
        "eval", file, "-p", "single", "--experts", "a*,ben", "--report", tmp_path / "page.html",
        environ=home(tmp_path),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "single" in ran.out
    assert "cleo" not in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--experts", "nobody"), "no expert is named 'nobody'; the files have ada, ben, cleo"),
        (("--evidence", "test"), "nothing may be learned from it"),
        (("--evidence", "extra"), "splits in the files: test, validation"),
        (("--hold-out", "music"), "use each or one of colour, sum"),
        (("-p", "best"), "no policy named 'best'"),
        (("--report", "/dev/null/here"), "no folder can be made"),
    ],
    ids=lambda value: value[0].strip("-") if isinstance(value, tuple) else "",
)
async def test_wrong_input_is_told_with_what_would_be_right(file: Path, tmp_path: Path, arguments,
                                                            said):  # fmt: skip
    ran = await convene("eval", file, *arguments, environ=home(tmp_path))
    assert ran.code == 2
    shown = "".join(c for c in ran.err if c not in "│\n")
    assert said in " ".join(shown.split())


async def test_nothing_needs_to_be_learned(file: Path, tmp_path: Path):
    ran = await convene("eval", file, "--evidence", "none", "-p", "vote", environ=home(tmp_path))
    assert ran.code == 0, ran.err


async def test_folds_report_on_every_question(file: Path, tmp_path: Path):
    out = tmp_path / "out.json"
    ran = await convene(
        "eval", file, "--folds", "3", "--learn", "8", "-p", "single", "--json", out,
        environ=home(tmp_path),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    found = json.loads(out.read_text("utf-8"))
    assert found["policies"]["single"]["questions"] == len(RECORDINGS)
    assert found["evidence"] <= 8


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--learn", "8"), "give both"),
        (("--folds", "3", "--evidence", "validation"), "drop the others"),
        (("--folds", "999"), "999 folds need"),
    ],
)
async def test_folds_that_make_no_sense_are_refused(options, told, file: Path, tmp_path: Path):
    ran = await convene("eval", file, *options, environ=home(tmp_path))
    assert ran.code == 2 or "convene:" in ran.err
    assert told in " ".join(ran.err.replace("│", " ").split())
