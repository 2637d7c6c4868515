import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.logs import told

LINES = [
    {"time": f"2026-01-01T00:00:0{n}.000+00:00", "level": level, "logger": "api", **more}
    for n, (level, more) in enumerate(
        [
            ("debug", {"request": "req_1", "message": "one"}),
            ("info", {"request": "req_2", "message": "two", "label": "mine", "status": 200}),
            ("warning", {"request": "-", "message": "three"}),
            ("error", {"request": "req_2", "message": "four", "error": "Traceback:\n  x"}),
        ]
    )
]


@pytest.fixture
def shown(tmp_path):
    """What `convene logs` shows of the lines, which two processes wrote and a crash cut off."""
    config, folder = tmp_path / "convene.yaml", tmp_path / "data" / "logs"
    config.write_text("experts: {ada: {kind: scripted, default: x}}\nservice: {data: data}\n")
    folder.mkdir(parents=True)
    written = [json.dumps(line) + "\n" for line in LINES]
    (folder / "serve-1.jsonl.1").write_text(written[0])
    (folder / "serve-1.jsonl").write_text(written[2] + '{"time": "2026')
    (folder / "serve-2.jsonl").write_text(written[1] + written[3])

    def run(*arguments):
        ended = CliRunner().invoke(app, ["logs", "--config", str(config), "--json", *arguments])
        assert ended.exit_code == 0, ended.output
        return [json.loads(line)["message"] for line in ended.stdout.splitlines()]

    return run


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        ([], ["one", "two", "three", "four"]),
        (["-n", "2"], ["three", "four"]),
        (["-n", "0"], []),
        (["--level", "warning"], ["three", "four"]),
        (["--request-id", "req_2"], ["two", "four"]),
        (["--request-id", "mine"], ["two"]),
        (["--request-id", "req_2", "--level", "error"], ["four"]),
    ],
    ids=" ".join,
)
def test_lines_are_shown_in_order_of_time_and_as_wanted(shown, arguments, messages):
    assert shown(*arguments) == messages


def test_a_line_for_people_has_its_words_its_fields_and_its_traceback():
    assert told(LINES[1]) == "2026-01-01 00:00:01.000 INFO    [req_2] two  label=mine status=200"
    assert told(LINES[3]).splitlines()[1:] == ["Traceback:", "  x"]


def test_without_files_it_says_how_to_have_some(tmp_path):
    config = tmp_path / "convene.yaml"
    config.write_text("experts: {ada: {kind: scripted, default: x}}\nservice: {data: data}\n")
    ended = CliRunner().invoke(app, ["logs", "--config", str(config)])
    assert ended.exit_code == 2
    assert "--log-file" in ended.output
