"""The word list: a router to compare with."""

from hypothesis import given
from hypothesis import strategies as st

from routing.lexicon import LexiconRouter
from routing.router import Recruiting
from routing.types import Needs, Question

TERMS = {
    "equation": {"ada": 2.0, "cleo": 0.5},
    "Contract Law": {"ben": 3.0},
    "prove": {"cleo": 1.0, "ada": 1.0, "gone": 9.0},
}
ROUTER = LexiconRouter(("ada", "ben", "cleo"), TERMS, default="cleo")


def panel(text, **rest):
    return ROUTER.recruit(Question(text), Needs({}), Recruiting("lexicon", **rest)).panel


def test_words_speak_for_experts():
    assert panel("Solve the EQUATION!") == ("ada", "cleo")
    assert panel("Prove this equation.", size=1) == ("ada",)


def test_phrases_are_terms_whatever_stands_between_their_words():
    assert panel("is it contract-law?") == ("ben",)
    assert panel("a contract under law") == ("cleo",)


def test_parts_of_words_are_no_words():
    assert panel("equations are improved") == ("cleo",)


def test_without_a_listed_term_the_default_answers_and_it_is_told():
    found = ROUTER.recruit(Question("hello"), Needs({}), Recruiting("lexicon"))
    assert found.panel == ("cleo",)
    assert found.notes == ("no listed term in the question: the default cleo answers",)


def test_experts_that_are_gone_are_not_asked():
    assert "gone" not in panel("prove", size=9)


def test_every_word_that_spoke_is_a_term_of_the_score():
    found = ROUTER.recruit(Question("prove the equation"), Needs({}), Recruiting("lexicon"))
    [ada, cleo] = found.candidates
    assert [(t.name, t.value) for t in ada.terms] == [("says 'equation'", 2), ("says 'prove'", 1)]
    assert (ada.score, cleo.score) == (3.0, 1.5)


@given(st.lists(st.sampled_from(["solve", "equation", "contract law", "prove", "?"])).map(" ".join))
async def test_it_stands_where_a_router_stands(text):
    question, recruiting = Question(text), Recruiting("lexicon", draw="hashed", size=2)
    needs = await ROUTER.needs([question, question])
    alone = await ROUTER.route(question, recruiting)
    assert ROUTER.recruit_all([question, question], needs, recruiting) == [alone, alone]
