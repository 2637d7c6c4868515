import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.builtin.problems import problems
from experts.builtin.tokenizer import END, chat, load


@pytest.fixture(scope="module")
def tokenizer():
    return load()


def test_problems_survive_a_round_trip_in_few_tokens(tokenizer):
    for problem in problems("train", 800, 9) + problems("validation", 800, 9):
        for text in (problem.question, problem.working):
            ids = tokenizer.encode(text)
            assert tokenizer.decode(ids) == text
            assert len(ids) <= 60


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_survives_a_round_trip(text):
    tokenizer = load_once()
    assert tokenizer.decode(tokenizer.encode(text, split_special_tokens=True)) == text


def load_once(cache: list = []):  # noqa: B006  # a fixture cannot be used with given
    if not cache:
        cache.append(load())
    return cache[0]


@pytest.mark.parametrize("text", ["1234567890", "ABCXYZ", "7 x 6 = 42"])
def test_digits_and_capitals_stand_alone(tokenizer, text):
    pieces = [tokenizer.decode([i]).strip() for i in tokenizer.encode(text)]
    assert pieces == list(text.replace(" ", "").replace("42", "42"))


def test_words_of_the_questions_are_whole(tokenizer):
    assert len(tokenizer.encode(" capital of France")) == 3


@pytest.mark.parametrize("system", ["", "You are an expert."], ids=["plain", "system"])
def test_the_chat_template_makes_what_training_used(tokenizer, system):
    messages = [{"role": "user", "content": "What is 1 + 2?"}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text == chat("What is 1 + 2?", system)


def test_the_chat_template_closes_what_the_assistant_said(tokenizer):
    messages = [
        {"role": "user", "content": "What is 1 + 2?"},
        {"role": "assistant", "content": "The answer is 3."},
    ]
    assert tokenizer.apply_chat_template(messages, tokenize=False).endswith(f"is 3.{END}")
    assert tokenizer.eos_token == END
