from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from api.strict import Body


class Coffee(Body):
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {"milk": (False,), "sugar": (0,), "ice": ()}
    cups: int
    name: str | None = None
    strong: bool = True


def taken(value):
    try:
        Coffee.model_validate(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({}, True),
        ({"name": None, "strong": None, "tea": None}, True),
        ({"cups": None}, False),
        ({"tea": 1}, False),
        ({"milk": False, "sugar": 0, "ice": None}, True),
        ({"milk": True}, False),
        ({"milk": 0}, False),
        ({"sugar": False}, False),
        ({"sugar": 0.0}, True),
        ({"ice": 0}, False),
    ],
    ids=str,
)
def test_what_is_taken_is_what_the_schema_says(more, right):
    value = {"cups": 1, **more}
    assert taken(value) == right
    assert Draft202012Validator(Coffee.model_json_schema()).is_valid(value) == right
