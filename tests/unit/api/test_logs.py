import ast
import json
import logging
import sys
from pathlib import Path

import pytest

from api.access import REQUEST
from api.logs import FIELDS, WITHHELD, InRequest, Json, Text

ROOT = Path(__file__).parents[3]
SECRET = "SECRET"
FORMATTERS = pytest.mark.parametrize("formatter", [Text(), Json()], ids=["text", "json"])


def record(message="hello", *args, name="api.x", error=False, **extra):
    line = logging.LogRecord(
        name, logging.WARNING, __file__, 1, message, args, sys.exc_info() if error else None
    )
    line.__dict__.update(extra)
    InRequest().filter(line)
    return line


def test_a_json_line_is_one_object_with_its_request_and_fields():
    within = REQUEST.set("req_7")
    line = Json().format(record("done by\n%s", "ada", action="finished", seconds=0.5, author=None))
    REQUEST.reset(within)
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "warning",
        "logger": "api.x",
        "request": "req_7",
        "message": "done by\nada",
        "action": "finished",
        "seconds": 0.5,
    }


@FORMATTERS
def test_what_an_exception_says_is_left_out(formatter):
    try:
        raise ValueError(SECRET)
    except ValueError:
        line = record(error=True)
    line.exc_text = SECRET  # of another handler
    assert "ValueError (what it says is left out" in formatter.format(line)
    assert formatter.format(line).count(SECRET) == 1  # the line of code, which is ours


@pytest.mark.parametrize(
    "formatter", [Text(content=True), Json(content=True)], ids=["text", "json"]
)
def test_what_an_exception_says_is_told_where_that_is_switched_on(formatter):
    try:
        raise ValueError(f"it was {42}")
    except ValueError:
        assert "ValueError: it was 42" in formatter.format(record(error=True))


@FORMATTERS
def test_of_asyncios_lines_only_the_first_is_told(formatter):
    line = record(f"Task exception was never retrieved\nfuture: {SECRET}", name="asyncio")
    told = formatter.format(line)
    assert "never retrieved" in told
    assert SECRET not in told


def test_a_field_that_is_not_listed_is_not_told():
    assert SECRET not in Json().format(record(why=SECRET, prompt=SECRET))
    assert SECRET in Json(content=True).format(record(why=SECRET))


def fields_logged():
    """Every key of an `extra={...}` in the code."""
    for package in ("api", "orchestrator", "routing", "experts"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "extra":
                    keys = getattr(node.value, "keys", ())
                    yield from (key.value for key in keys if isinstance(key, ast.Constant))


def test_every_field_that_is_logged_is_listed_as_told_or_withheld():
    assert set(fields_logged()) <= {*FIELDS, *WITHHELD, "request"}
