"""Final answers are read out of real-looking replies, and equal answers are equal strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.answers import final_answer, normalise

CITIES = ("Paris", "Rome", "Lima", "Oslo")
TEN = tuple(f"option number {i}" for i in range(10))

CHOICES = {
    "letter": ("B", "B"),
    "lower-case letter": ("b", "B"),
    "letter in brackets": ("(c)", "C"),
    "letter and words": ("B. Rome", "B"),
    "bold letter": ("**D**", "D"),
    "stated": ("We compare them. The answer is (B).", "B"),
    "stated lower-case": ("the answer is b.", "B"),
    "with a reason": ("The answer is (B) because Rome is old. A and C are not.", "B"),
    "without brackets, with a reason": ("The answer is A because it is.", "A"),
    "answer colon": ("Some thought.\nAnswer: C", "C"),
    "bold all": ("**Answer: D**", "D"),
    "bold label": ("**Answer:** D", "D"),
    "bold word": ("**Answer**: D", "D"),
    "bold choice": ("The correct answer is **B) Rome**.", "B"),
    "correct option is": ("The correct option is B", "B"),
    "answer is option": ("The answer is option C.", "C"),
    "boxed": (r"So $\boxed{B}$.", "B"),
    "boxed text": (r"So $\boxed{\text{(B) Rome}}$.", "B"),
    "boxed beats stated": (r"The answer is (A). No: \boxed{C}", "C"),
    "last stated counts": ("The answer is (A). Wait. The answer is (C).", "C"),
    "last readable counts": ("The answer is (A). The answer is unclear.", "A"),
    "last line": ("Paris is too large,\nLima too far.\n(B)", "B"),
    "words": ("Rome", "B"),
    "stated words": ("I looked it up. The answer is Rome.", "B"),
    "stated words with article and case": ("The answer is: the ROME", "B"),
    "after thought": ("<think>The answer is (A)?</think>The answer is (D).", "D"),
    "thought without opening tag": ("Maybe the answer is (A).</think>\nD", "D"),
    "on the next line": ("The answer is:\n\n(B)", "B"),
    "full-width letter": ("\N{FULLWIDTH LATIN CAPITAL LETTER B}", None),
    "bold label on its own line": ("## Summary\n\n**Answer:**\n\nB", "B"),
    "never stated": ("I cannot tell.", None),
    "pronoun": ("A city is a large settlement.", None),
    "I": ("I would have to guess.", None),
    "no such letter": ("The answer is (G).", None),
    "unfinished thought": ("<think>The answer is (A)", None),
    "empty": ("", None),
    "blank": (" \n\t", None),
}


@pytest.mark.parametrize(("reply", "letter"), CHOICES.values(), ids=CHOICES)
def test_a_choice_is_read_from_a_reply(reply, letter):
    assert final_answer(reply, CITIES) == letter


@pytest.mark.parametrize("letter", "ABCDEFGHIJ")
def test_each_of_ten_choices_can_be_named(letter):
    assert final_answer(f"Thus the answer is ({letter}).", TEN) == letter


def test_options_of_the_same_words_can_only_be_named_by_letter():
    assert final_answer("Rome", ("Rome", "rome.")) is None
    assert final_answer("The answer is B", ("Rome", "rome.")) == "B"


OPEN = {
    "number": ("42", "42"),
    "thousands": ("The answer is 1,234,567.", "1234567"),
    "decimals": ("The answer is 3.50.", "3.5"),
    "whole decimals": ("Answer: 12.00", "12"),
    "leading point": ("Answer: .5", "0.5"),
    "leading zeros": ("Answer: 007", "7"),
    "minus": ("Answer: -0.25", "-0.25"),
    "typographic minus": ("Answer: −5", "-5"),
    "minus zero": ("Answer: -0.0", "0"),
    "percent": ("The answer is 12.50 %.", "12.5%"),
    "percent in LaTeX": (r"\boxed{50\%}", "50%"),
    "dollars": ("The answer is $1,200.", "1200"),
    "euros": ("The answer is €3.10", "3.1"),
    "units stay": ("The answer is 5 km.", "5 km"),
    "list stays": ("The answer is 1,2,3", "1,2,3"),
    "boxed": (r"Thus \boxed{7}.", "7"),
    "boxed twice": (r"\boxed{6}, no, \boxed{7}", "7"),
    "nested braces": (r"\boxed{x^{2^{n}}+1}", "x^{2^{n}}+1"),
    "boxed text": (r"\boxed{\text{Ada}}", "ada"),
    "empty box": (r"The answer is 5. \boxed{}", "5"),
    "article": ("The answer is the Moon.", "moon"),
    "bold": ("The answer is **Moon**.", "moon"),
    "quotes": ("Answer: “Moon”", "moon"),
    "last counts": ("The answer is 3. Sorry: the answer is 4.", "4"),
    "first line of several": ("Answer: 4\nThat was easy.", "4"),
    "a decimal is not a sentence's end": ("The answer is 3.14 or so. Yes.", "3.14 or so"),
    "whole text": ("It depends on  the WEATHER.", "it depends on the weather"),
    "thought": ("<think>is the answer 3?</think> Four", "four"),
    "non-ASCII": ("Ответ неизвестен!", "ответ неизвестен"),
    "sharp s": ("STRASSE", "strasse"),
    "only punctuation": ("...", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("reply", "answer"), OPEN.values(), ids=OPEN)
def test_an_open_answer_is_read_from_a_reply(reply, answer):
    assert final_answer(reply) == answer


EQUAL = [
    ("Strasse", "straße"),
    ("1,000", "1000.0"),
    ("the Moon", " moon. "),
    (".5", "0.50"),
    ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "CAFE\N{COMBINING ACUTE ACCENT}"),
    ("an 'an'", "An"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=[one for one, _ in EQUAL])
def test_ways_to_write_one_answer_are_equal(one, other):
    assert normalise(one) == normalise(other)


def test_numbers_that_differ_stay_apart():
    written = ["5", "-5", "0.5", "50", "5%", "5 m", "5.05", "1,5"]
    assert len({normalise(text) for text in written}) == len(written)


@given(st.text())
def test_normalising_twice_is_normalising_once(text):
    assert normalise(normalise(text)) == normalise(text)


WORDS = st.lists(st.sampled_from(["the", "a", "an", "(", "$", "1,000", ".5", "-", "Rome"]))


@given(WORDS.map(" ".join))
def test_articles_and_brackets_in_any_order_normalise_once_and_for_all(text):
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"], max_codepoint=0x24F), min_size=1))
def test_case_space_and_punctuation_do_not_tell_answers_apart(word):
    assert normalise(f'  "{word}".\n') == normalise(word) == normalise(f"The {word.lower()} !")


@given(st.text(), st.lists(st.text(), max_size=5))
def test_reading_an_answer_never_raises(text, options):
    answer = final_answer(text, options)
    assert answer is None or (answer in "ABCDE"[: len(options)] if options else answer)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3, allow_nan=False))
def test_a_number_is_equal_however_it_is_written(number):
    written = {f"{number:f}", f"{number:,f}", f"{number:.5f}", f"  {number:f} "}
    assert len({normalise(text) for text in written}) == 1


def test_a_long_reply_is_read_in_no_time():
    for text in ("a " * 100_000, "(" * 100_000, "<think>" * 20_000, r"\boxed{" * 20_000):
        final_answer(text)
        final_answer(text, CITIES)
