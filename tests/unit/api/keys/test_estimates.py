from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api.keys.estimates import Estimator, taken, taken_by_failures
from api.keys.limits import Amounts
from experts.cards import HostedCard, Price, ScriptedCard
from experts.patience import Hedge
from experts.types import Answer, Cause, Failure, JsonFormat, Message, Prompt, Sampling, Usage
from orchestrator.policies import POLICIES
from orchestrator.types import Control, Request
from tests.tools import TOOLBOX
from tests.unit.api.scripted import verdict


def card(max_tokens=100, input=0.0, output=0.0, prompt=None):
    price = Price(input=input, output=output)
    return ScriptedCard(kind="scripted", max_tokens=max_tokens, price=price, prompt=prompt)


CHEAP, DEAR = card(100, 1, 2), card(50, 10, 100)
CARDS = {"cheap": CHEAP, "dear": DEAR, "spare": card(80, 1, 1)}
WRITER = card(200, 5, 5)
ESTIMATOR = Estimator(CARDS, POLICIES, WRITER)


def asking(model="vote", text="x" * 200, **sampling):
    return Request(Prompt.of(text, Sampling(**sampling)), model)


PROMPT = 16 + 100  # tokens that 200 bytes may be


def test_one_expert_costs_its_own_longest_reply():
    estimate = ESTIMATOR.estimate(asking("cheap"))
    assert estimate.whole == Amounts(1, PROMPT + 100, (PROMPT * 1 + 100 * 2) * 1000)


def test_a_lower_max_tokens_costs_less_and_a_higher_one_no_more_than_the_card_allows():
    assert ESTIMATOR.estimate(asking("cheap", max_tokens=10)).whole.tokens == PROMPT + 10
    assert ESTIMATOR.estimate(asking("cheap", max_tokens=5000)).whole.tokens == PROMPT + 100


def test_tools_are_read_with_the_question():
    bare, request = asking("cheap"), asking("cheap")
    offered = replace(request, prompt=replace(request.prompt, toolbox=TOOLBOX))
    more = ESTIMATOR.estimate(offered).whole.tokens - ESTIMATOR.estimate(bare).whole.tokens
    assert more > len(TOOLBOX.tools[0].parameters) / 2


def test_a_panel_costs_all_its_seats_the_dearest_first():
    whole = ESTIMATOR.estimate(asking("vote")).whole  # three seats
    assert whole.tokens == 3 * PROMPT + 100 + 80 + 50
    single = ESTIMATOR.estimate(asking("single")).whole
    assert single.tokens == PROMPT + 100
    assert single.nanodollars == (PROMPT * 10 + 50 * 100) * 1000


def test_a_draw_with_replacement_may_seat_the_dearest_every_time():
    once = ESTIMATOR.estimate(asking("dear")).whole.nanodollars
    moe = Estimator(CARDS, POLICIES).estimate(asking("symbolic-moe")).whole
    assert moe.nanodollars == 3 * once


def test_the_aggregator_reads_every_reply():
    without = ESTIMATOR.estimate(asking("vote")).whole
    whole = ESTIMATOR.estimate(asking("synthesize")).whole
    assert whole.tokens > without.tokens + PROMPT + 3 * 100 + 200


def test_an_unknown_name_costs_a_request_alone():
    assert ESTIMATOR.estimate(asking("nobody")).whole == Amounts(1)


def test_an_experts_own_prompt_is_paid_for_too():
    cards = {"tutor": card(prompt="p" * 40)}
    whole = Estimator(cards, POLICIES).estimate(asking("tutor")).whole
    assert whole.tokens == PROMPT + 16 + 20 + 100


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.sampled_from(sorted(POLICIES)))
def test_no_policy_costs_less_than_one_call_of_the_dearest_expert(texts, policy):
    request = Request(Prompt(tuple(Message("user", text) for text in texts)), policy)
    estimate = ESTIMATOR.estimate(request)
    for name in CARDS:
        alone = ESTIMATOR.estimate(Request(request.prompt, name)).whole
        assert alone.tokens <= estimate.whole.tokens
        assert alone.nanodollars <= estimate.whole.nanodollars
        assert estimate.call.tokens >= alone.tokens


def test_a_verdict_took_what_its_usage_says():
    estimate = ESTIMATOR.estimate(asking())
    assert taken(verdict(), estimate) == Amounts(1, 27)


def test_a_tagger_is_paid_for_in_full_by_every_request_that_is_routed():
    tagged = Estimator(CARDS, POLICIES, tagger=card(30))
    tagging = Amounts(tokens=5 * (PROMPT + 400 + 30))
    estimate = tagged.estimate(asking("vote"))
    assert estimate.whole == Estimator(CARDS, POLICIES).estimate(asking("vote")).whole + tagging
    assert tagged.routing(asking("vote")).whole == Amounts(1) + tagging
    assert taken(verdict(), estimate) == Amounts(1, 27) + tagging
    assert taken_by_failures((), estimate) == Amounts(1) + tagging
    assert tagged.routing(asking("ada")).whole == Amounts(1)  # is not routed


def told(*replies, usage=Usage(7, 3, 0.0000001)):  # noqa: B008 - frozen
    return replace(verdict(), replies=replies, usage=usage)


def test_dollars_are_rounded_up_to_the_next_nanodollar():
    assert taken(told(usage=Usage(1, 1, 1e-10)), ESTIMATOR.estimate(asking())).nanodollars == 1
    assert (
        taken(told(usage=Usage(1, 1, 0.1 + 0.2)), ESTIMATOR.estimate(asking())).nanodollars == 3e8
    )


def test_a_call_that_nobody_told_of_is_counted_in_full():
    estimate = ESTIMATOR.estimate(asking())
    late, refused = (Failure("x", cause, "") for cause in (Cause.TIMEOUT, Cause.REJECTED))
    answer = Answer("y", "42")
    assert taken(told(late, refused, answer), estimate) == Amounts(
        1, 10 + estimate.call.tokens, 100 + estimate.call.nanodollars
    )
    assert taken_by_failures((refused,), estimate) == Amounts(1)
    assert taken_by_failures((late, late), estimate) == Amounts(1) + estimate.call * 2


def steering(model, **control):
    return replace(asking(model), control=Control(**control))


def test_a_request_that_names_a_size_is_reserved_that_many_seats_for():
    whole = ESTIMATOR.estimate(steering("single", size=2)).whole
    assert whole.tokens == 2 * PROMPT + 100 + 80
    assert ESTIMATOR.estimate(steering("everyone", size=1)).whole.tokens == PROMPT + 100
    moe = ESTIMATOR.estimate(steering("symbolic-moe", size=5)).whole
    assert moe.tokens > 5 * (PROMPT + 100)  # and who writes


def test_who_may_not_be_asked_is_not_reserved_for():
    for control in ({"deny": frozenset({"dear"})}, {"allow": frozenset({"cheap", "spare"})}):
        whole = ESTIMATOR.estimate(steering("vote", **control)).whole
        assert whole == Amounts(1, 2 * PROMPT + 180, (2 * PROMPT + 100 * 2 + 80 * 1) * 1000)


def test_a_control_that_leaves_nobody_costs_a_request_alone():
    assert ESTIMATOR.estimate(steering("vote", deny=frozenset(CARDS))).whole == Amounts(1)


def test_a_fusion_is_reserved_for_with_the_expert_that_writes_it():
    named = frozenset({"cheap", "spare"})
    alone = ESTIMATOR.estimate(steering("vote", allow=named, size=2)).whole
    for estimator in (ESTIMATOR, Estimator(CARDS, POLICIES)):  # with an aggregator and without
        control = {"allow": named, "size": 2, "writer": "dear"}
        writing = estimator.estimate(steering("synthesize", **control)).whole
        read = PROMPT + 2 * 100 + 400
        assert writing == alone + Amounts(0, read + 50, (read * 10 + 50 * 100) * 1000)


def test_nothing_is_written_where_one_expert_is_asked():
    assert ESTIMATOR.estimate(steering("synthesize", size=1)).whole.tokens == PROMPT + 100


def test_a_reply_that_may_be_asked_for_twice_is_reserved_for_twice():
    once, twice = (asking("cheap", format=JsonFormat(tries=tries)) for tries in (1, 2))
    first = ESTIMATOR.estimate(once).whole.tokens - 1
    assert ESTIMATOR.estimate(twice).whole.tokens - 1 >= 2 * first + 100


def test_replies_that_were_not_the_json_asked_for_are_counted_in_full():
    estimate = ESTIMATOR.estimate(asking("vote", format=JsonFormat()))
    wrong = Failure("x", Cause.REJECTED, "the reply is not the JSON asked for")
    assert taken_by_failures((wrong,), estimate) == Amounts(1) + estimate.call
    assert taken(told(wrong), estimate).tokens == 10 + estimate.call.tokens


def backed(card, *names):
    return card.model_copy(update={"fallback": names})


def test_who_stands_in_for_an_expert_may_be_asked_too():
    cards = {**CARDS, "cheap": backed(CHEAP, "dear", "spare")}
    estimator = Estimator(cards, POLICIES)
    alone = [ESTIMATOR.estimate(asking(name)).whole.tokens for name in CARDS]
    assert estimator.estimate(asking("cheap")).whole.tokens == sum(alone)
    denied = replace(asking("cheap"), control=Control(deny=frozenset({"dear"})))
    assert estimator.estimate(denied).whole.tokens == alone[0] + alone[2]
    assert estimator.estimate(asking("single")).whole.tokens == sum(alone)


def test_a_panel_of_everybody_has_no_stand_ins_left():
    cards = {**CARDS, "cheap": backed(CHEAP, "dear", "spare")}
    estimates = [Estimator(c, POLICIES).estimate(asking("everyone")) for c in (CARDS, cards)]
    assert estimates[0].whole == estimates[1].whole


def test_who_stands_in_for_the_aggregator_reads_every_reply_too():
    one = Estimator(CARDS, POLICIES, WRITER).estimate(asking("synthesize")).whole
    both = Estimator(CARDS, POLICIES, backed(WRITER, "cheap")).estimate(asking("synthesize")).whole
    assert both.tokens >= one.tokens + PROMPT + 3 * 100


def test_a_hedged_call_may_be_made_twice_and_one_that_was_given_up_counts_in_full():
    hosted = HostedCard(kind="hosted", model="m", max_tokens=100, hedge=Hedge())
    plain = hosted.model_copy(update={"hedge": None})
    estimate, once = (
        Estimator({"ada": each}, POLICIES).estimate(asking("ada")) for each in (hosted, plain)
    )
    assert estimate.whole.tokens == 2 * once.whole.tokens
    answered = told(Answer("ada", "42"), usage=Usage(7, 3, untold=1))
    assert taken(answered, estimate).tokens == 10 + once.whole.tokens
    late = Failure("ada", Cause.TIMEOUT, "")
    assert taken_by_failures((late,), estimate).tokens == estimate.whole.tokens


def test_a_second_call_that_was_given_up_may_be_the_writers_own():
    hedged = HostedCard(kind="hosted", model="m", max_tokens=200, hedge=Hedge())
    estimate = Estimator(CARDS, POLICIES, hedged).estimate(asking("synthesize"))
    assert estimate.call.tokens > PROMPT + 3 * 100 + 200
