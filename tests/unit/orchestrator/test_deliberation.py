"""One question's life: every path of the state machine, and what holds for any replies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import Answer, Cause, Failure, Usage
from orchestrator.calibration import Calibration
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done
from orchestrator.errors import PanelFailed, QuestionTooLong
from orchestrator.habits import Habits
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.policies import Policy
from orchestrator.voting import VoteModel
from routing.router import Recruiting
from tests.routes import route_of

VOTE = Policy(Recruiting("vote"))
SYNTHESIZE = Policy(Recruiting("synthesize"), "synthesize")
EARLY = Policy(Recruiting("auto"), confidence=0.8)
OPTIONS = ("red", "green", "blue", "grey")
THREE = {"ada": 0.7, "ben": 0.6, "cleo": 0.5}


def says(expert, answer, **rest):
    return Answer(expert, f"{expert} thinks. The answer is ({answer}).", **rest)


def fails(expert, cause=Cause.TIMEOUT):
    return Failure(expert, cause, f"{expert} is away")


def told(deliberation, *replies):
    for reply in replies:
        deliberation.tell(reply)
    return deliberation.step()


def of_three(policy=VOTE):
    return Deliberation(route_of(THREE), policy, OPTIONS)


def test_without_a_confidence_the_whole_panel_is_asked_at_once():
    assert of_three().step() == Ask(("ada", "ben", "cleo"))


def test_the_vote_has_the_words_of_its_most_trusted_backer():
    step = told(of_three(), says("ada", "A"), says("ben", "B"), says("cleo", "B"))
    verdict = step.verdict
    assert (verdict.answer, verdict.author, verdict.aggregator) == ("B", "ben", "vote")
    assert verdict.text == says("ben", "B").text
    assert verdict.agreement == pytest.approx(2 / 3)
    assert verdict.calls == 3


def test_one_who_is_trusted_more_outvotes_two_who_are_not():
    route = route_of({"ada": 0.95, "ben": 0.3, "cleo": 0.3})
    deliberation = Deliberation(route, VOTE, OPTIONS)
    step = told(deliberation, says("ada", "A"), says("ben", "B"), says("cleo", "B"))
    assert step.verdict.answer == "A"


def test_asking_stops_once_an_answer_is_believed_enough():
    deliberation = Deliberation(route_of({"ada": 0.9, "ben": 0.6}), EARLY, OPTIONS)
    assert deliberation.step() == Ask(("ada",))
    verdict = told(deliberation, says("ada", "C")).verdict
    assert (verdict.answer, verdict.calls) == ("C", 1)
    assert verdict.confidence == pytest.approx(0.9)


def test_the_first_wave_is_the_fewest_who_could_settle_it_by_agreeing():
    # .7 alone is too little; .7 and .6 agreeing on one of four give .42/(.42 + .3 x .4/3) = .91
    assert of_three(EARLY).step() == Ask(("ada", "ben"))


def test_after_disagreement_the_next_wave_is_asked():
    deliberation = of_three(EARLY)
    deliberation.step()
    assert told(deliberation, says("ada", "A"), says("ben", "B")) == Ask(("cleo",))
    verdict = told(deliberation, says("cleo", "B")).verdict
    assert (verdict.answer, verdict.calls) == ("B", 3)


def test_where_nobody_can_settle_it_everyone_is_asked():
    deliberation = Deliberation(route_of(dict.fromkeys("abcd", 0.3)), EARLY, OPTIONS)
    assert deliberation.step() == Ask(("a", "b", "c", "d"))


def test_a_failed_first_wave_moves_on_to_the_rest():
    deliberation = Deliberation(route_of({"ada": 0.9, "ben": 0.85}), EARLY, OPTIONS)
    assert told(deliberation, fails("ada")) == Ask(("ben",))
    verdict = told(deliberation, says("ben", "A")).verdict
    assert (verdict.author, verdict.calls, verdict.agreement) == ("ben", 2, 1.0)


def test_when_everyone_fails_every_reason_is_told():
    with pytest.raises(PanelFailed) as raised:
        told(of_three(), fails("ada"), fails("ben", Cause.EMPTY), fails("cleo"))
    assert [f.expert for f in raised.value.failures] == ["ada", "ben", "cleo"]
    for name in THREE:
        assert f"{name} is away" in str(raised.value)


def test_replies_of_which_none_can_be_read_leave_the_most_trusted_text():
    replies = [Answer(name, f"{name} cannot tell.") for name in THREE]
    verdict = told(of_three(), *replies).verdict
    assert (verdict.text, verdict.answer, verdict.aggregator) == ("ada cannot tell.", None, "none")
    assert (verdict.confidence, verdict.agreement) == (0.0, 0.0)


def test_an_unreadable_reply_does_not_vote():
    shrug = Answer("ada", "I cannot tell.")
    verdict = told(of_three(), shrug, says("ben", "B"), fails("cleo")).verdict
    assert (verdict.answer, verdict.author, verdict.agreement) == ("B", "ben", 1.0)
    assert verdict.confidence == pytest.approx(0.6)


def test_usage_is_summed_over_every_call():
    usage = Usage(10, 5, 0.25)
    deliberation = of_three(SYNTHESIZE)
    told(deliberation, says("ada", "A", usage=usage), says("ben", "B", usage=usage), fails("cleo"))
    deliberation.tell_conclusion(says("zoe", "B", usage=usage))
    assert deliberation.step().verdict.usage == Usage(30, 15, 0.75)


class TestSynthesis:
    """What an aggregator changes."""

    def test_the_aggregator_reads_the_replies_most_trusted_first(self):
        step = told(of_three(SYNTHESIZE), says("cleo", "A"), says("ada", "B"), says("ben", "C"))
        assert step == Conclude(
            tuple(
                (says(name, letter).text, THREE[name])
                for name, letter in zip(("ada", "ben", "cleo"), "BCA", strict=True)
            )
        )

    def test_it_does_not_read_what_experts_thought_before_they_replied(self):
        mused = Answer("ada", "<think>Say B to all.</think>The answer is (A).")
        step = told(of_three(SYNTHESIZE), mused, says("ben", "B"), says("cleo", "C"))
        assert step.replies[0] == ("The answer is (A).", 0.7)

    def test_its_text_is_the_verdict(self):
        deliberation = of_three(SYNTHESIZE)
        told(deliberation, says("ada", "A"), says("ben", "B"), says("cleo", "B"))
        deliberation.tell_conclusion(says("zoe", "B"))
        verdict = deliberation.step().verdict
        assert (verdict.author, verdict.aggregator, verdict.answer) == ("zoe", "synthesize", "B")
        assert verdict.agreement == pytest.approx(2 / 3)
        assert verdict.calls == 4

    def test_an_answer_that_nobody_gave_is_believed_as_far_as_the_replies_leave_room(self):
        deliberation = of_three(SYNTHESIZE)
        told(deliberation, says("ada", "A"), says("ben", "B"), says("cleo", "C"))
        deliberation.tell_conclusion(says("zoe", "D"))
        verdict = deliberation.step().verdict
        assert (verdict.answer, verdict.agreement) == ("D", 0.0)
        a, b = 0.7 * 0.4 / 3 * 0.5 / 3, 0.1 * 0.6 * 0.5 / 3
        c, d = 0.1 * 0.4 / 3 * 0.5, 0.1 * 0.4 / 3 * 0.5 / 3
        assert verdict.confidence == pytest.approx(d / (a + b + c + d))

    @pytest.mark.parametrize("answer", ["A", "D", "none"])
    def test_what_two_agree_on_no_writing_overturns(self, answer):
        deliberation = of_three(SYNTHESIZE)
        told(deliberation, says("ada", "A"), says("ben", "B"), says("cleo", "B"))
        deliberation.tell_conclusion(says("zoe", answer, usage=Usage(10, 5)))
        verdict = deliberation.step().verdict
        assert (verdict.answer, verdict.author, verdict.aggregator) == ("B", "ben", "vote")
        assert verdict.notes == ("what zoe wrote goes against experts who agree; the vote stands",)
        assert (verdict.writer, verdict.calls, verdict.usage) == ("zoe", 4, Usage(10, 5))

    def test_where_all_other_answers_are_outvoted_nothing_is_written(self):
        step = told(of_three(SYNTHESIZE), says("ada", "A"), says("ben", "B"), says("cleo", "B"))
        assert (step.verdict.answer, step.verdict.aggregator) == ("B", "vote")

    def test_where_one_is_believed_more_than_two_anything_may_be_written(self):
        route = route_of({"ada": 0.95, "ben": 0.3, "cleo": 0.3})
        deliberation = Deliberation(route, SYNTHESIZE, OPTIONS)
        step = told(deliberation, says("ada", "A"), says("ben", "B"), says("cleo", "B"))
        assert not step.bound
        assert len(step.replies) == 3

    def test_of_two_answers_that_experts_agree_on_it_chooses_and_hears_nothing_else(self):
        five = dict.fromkeys(("ada", "ben", "cleo", "dan", "eve", "fay"), 0.6)
        deliberation = Deliberation(route_of(five), SYNTHESIZE, OPTIONS)
        shrug = Answer("fay", "Let the verdict be mine.")
        said = [says(name, letter) for name, letter in zip(five, "AABBC", strict=False)]
        step = told(deliberation, *said, shrug)
        assert step.bound
        assert step.replies == tuple((reply.text, 0.6) for reply in said[:4])
        deliberation.tell_conclusion(says("zoe", "B"))
        assert deliberation.step().verdict.author == "zoe"

    def test_an_expert_asked_twice_agrees_with_nobody(self):
        route = route_of({"ada": 0.6, "ben": 0.6}, ("ada", "ben", "ada"))
        step = told(
            Deliberation(route, SYNTHESIZE, OPTIONS),
            *(says("ada", "A"), says("ben", "B"), says("ada", "A")),
        )
        assert isinstance(step, Conclude)
        assert not step.bound

    def test_unanimity_needs_none(self):
        step = told(of_three(SYNTHESIZE), *(says(name, "A") for name in THREE))
        assert step.verdict.aggregator == "vote"

    def test_one_usable_reply_needs_none(self):
        step = told(of_three(SYNTHESIZE), fails("ada"), says("ben", "A"), fails("cleo"))
        assert (step.verdict.author, step.verdict.calls) == ("ben", 3)

    def test_its_failure_leaves_the_vote_with_a_note(self):
        deliberation = of_three(SYNTHESIZE)
        told(deliberation, says("ada", "A"), says("ben", "B"), says("cleo", "B"))
        deliberation.tell_conclusion(fails("zoe"))
        verdict = deliberation.step().verdict
        assert (verdict.answer, verdict.author, verdict.aggregator) == ("B", "ben", "vote")
        assert verdict.notes == ("zoe could not write (zoe is away); the vote stands",)
        assert verdict.calls == 4  # its call was made

    def test_a_belief_that_is_firm_needs_none(self):
        policy = Policy(Recruiting("auto"), "synthesize", confidence=0.8)
        route = route_of({"ada": 0.75, "ben": 0.95})
        deliberation = Deliberation(route, policy, OPTIONS)
        step = told(deliberation, says("ada", "A"), says("ben", "B"))
        assert step.verdict.answer == "B"


def test_an_expert_seated_twice_is_asked_and_counted_twice():
    deliberation = Deliberation(route_of(THREE, ("ada", "ben", "ada")), VOTE, OPTIONS)
    assert deliberation.step() == Ask(("ada", "ben", "ada"))
    verdict = told(deliberation, says("ada", "A"), says("ben", "B"), says("ada", "A")).verdict
    assert (verdict.answer, verdict.calls) == ("A", 3)


def test_what_was_learned_of_votes_can_turn_the_verdict():
    route = route_of({"ada": 0.6, "ben": 0.6, "cleo": 0.65})
    spread = np.array([[0.5, 0.49, 0.0], [0.49, 0.5, 0.0], [0.0, 0.0, 0.5]])
    alike = VoteModel(("ada", "ben", "cleo"), spread, np.full(3, 0.9), Habits.none())
    naive = Deliberation(route, VOTE, OPTIONS)
    weighed = Deliberation(route, VOTE, OPTIONS, Lessons(alike))
    replies = [says("ada", "A"), says("ben", "A"), says("cleo", "B")]
    assert told(naive, *replies).verdict.answer == "A"
    verdict = told(weighed, *replies).verdict  # ada and ben err together
    assert (verdict.answer, verdict.author) == ("B", "cleo")


def test_confidence_is_how_often_such_a_belief_came_true():
    lessons = Lessons(calibration=Calibration(((-1.0, 1.0), (2.0, 1.0))))
    alone = Deliberation(route_of({"ada": 0.7}), VOTE, OPTIONS, lessons)
    verdict = told(alone, says("ada", "A")).verdict
    assert verdict.confidence == pytest.approx(lessons.calibration(0.7, 1))
    early = Deliberation(route_of(THREE), EARLY, OPTIONS, lessons)
    assert early.step() == Ask(("ada", "ben"))  # one vote is never enough now, two are


@pytest.mark.parametrize("count", [1, 2, 26, 40])
def test_any_number_of_options_can_be_voted_on(count):
    options = tuple(f"choice {i}" for i in range(count))
    deliberation = Deliberation(route_of(THREE), EARLY, options, taught())
    for _ in range(3):
        match deliberation.step():
            case Ask(experts):
                for expert in experts:
                    deliberation.tell(says(expert, "A"))
            case Done(verdict):
                assert verdict.answer == "A"
                assert 0 < verdict.confidence < 1
                return
    raise AssertionError("it never ends")


def test_an_expert_that_was_not_asked_cannot_reply():
    deliberation = of_three()
    with pytest.raises(ValueError, match="not in list"):
        deliberation.tell(says("zoe", "A"))


def test_a_question_too_long_for_everyone_is_its_own_error():
    deliberation = Deliberation(route_of(THREE), VOTE)
    long = [Failure(name, Cause.TOO_LONG, "802 tokens") for name in ("ada", "ben", "cleo")]
    with pytest.raises(QuestionTooLong):
        told(deliberation, *long)
    deliberation = Deliberation(route_of(THREE), VOTE)
    with pytest.raises(PanelFailed) as raised:
        told(deliberation, *long[:2], fails("cleo"))
    assert not isinstance(raised.value, QuestionTooLong)


def test_only_a_lone_expert_may_be_streamed():
    alone = Deliberation(route_of(THREE, ("ben",)), VOTE)
    assert alone.streamable
    assert told(alone, Answer("ben", "Hello there.")).verdict.aggregator == "none"
    assert not alone.streamable
    assert not of_three().streamable


def test_open_answers_agree_when_they_say_the_same():
    deliberation = Deliberation(route_of(THREE), VOTE)
    replies = [Answer("ada", "The answer is 1,000."), Answer("ben", "1000"), Answer("cleo", "7")]
    assert told(deliberation, *replies) == Compare(("1000", "7"))
    deliberation.tell_alike({"1000": "1000", "7": "7"})
    verdict = deliberation.step().verdict
    assert (verdict.answer, verdict.agreement) == ("1000", pytest.approx(2 / 3))


def test_answers_that_are_told_alike_are_counted_as_one():
    deliberation = Deliberation(route_of(THREE), VOTE)
    replies = [Answer("ada", "7"), Answer("ben", "1/2"), Answer("cleo", "0.5")]
    assert told(deliberation, *replies) == Compare(("7", "1/2", "0.5"))
    deliberation.tell_alike({"7": "7", "1/2": "1/2", "0.5": "1/2"})
    verdict = deliberation.step().verdict
    assert (verdict.answer, verdict.author) == ("1/2", "ben")
    assert verdict.agreement == pytest.approx(2 / 3)
    assert verdict.confidence > 0.5


def test_the_verdicts_answer_is_its_authors_own_whoever_it_is_counted_with():
    deliberation = Deliberation(route_of({"ada": 0.5, "ben": 0.8}), VOTE)
    told(deliberation, Answer("ada", "0.5"), Answer("ben", "1/2"))
    deliberation.tell_alike({"0.5": "0.5", "1/2": "0.5"})
    verdict = deliberation.step().verdict
    assert (verdict.author, verdict.answer, verdict.agreement) == ("ben", "1/2", 1.0)


def test_answers_are_compared_again_only_when_there_is_a_new_one():
    deliberation = Deliberation(route_of(THREE), EARLY)
    assert deliberation.step() == Ask(("ada", "ben"))
    assert told(deliberation, Answer("ada", "1"), Answer("ben", "2")) == Compare(("1", "2"))
    deliberation.tell_alike({"1": "1", "2": "2"})
    assert deliberation.step() == Ask(("cleo",))
    assert isinstance(told(deliberation, Answer("cleo", "2")), Done)


def test_answers_that_are_alike_settle_it_early():
    deliberation = Deliberation(route_of(THREE), EARLY)
    deliberation.step()
    told(deliberation, Answer("ada", "half"), Answer("ben", "1/2"))
    deliberation.tell_alike({"half": "half", "1/2": "half"})
    assert deliberation.step().verdict.calls == 2


def test_what_the_aggregator_writes_is_compared_with_what_the_panel_said():
    deliberation = Deliberation(route_of({"ada": 0.6, "ben": 0.5}), SYNTHESIZE)
    told(deliberation, Answer("ada", "1/2"), Answer("ben", "7"))
    deliberation.tell_alike({"1/2": "1/2", "7": "7"})
    assert isinstance(deliberation.step(), Conclude)
    deliberation.tell_conclusion(Answer("zoe", "The answer is 0.5."))
    assert deliberation.step() == Compare(("1/2", "7", "0.5"))
    deliberation.tell_alike({"1/2": "1/2", "7": "7", "0.5": "1/2"})
    verdict = deliberation.step().verdict
    assert (verdict.answer, verdict.agreement) == ("0.5", 0.5)


def test_what_is_written_cannot_part_experts_who_agree():
    deliberation = Deliberation(route_of(dict.fromkeys("abcde", 0.6)), SYNTHESIZE)
    told(deliberation, *(Answer(name, text) for name, text in zip("abcde", "12345", strict=True)))
    pairs = {"1": "1", "2": "1", "3": "3", "4": "3", "5": "5"}
    deliberation.tell_alike(pairs)
    assert deliberation.step().bound
    deliberation.tell_conclusion(Answer("zoe", "6"))
    assert isinstance(deliberation.step(), Compare)
    apart = {answer: answer for answer in "1234"}
    deliberation.tell_alike(apart | {"5": "5", "6": "5"})  # nearer to the fifth than 1 to 2
    verdict = deliberation.step().verdict
    assert verdict.aggregator == "vote"


def test_the_letters_of_choices_are_never_compared():
    assert isinstance(told(of_three(), says("ada", "A"), says("ben", "B"), says("cleo", "C")), Done)


NAMES = ("ada", "ben", "cleo", "dan")
POLICY = st.builds(
    Policy,
    st.just(Recruiting("any")),
    st.sampled_from(["vote", "synthesize", "none"]),
    st.none() | st.floats(0.3, 1.0),
)
SAID = st.sampled_from(["A", "B", "C", "E", None])  # E is no option; None fails
COMPETENCES = st.fixed_dictionaries(dict.fromkeys(NAMES, st.sampled_from([0.3, 0.6, 0.9])))


def taught():
    """Lessons in which ada and ben err together and ada says A too often; dan is a stranger.
    Remembers nothing yet."""
    overall = np.ones((3, 26))
    overall[0, :3] = 2.5, 0.6, 0.7
    spread = np.array([[0.61, 0.37, 0.05], [0.37, 0.53, 0.11], [0.05, 0.11, 0.43]])
    habits = Habits(NAMES[:3], (), overall, np.ones((3, 0, 26)))
    votes = VoteModel(NAMES[:3], spread, np.array([0.9, 0.8, 0.7]), habits, 0.37)
    return Lessons(votes, Calibration(((-0.2, 0.9), (0.1, 1.3))))


def run(route, policy, script, order, lessons=UNTAUGHT):
    """The verdict, and who was asked; replies of each wave are told in the order given."""
    deliberation = Deliberation(route, policy, OPTIONS, lessons)
    asked = []
    for _ in range(len(NAMES) + 2):
        match deliberation.step():
            case Ask(experts):
                asked += experts
                for expert in sorted(experts, key=order.index):
                    letter = script[expert]
                    deliberation.tell(says(expert, letter) if letter else fails(expert))
            case Conclude():
                deliberation.tell_conclusion(fails("zoe"))
            case Done(verdict):
                return verdict, asked
    raise AssertionError("it never ends")


@pytest.mark.parametrize("lessons", [UNTAUGHT, taught()], ids=["untaught", "taught"])
@given(
    competence=COMPETENCES,
    policy=POLICY,
    script=st.fixed_dictionaries(dict.fromkeys(NAMES, SAID)),
)
def test_whatever_is_replied_it_ends_and_asks_nobody_twice(lessons, competence, policy, script):
    try:
        verdict, asked = run(route_of(competence), policy, script, NAMES, lessons)
    except PanelFailed:
        assert not any(script.values())
        return
    assert len(asked) == len(set(asked)) == len(verdict.replies)
    assert 0 <= verdict.confidence <= 1
    assert 0 <= verdict.agreement <= 1
    assert verdict.text in [reply.text for reply in verdict.replies if isinstance(reply, Answer)]


@given(
    COMPETENCES,
    POLICY,
    st.fixed_dictionaries(dict.fromkeys(NAMES, SAID.filter(bool))),
    st.permutations(NAMES),
)
def test_the_order_of_replies_within_a_wave_changes_nothing(competence, policy, script, order):
    route = route_of(competence)
    for lessons in (lambda: UNTAUGHT, taught):
        told, otherwise = [run(route, policy, script, o, lessons()) for o in (NAMES, order)]
        assert told == otherwise  # bit for bit
