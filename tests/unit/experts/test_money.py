import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.money import dollars


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0.0, "$0"),
        (1e-06, "$0.000001"),
        (0.1 + 0.2, "$0.3"),
        (2.0, "$2"),
        (1234567.5, "$1234567.5"),
        (2.5e15, "$2500000000000000"),
    ],
)
def test_dollars_are_written_as_people_do(amount, written):
    assert dollars(amount) == written


def test_fewer_digits_are_rounded():
    assert dollars(0.000034782, digits=2) == "$0.000035"
    assert dollars(1234.0, digits=2) == "$1200"


@given(st.floats(0, 1e9))
def test_no_amount_has_an_exponent_and_each_is_the_one_that_was_meant(amount):
    text = dollars(amount)
    assert re.fullmatch(r"\$\d+(\.\d+)?", text)
    assert float(text[1:]) == pytest.approx(amount, rel=1e-11)
