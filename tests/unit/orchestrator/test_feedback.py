"""What is kept of a request, and whom a judgement credits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.scripted import ScriptedExpert
from experts.types import Cause, JsonFormat, Prompt, Sampling
from orchestrator.feedback import Asked, Group, Judgement, marks, name, packed, unpacked
from orchestrator.types import Request
from routing.learned import ANY_SKILL
from tests.routes import service_of

ID = "req_0123456789abcdef01234567"
SAID = {
    "ada": "I took half of one. The answer is 1/2.",
    "ben": "The answer is 0.5.",
    "cleo": "The answer is 0.75.",
    "dan": Cause.REJECTED,
}


async def asked(said=SAID, model="everyone", zoe=None, options=(), **sampling):
    experts = {n: ScriptedExpert(n, default=text) for n, text in said.items()}
    writer = ScriptedExpert("zoe", default=zoe) if zoe else None
    prompt = Prompt.of("How much?", Sampling(**sampling))
    request = Request(prompt, model, options)
    return Asked.of(request, [await service_of(experts, writer).answer(request)], ID)


async def test_a_right_answer_credits_who_gave_it_however_it_is_put_and_debits_the_others():
    found = await asked()
    assert found.credited(Judgement(answer="0.5"), ID) == {"ada": 1.0, "ben": 1.0, "cleo": 0.0}
    assert found.credited(Judgement(answer="3/4"), ID)["cleo"] == 1.0


async def test_a_score_goes_to_the_author_and_those_who_said_the_same():
    found = await asked()
    assert found.author in ("ada", "ben")
    assert found.credited(Judgement(0.25), ID) == {"ada": 0.25, "ben": 0.25}


async def test_a_score_may_be_about_another_experts_reply():
    found = await asked()
    assert found.credited(Judgement(0.0, expert="cleo"), ID) == {"cleo": 0.0}
    assert found.credited(Judgement(1.0, expert="ben"), ID) == {"ada": 1.0, "ben": 1.0}
    assert found.credited(Judgement(1.0, expert="dan"), ID) == {}
    assert found.experts == {"ada", "ben", "cleo"}


@pytest.mark.parametrize(
    ("wrote", "credited"),
    [
        ("Both. The answer is 0.75.", {"cleo": 0.5}),
        ("Neither. The answer is 12.", {}),
    ],
    ids=["as one expert says", "as nobody says"],
)
async def test_a_text_that_another_wrote_credits_who_had_said_so(wrote, credited):
    differing = SAID | {"ben": "The answer is 0.25."}  # what two agree on no text overturns
    found = await asked(differing, "synthesize", wrote)
    assert found.author == "zoe"
    assert found.credited(Judgement(0.5), ID) == credited


async def test_a_reply_without_a_readable_answer_is_its_own_experts_alone():
    said = {"ada": "Hard to tell.", "ben": "Who knows?"}
    found = await asked(said, "ada", options=("one", "two"))
    assert found.credited(Judgement(1.0), ID) == {"ada": 1.0}
    assert found.credited(Judgement(answer="A"), ID) == {}
    mixed = await asked({"ada": "Hard to tell.", "ben": "(B)"}, options=("one", "two"))
    assert mixed.credited(Judgement(answer="B"), ID) == {"ada": 0.0, "ben": 1.0}


async def test_choices_are_judged_by_their_letter_and_json_by_its_value():
    choice = await asked({"ada": "(A)", "ben": "(B)"}, options=("one", "two"))
    assert choice.credited(Judgement(answer="b"), ID) == {"ada": 0.0, "ben": 1.0}
    shaped = await asked({"ada": '{"a": 1, "b": 2}', "ben": '{"a": 2}'}, format=JsonFormat())
    right = shaped.credited(Judgement(answer='{"b": 2,"a": 1}'), ID)
    assert right == {"ada": 1.0, "ben": 0.0}


async def test_samples_of_one_expert_are_as_right_as_they_are_on_average():
    experts = [
        {"ada": ScriptedExpert("ada", default=f"The answer is {answer}.")} for answer in (1, 2, 1)
    ]
    request = Request(Prompt.of("How much?"), "ada")
    verdicts = [await service_of(each).answer(request) for each in experts]
    found = Asked.of(request, verdicts, ID)
    assert found.credited(Judgement(answer="1"), ID) == {"ada": pytest.approx(2 / 3)}
    assert found.credited(Judgement(0.5), ID) == {"ada": 0.5}


async def test_what_is_kept_comes_back_and_holds_no_text_and_no_id():
    said = {"ada": "My secret: the answer is xyzzy-plugh.", "ben": "The answer is frotz."}
    found = await asked(said)
    kept = packed(found)
    assert unpacked(kept) == found
    assert unpacked(kept).credited(Judgement(answer="xyzzy plugh"), ID)["ada"] == 1.0
    for secret in ("secret", "xyzzy", "plugh", "frotz", "How much", ID, ID[4:]):
        assert secret not in kept + name(ID)


@given(st.text(), st.text(), st.uuids(), st.uuids())
def test_marks_tell_nothing_without_the_id(one, other, id_, another):
    assert marks([one], str(id_)) == marks([one], str(id_))
    if id_ != another and one:
        assert not marks([one], str(id_)) & marks([one], str(another))
    assert not marks([""], str(id_))
    assert name(str(id_)) not in {*marks([one], str(id_)), *marks([other], str(id_))}


@given(
    st.dictionaries(st.text(min_size=1), st.floats(0.001, 0.2), max_size=5),
)
def test_an_outcome_counts_once_over_all_skills(skills):
    found = Asked(tuple(skills.items()), (Group(("ada",)),), "ada")
    assert sum(found.shares().values()) == pytest.approx(1)
    assert (ANY_SKILL in found.shares()) == (sum(skills.values()) < 1 - 1e-6)
    assert json.loads(packed(found))
