from hypothesis import given
from hypothesis import strategies as st

from experts.types import Answer, ToolCall
from orchestrator.answers.reading import called, reader
from tests.tools import LIMA, PARIS


def call(arguments, name="weather"):
    return ToolCall("any", name, arguments)


def test_calls_are_the_same_however_they_are_spelled_and_whatever_their_ids():
    assert called([PARIS]) == called([call('{ "city":"Paris" }')]) == 'weather({"city":"Paris"})'
    assert called([call('{"a":1,"b":2}')]) == called([call('{"b":2,"a":1}')])
    assert called([call("")]) == called([call("{}")])


def test_calls_differ_by_their_tool_and_by_their_arguments():
    each = [PARIS, LIMA, call('{"city": "Paris"}', "time"), call('{"city": "paris"}')]
    assert len({called([one]) for one in each}) == 4


@given(st.permutations([PARIS, LIMA, call("not JSON")]))
def test_calls_that_are_made_together_have_no_order(calls):
    assert called(calls) == called([PARIS, LIMA, call("not JSON")])


def test_arguments_that_are_no_json_are_the_same_only_if_written_the_same():
    assert called([call("{x")]) == called([call("{x")]) != called([call("{ x")])


def test_a_reply_that_calls_answers_with_its_calls_not_its_text():
    for as_json in (False, True):
        reply = Answer("ada", "The answer is 4.", calls=(PARIS,))
        assert reader((), as_json)(reply) == called([PARIS])


def test_a_text_is_read_by_the_kind_of_its_question():
    assert reader(("yes", "no"), False)(Answer("ada", "The answer is (B).")) == "B"
    assert reader((), True)(Answer("ada", '{ "a": 1 }')) == '{"a":1}'
