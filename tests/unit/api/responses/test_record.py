from hypothesis import given
from hypothesis import strategies as st

from api.responses.items import Called, Output, Said
from api.responses.record import Record, packed, unpacked
from experts.types import ToolCall

text = st.text(max_size=20)
said = st.builds(
    Said,
    text,
    st.sampled_from(("user", "assistant", "system", "developer")),
    st.lists(text, max_size=3).map(tuple),
)
called = st.builds(Called, text, st.builds(ToolCall, text, text, text))
items = said | called | st.builds(Output, text, text, text)


@st.composite
def records(draw):
    answer = draw(st.lists(said | called, min_size=1, max_size=3).map(tuple))
    more = draw(st.dictionaries(text, text))
    response = {**more, "id": "resp_1", "output": [item.id for item in answer]}
    return Record(response, draw(st.lists(items, max_size=5).map(tuple)), answer)


@given(records())
def test_a_record_comes_back_as_it_was_kept(record):
    assert unpacked(packed(record)) == record
    assert packed(record).isascii()


@given(records())
def test_a_conversation_goes_on_after_the_answer(record):
    assert record.conversation == (*record.asked, *record.answer)
