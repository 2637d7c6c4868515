import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.validate import checked

RIGHT = """
experts:
  ada: {kind: scripted, default: "42"}
  bob: {kind: recorded, file: replies.jsonl}
service: {data: data}
"""
HOSTED = "hosted, model: m, base_url: 'http://x'"
RECORDED = '{"question": "6 x 7?", "replies": {"bob": {"answer": "42"}}, "gold": "42"}\n'


@pytest.fixture
def file(tmp_path):
    (tmp_path / "replies.jsonl").write_text(RECORDED)

    def written(text):
        path = tmp_path / "convene.yaml"
        path.write_text(text)
        return path

    return written


def test_a_right_file_is_told_to_be_right(file):
    path = file(RIGHT)
    ended = CliRunner().invoke(app, ["validate", str(path), "--json"])
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["valid"], told["problems"]) == (0, True, [])
    assert told["experts"] == {"scripted": 1, "recorded": 1}
    assert "is right" in CliRunner().invoke(app, ["validate", "--config", str(path)]).stdout


WRONG = {
    "an unknown key": (RIGHT.replace("default", "defualt"), 3, "experts.ada.defualt"),
    "no YAML": ("experts: [", 1, "not valid YAML"),
    "an unset variable": (
        RIGHT.replace("42", "${NO_SUCH_VARIABLE}"),
        3,
        "experts.ada.default: environment variable NO_SUCH_VARIABLE is not set",
    ),
    "an expert that nobody recorded": (
        RIGHT.replace("bob:", "eve:"),
        4,
        "experts.eve: ",
    ),
    "an expert that can only fail": (
        RIGHT.replace(', default: "42"', ""),
        3,
        "experts.ada: it has neither replies nor a default",
    ),
    "an empty key": (
        RIGHT.replace('scripted, default: "42"', f"{HOSTED}, api_key: ''"),
        3,
        "experts.ada: its api_key is empty",
    ),
    "an empty key of an embedding model": (
        RIGHT + f"embedders:\n  small: {{kind: {HOSTED}, api_key: ''}}\n",
        7,
        "embedders.small: its api_key is empty",
    ),
    "an embedding model of no kind": (
        RIGHT + "embedders:\n  small: {kind: hostd}\n",
        7,
        "embedders.small.kind: no such kind; did you mean 'hosted'?",
    ),
    "an embedding model without a server": (
        RIGHT + "embedders:\n  small: {kind: hosted, model: m}\n",
        7,
        "embedders.small.base_url: is required: An OpenAI-compatible server",
    ),
    "an embedding model with an expert's name": (
        RIGHT + f"embedders:\n  ada: {{kind: {HOSTED}}}\n",
        7,
        "embedders.ada: an expert, a policy or the router's encoder has this name",
    ),
    "a profile that is not there": (
        RIGHT + "routing:\n  profile: none.jsonl\n",
        7,
        "routing.profile: ",
    ),
    "a profile that is none": (
        RIGHT + "routing:\n  profile: convene.yaml\n",
        7,
        "routing.profile: ",
    ),
    "data in a file": (RIGHT.replace("data: data", "data: replies.jsonl"), 5, "service.data: "),
}


@pytest.mark.parametrize(("text", "line", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_with_file_line_and_key(file, text, line, says):
    path = file(text)
    ended = CliRunner().invoke(app, ["validate", str(path), "--json"])
    [problem] = json.loads(ended.stdout)["problems"]
    assert ended.exit_code == 2
    assert problem.startswith(f"{path}:{line}: ")
    assert says in problem


def test_all_that_is_wrong_is_told(file):
    path = file("experts:\n  ada: {kind: scripted, delya: 1}\n  bob: {kind: nobody}\n")
    assert len(checked(path).problems) == 2
    assert not checked(path).experts


def test_whom_a_profile_does_not_know_is_told_and_no_mistake(file):
    path = file(RIGHT + "routing: {profile: replies.jsonl}\n")
    found = checked(path)
    assert not found.problems
    assert found.notes == (
        f"{path}:3: ada is not in the profile {path.with_name('replies.jsonl')}",
    )


def test_a_file_that_is_not_there_is_wrong(tmp_path):
    ended = CliRunner().invoke(app, ["validate", str(tmp_path / "none.yaml")])
    assert ended.exit_code == 2
    assert "cannot be read" in ended.stdout
