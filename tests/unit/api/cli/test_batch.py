import json

import pytest
import typer

from api.cli.batch import batch, lines
from experts.errors import RegistryError


def test_a_line_ends_where_the_file_says_not_where_unicode_would(tmp_path):
    question = "first\u2028second\x85third"
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"question": question}, ensure_ascii=False) + "\r\n\n{}\n")
    first, second = lines(source)
    assert first.line.question == question
    assert (second.number, second.line) == (3, None)
    assert "question" in second.error


def test_verdicts_of_an_earlier_run_survive_one_that_does_not_start(tmp_path):
    source, target, config = (tmp_path / name for name in ("in.jsonl", "out.jsonl", "c.yaml"))
    source.write_text('{"question": "Why?"}\n')
    target.write_text("dear\n")
    config.write_text("experts: {}\n")
    with pytest.raises(RegistryError):
        batch(source, target, config=config)
    assert target.read_text() == "dear\n"


def test_an_unknown_policy_is_refused_with_those_there_are():
    from api.cli.evaluate import policies

    with pytest.raises(typer.BadParameter, match="no policy named 'zip'; use one of auto, "):
        policies(["zip"])
    assert list(policies(["vote"])) == ["vote"]
