import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.embedders.model import ENDS, Embedding, Terms, Wanted
from api.keys.limits import Amounts
from experts.cards import Price

CHARGED = Terms(Price(input=2.0))
NOTHING = np.zeros((1, 1), np.float32)


def test_a_text_may_have_a_token_for_every_two_bytes_and_tokens_are_counted():
    wanted = Wanted(["1234", "日本", [7, 8, 9]])
    assert Terms().most(wanted) == Amounts(requests=1, tokens=2 + 3 + 3 + 3 * ENDS)


@given(st.text(max_size=500))
def test_no_more_is_reserved_than_the_model_reads(text):
    assert Terms(longest=16).most(Wanted([text] * 3)).tokens <= 3 * 16


def test_what_was_read_is_what_it_took_in_tokens_and_money():
    found = CHARGED.taken(Wanted(["the sea"]), Embedding(NOTHING, 1000))
    assert found == Amounts(requests=1, tokens=1000, nanodollars=2_000_000)


def test_where_nobody_tells_it_took_all_that_it_may():
    wanted = Wanted(["the sea"])
    assert CHARGED.taken(wanted, Embedding(NOTHING, None)) == CHARGED.most(wanted)
