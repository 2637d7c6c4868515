"""What experts and the aggregator are asked."""

from experts.circuit import State
from experts.scripted import ScriptedExpert
from experts.types import Message, Prompt, Sampling
from orchestrator.deliberation import Conclude
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.types import Control, Request
from tests.routes import route_of

WHY = Request(Prompt.of("Why?", Sampling(seed=5)))


def test_everyone_is_asked_the_same():
    assert seats(["ada", "ben"], WHY) == [("ada", WHY.prompt), ("ben", WHY.prompt)]


def test_an_expert_asked_again_is_sampled_with_a_seed_of_its_own():
    asked = seats(["ada", "ben", "ada", "ada"], WHY)
    assert [prompt.sampling.temperature for _, prompt in asked] == [0.0, 0.0, 0.7, 0.7]
    assert [prompt.sampling.seed for _, prompt in asked] == [5, 5, 6, 7]


def test_a_hotter_request_stays_as_hot():
    hot = Request(Prompt.of("Why?", Sampling(temperature=1.2)))
    assert [p.sampling.temperature for _, p in seats(["ada", "ada"], hot)] == [1.2, 1.2]


def test_options_are_put_to_the_last_turn_of_a_conversation():
    turns = (Message("system", "Be brief."), Message("user", "Which?"))
    asked = Request(Prompt(turns), options=("red", "blue")).for_experts
    assert asked.messages[0] == turns[0]
    assert asked.text.startswith("Which?\nA. red\nB. blue\n")


def test_the_question_for_the_router_is_without_the_options_text():
    question = Request(Prompt.of("Which?"), options=("red", "blue")).question
    assert (question.text, question.options) == ("Which?", ("red", "blue"))


def test_the_aggregator_reads_question_and_replies():
    text = conclusion(Conclude((("It is blue.", 0.9), ("No.", 0.3))), WHY).text
    assert text.startswith("Question: Why?")
    assert text.index("It is blue.") < text.index("No.")
    assert "trust 90%" in text


async def test_a_group_is_asked_as_one():
    ada = ScriptedExpert("ada", default="yes")
    replies = await Panel({"ada": ada}).ask("ada", [WHY.prompt, Prompt.of("How?")])
    assert [reply.text for reply in replies] == ["yes", "yes"]


async def test_whose_weights_are_elsewhere_cannot_answer_now_and_who_has_none_can():
    class Local(ScriptedExpert):
        resident = False

    ben = Local("ben")
    panel = Panel({"ada": ScriptedExpert("ada"), "ben": ben})
    assert panel.resident() == {"ada"}
    ben.resident = True
    assert panel.resident() == {"ada", "ben"}


class Failing(ScriptedExpert):
    circuit = State.OPEN


def test_who_keeps_failing_is_absent_and_who_is_found_out_about_is_not():
    ada, zoe = Failing("ada"), Failing("zoe")
    panel = Panel({"ada": ada, "ben": ScriptedExpert("ben")}, zoe)
    assert panel.absent() == {"ada", "zoe"}
    ada.circuit = State.HALF_OPEN
    assert panel.absent() == {"zoe"}
    assert panel.circuits() == {"ada": State.HALF_OPEN, "zoe": State.OPEN}


def test_only_those_a_request_permits_stand_in():
    panel = Panel(
        {name: ScriptedExpert(name) for name in ("ada", "ben", "cleo")},
        fallbacks={"ada": ("ben", "cleo")},
    )

    def stand_ins(prompt=WHY.prompt, **control):
        asked = Request(prompt, control=Control(**control))
        return panel.backed(route_of({"ada": 0.5}, ["ada"]), asked).stand_ins["ada"]

    assert stand_ins() == ("ben", "cleo")
    assert stand_ins(deny=frozenset({"ben"})) == ("cleo",)
    assert stand_ins(allow=frozenset({"ada"})) == ()
    told = Prompt.of("Why?", Sampling(logprobs=0))
    assert stand_ins(told) == ()  # scripted experts tell none
