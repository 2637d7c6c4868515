from hypothesis import given
from hypothesis import strategies as st

from experts.hosted.masking import LONGEST, masked, told

KEY = "sk-canary-0123456789"


@given(st.integers(0, 2 * LONGEST))
def test_wherever_a_key_is_quoted_no_part_of_it_is_told(place):
    words = told("x" * place + KEY + "x" * LONGEST, KEY)
    assert len(words) == LONGEST
    assert KEY[:3] not in words


def test_without_a_key_nothing_is_masked():
    assert masked("as it is", "") == "as it is"
