"""Who takes whose seat when an expert, or a writer, fails for now."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import Answer, Cause, Failure
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done
from orchestrator.errors import PanelFailed
from orchestrator.policies import Policy
from orchestrator.seating import Seating
from routing.router import Recruiting
from tests.routes import route_of

VOTE = Policy(Recruiting("vote"))
WRITTEN = Policy(Recruiting("synthesize"), "synthesize")
BELIEFS = {"ada": 0.8, "ben": 0.7, "cleo": 0.6, "dan": 0.5}


def route(*panel, **stand_ins):
    return replace(route_of(BELIEFS, panel), stand_ins=stand_ins)


def down(expert, cause=Cause.UNAVAILABLE):
    return Failure(expert, cause, "down")


def deliberated(asked, policy=VOTE, **said):
    """(waves, verdict): experts without words fail for now."""
    deliberation, waves = Deliberation(asked, policy), []
    while True:
        match deliberation.step():
            case Ask(experts):
                waves.append(experts)
                for expert in experts:
                    reply = Answer(expert, said[expert]) if expert in said else down(expert)
                    deliberation.tell(reply)
            case Conclude(writer=writer):
                name = writer or "zoe"
                waves.append(f"{name} writes")
                reply = Answer(name, said[name]) if name in said else down(name)
                deliberation.tell_conclusion(reply)
            case Compare(answers):
                deliberation.tell_alike({answer: answer for answer in answers})
            case Done(verdict):
                return waves, verdict


def test_the_chain_is_gone_down_until_somebody_answers():
    waves, verdict = deliberated(route("ada", ada=("ben", "cleo")), cleo="42")
    assert waves == [("ada",), ("ben",), ("cleo",)]
    assert (verdict.text, verdict.author, verdict.calls) == ("42", "cleo", 3)
    assert verdict.replaced == (("ada", "ben"), ("ada", "cleo"))
    assert [reply.expert for reply in verdict.replies] == ["ada", "ben", "cleo"]
    assert verdict.notes[0] == "ben was asked in place of ada, which failed"


def test_a_chain_that_ends_is_a_failed_panel_with_every_reason():
    with pytest.raises(PanelFailed) as failed:
        deliberated(route("ada", ada=("ben",)))
    assert [failure.expert for failure in failed.value.failures] == ["ada", "ben"]


@pytest.mark.parametrize("cause", [c for c in Cause if not c.retryable])
def test_what_will_not_pass_is_asked_of_nobody_else(cause):
    deliberation = Deliberation(route("ada", ada=("ben",)), VOTE)
    deliberation.step()
    deliberation.tell(down("ada", cause))
    with pytest.raises(PanelFailed):
        deliberation.step()


def test_nobody_has_two_seats():
    waves, _ = deliberated(
        route("ada", "ben", ada=("ben", "cleo"), ben=("cleo",)), dan="1", cleo="1"
    )
    assert waves == [("ada", "ben"), ("cleo",)]


def test_a_stand_ins_own_chain_is_not_followed():
    with pytest.raises(PanelFailed) as failed:
        deliberated(route("ada", ada=("ben",), ben=("ada", "cleo")))
    assert len(failed.value.failures) == 2


def test_a_settled_question_needs_no_stand_in():
    early = replace(VOTE, confidence=0.6)
    waves, verdict = deliberated(route("ada", "ben", ben=("cleo",)), early, ada="1")
    assert "cleo" not in str(waves)
    assert verdict.replaced == ()


def test_once_time_is_over_nobody_stands_in():
    deliberation = Deliberation(route("ada", "ben", ben=("cleo",)), VOTE)
    deliberation.step()
    deliberation.tell(Answer("ada", "1"))
    deliberation.tell(down("ben"))
    deliberation.hurry(5.0)
    assert isinstance(deliberation.step(), Done)


def test_a_lone_seat_streams_its_stand_in_too():
    deliberation = Deliberation(route("ada", ada=("ben",)), VOTE)
    assert deliberation.streamable
    deliberation.step()
    deliberation.tell(down("ada"))
    assert deliberation.streamable


def test_the_writers_stand_in_writes_and_the_vote_stands_where_it_cannot_either():
    asked = route("ada", "ben", zoe=("ada", "cleo"))
    waves, verdict = deliberated(asked, WRITTEN, ada="1", ben="2", cleo="I say 2.")
    assert waves == [("ada", "ben"), "zoe writes", "ada writes"]
    assert (verdict.author, verdict.aggregator, verdict.calls) == ("ada", "synthesize", 4)
    assert verdict.notes == ("zoe could not write (down)",)
    waves, verdict = deliberated(route("ada", "ben", zoe=("cleo",)), WRITTEN, ada="1", ben="2")
    assert waves[1:] == ["zoe writes", "cleo writes"]
    assert (verdict.aggregator, verdict.calls) == ("vote", 4)
    assert verdict.notes[1] == "cleo could not write (down); the vote stands"


@pytest.mark.parametrize("cause", list(Cause))
def test_what_a_writer_took_that_was_too_late_is_counted_as_untold(cause):
    deliberation = Deliberation(route("ada", "ben"), replace(WRITTEN, confidence=None))
    deliberation.step()
    for expert in ("ada", "ben"):
        deliberation.tell(Answer(expert, expert))
    deliberation.tell_alike({"ada": "ada", "ben": "ben"})
    assert isinstance(deliberation.step(), Conclude)
    deliberation.tell_conclusion(down("zoe", cause))
    untold = deliberation.step().verdict.usage.untold
    assert untold == (cause is Cause.TIMEOUT)


CHAINS = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=4).map(tuple)
)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5), CHAINS, st.data())
def test_whoever_fails_nobody_is_seated_twice_and_the_order_of_failures_is_the_same(
    panel, chains, data
):
    asked = replace(route_of(dict.fromkeys("abcdef", 0.5), panel), stand_ins=chains)
    failed = [down(expert) for expert in dict.fromkeys(panel)]
    one, other = Seating(asked), Seating(asked)
    for failure in failed:
        one.tell(failure)
    for failure in data.draw(st.permutations(failed)):
        other.tell(failure)
    taken = one.taken()
    assert taken == other.taken()
    assert len({*taken, *panel}) == len(taken) + len(set(panel))
    assert one.taken() == []
