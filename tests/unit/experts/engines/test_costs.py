"""Costs of an engine: learned from what happens, and told for what might."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.costs import (
    RECENT_REPLIES,
    STEP_TOKENS,
    UNKNOWN,
    Costs,
    Ran,
    Read,
    Replied,
    Slept,
    Started,
    Swapped,
    Woke,
)
from experts.engines.priors import CPU, Size, costs_before

SMALL = costs_before(Size(4_000_000, 1_000_000), CPU, {"ada": 64})
SECONDS = st.floats(0.001, 100)
AMOUNTS = st.integers(0, 10_000)
HAPPENED = st.one_of(
    st.builds(Started, SECONDS),
    st.builds(Slept, SECONDS),
    st.builds(Woke, SECONDS),
    st.builds(Read, AMOUNTS, SECONDS),
    st.builds(Swapped, AMOUNTS, SECONDS),
    st.builds(Ran, AMOUNTS, AMOUNTS, SECONDS),
    st.builds(Replied, st.sampled_from(["ada", "ben"]), AMOUNTS, AMOUNTS, AMOUNTS),
)


def after(costs, *happened):
    for each in happened:
        costs = costs.after(each)
    return costs


def stepping(fixed, each):
    """Costs that have seen many passes of an engine with these rates."""
    random = np.random.default_rng(0)
    windows = []
    for _ in range(30):
        steps = int(random.integers(20, 200))
        tokens = steps * int(2 ** random.uniform(0, 8))
        windows.append(Ran(steps, tokens, fixed * steps + each * tokens))
    return after(SMALL, *windows)


def passes(prompts, prompt_tokens, reply_lengths, batch):
    """Tokens of each forward pass of an engine that lets a prompt in as soon as it can."""
    waiting = [(prompt_tokens, reply) for reply in reply_lengths[:prompts]]
    running = []  # [prompt tokens left, reply tokens left]
    while waiting or running:
        while waiting and len(running) < batch:
            running.append(list(waiting.pop(0)))
        left = STEP_TOKENS
        for each in running:
            taken = min(left, each[0] or 1)
            left -= taken
            each[0] = max(0, each[0] - taken)
            each[1] -= taken > 0 and not each[0]
        running = [each for each in running if each[1] > 0]
        yield STEP_TOKENS - left


@pytest.mark.parametrize(
    ("happened", "told", "expected"),
    [
        pytest.param(Started(30.0), lambda c: c.start, 30.0, id="start"),
        pytest.param(Slept(2.0), lambda c: c.sleep, 2.0, id="sleep"),
        pytest.param(Woke(0.5), lambda c: c.wake, 0.5, id="wake"),
        pytest.param(Read(10**9, 2.0), lambda c: c.read(2 * 10**9), 4.0, id="read"),
        pytest.param(Swapped(10**9, 0.4), lambda c: c.swap(10**9), 0.4, id="swap"),
        pytest.param(Ran(100, 800, 2.0), lambda c: c.step(8), 0.02, id="step"),
    ],
)
def test_what_happens_ten_times_is_expected(happened, told, expected):
    assert told(after(SMALL, *[happened] * 10)) == pytest.approx(expected, rel=0.05)


@given(HAPPENED)
def test_what_happens_moves_its_own_figure_and_no_other(happened):
    costs = SMALL.after(happened)
    moved = {name for name in Costs.__slots__ if getattr(costs, name) != getattr(SMALL, name)}
    own = {
        Started: "starting",
        Slept: "sleeping",
        Woke: "waking",
        Read: "reading",
        Swapped: "swapping",
        Ran: "stepping",
        Replied: "lengths",
    }
    assert moved <= {own[type(happened)]}


@pytest.mark.parametrize(("fixed", "each"), [(7e-3, 2e-5), (2e-3, 6e-5)], ids=["GPU", "CPU"])
@pytest.mark.parametrize(
    ("prompts", "prompt_tokens", "reply", "batch"),
    [
        pytest.param(1, 200, 100, 64, id="one alone"),
        pytest.param(1, 10_000, 5, 64, id="one of a long prompt"),
        pytest.param(64, 30, 100, 64, id="one batch"),
        pytest.param(640, 30, 100, 64, id="ten batches"),
        pytest.param(64, 1000, 20, 64, id="prompts of many passes"),
    ],
)
def test_a_generation_takes_what_its_passes_take(fixed, each, prompts, prompt_tokens, reply, batch):
    lengths = np.random.default_rng(0).integers(int(0.8 * reply), int(1.2 * reply) + 1, prompts)
    lengths = lengths.tolist() if prompts > 1 else [reply]
    simulated = sum(
        fixed + each * tokens for tokens in passes(prompts, prompt_tokens, lengths, batch)
    )
    told = stepping(fixed, each).generation(prompts, prompt_tokens, reply, batch)
    assert told == pytest.approx(simulated, rel=0.25)


@given(st.integers(1, 500), st.integers(0, 3000), st.integers(1, 500), st.integers(1, 256))
def test_a_group_takes_longer_than_one_and_less_than_one_by_one(prompts, prompt, reply, batch):
    one = SMALL.generation(1, prompt, reply, batch)
    together = SMALL.generation(prompts, prompt, reply, batch)
    assert one <= together * (1 + 1e-9)
    assert together <= prompts * one * (1 + 1e-9)


def test_an_expert_of_whom_nothing_is_known_has_usual_lengths():
    assert SMALL.lengths_of("zoe") == UNKNOWN


def test_lengths_become_the_mean_of_what_was_said():
    costs = SMALL.after(Replied("ada", 96, 96 * 30, 96 * 40))
    assert costs.lengths_of("ada").prompt == pytest.approx(30, rel=0.4)
    assert costs.lengths_of("ada").reply == pytest.approx(40, rel=0.05)
    costs = after(costs, *[Replied("ada", 100, 100 * 30, 100 * 40)] * 20)
    assert costs.lengths_of("ada").prompt == pytest.approx(30, rel=0.01)


def test_what_a_card_says_of_lengths_does_not_overrule_what_was_seen():
    costs = SMALL.after(Replied("ada", 96, 96 * 30, 96 * 40))
    known = costs.knowing({"ada": UNKNOWN, "ben": UNKNOWN})
    assert known.lengths == {**costs.lengths, "ben": UNKNOWN}


def test_lengths_follow_a_change_however_long_the_past():
    costs = after(SMALL, *[Replied("ada", 1000, 1000 * 30, 1000 * 40)] * 50)
    costs = costs.after(Replied("ada", RECENT_REPLIES, RECENT_REPLIES * 30, RECENT_REPLIES * 80))
    assert costs.lengths_of("ada").reply == pytest.approx(60)


@given(st.lists(HAPPENED, max_size=50))
def test_costs_come_back_from_json_as_they_were(happened):
    costs = after(SMALL, *happened)
    back = Costs.of_plain(json.loads(json.dumps(costs.plain())))
    assert back == costs
    assert back.stepping.rates == costs.stepping.rates


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda plain: [], id="no object"),
        pytest.param(lambda plain: None, id="null"),
        pytest.param(lambda plain: {}, id="empty"),
        pytest.param(lambda plain: plain | {"version": 0}, id="another version"),
        pytest.param(lambda plain: plain | {"estimates": {}}, id="no estimates"),
        pytest.param(lambda plain: plain | {"lengths": {"ada": [1, 2]}}, id="too few lengths"),
        pytest.param(lambda plain: plain | {"lengths": {"ada": [1, 2, math.nan]}}, id="nan"),
        pytest.param(lambda plain: plain | {"lengths": 3}, id="lengths of no experts"),
        pytest.param(
            lambda plain: plain | {"estimates": plain["estimates"] | {"starting": [["a"], []]}},
            id="words for figures",
        ),
        pytest.param(
            lambda plain: plain | {"estimates": plain["estimates"] | {"starting": [[1], [[0, 1]]]}},
            id="an observation that tells nothing",
        ),
    ],
)
def test_what_is_not_plain_costs_is_refused(spoil):
    with pytest.raises(ValueError, match=r"these|expected|version|could not|observations"):
        Costs.of_plain(spoil(SMALL.plain()))
