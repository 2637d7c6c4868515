from hypothesis import given
from hypothesis import strategies as st

from api.responses.items import Item
from api.responses.record import Record, packed, unpacked

text = st.text(max_size=20)
items = st.builds(
    Item,
    text,
    st.sampled_from(("user", "assistant", "system", "developer")),
    st.lists(text, max_size=3).map(tuple),
)
records = st.builds(
    Record,
    st.dictionaries(text, text).map(lambda more: {**more, "id": "resp_1"}),
    st.lists(items, max_size=5).map(tuple),
    items,
)


@given(records)
def test_a_record_comes_back_as_it_was_kept(record):
    assert unpacked(packed(record)) == record
    assert packed(record).isascii()


@given(records)
def test_a_conversation_goes_on_after_the_answer(record):
    assert record.conversation == (*record.asked, record.answer)
