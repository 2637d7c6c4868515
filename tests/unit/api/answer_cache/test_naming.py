"""The name of a kept answer: one for each request that could have another."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.answer_cache.naming import Naming, complete, repeatable
from experts.types import Cause, Failure, JsonFormat, Message, Prompt, Sampling
from orchestrator.types import Control, Request
from tests.unit.api.scripted import verdict

NAMING = Naming(b"secret", "world")
NAMES = st.none() | st.frozensets(st.sampled_from("abcde"))
SAMPLING = st.builds(
    Sampling,
    max_tokens=st.none() | st.integers(1, 2),
    top_p=st.sampled_from([1.0, 0.5]),
    stop=st.lists(st.sampled_from("xy"), max_size=2).map(tuple),
    format=st.none() | st.builds(JsonFormat, st.sampled_from(["{}", "[]"])),
)
REQUESTS = st.builds(
    Request,
    prompt=st.builds(
        Prompt,
        st.lists(
            st.builds(Message, st.sampled_from(["user", "assistant"]), st.sampled_from(["", "a"])),
            max_size=2,
        ).map(tuple),
        SAMPLING,
    ),
    model=st.sampled_from(["auto", "vote"]),
    options=st.lists(st.sampled_from("ab"), max_size=2).map(tuple),
    control=st.builds(Control, size=st.none() | st.integers(1, 2), allow=NAMES),
    tenant=st.sampled_from(["", "acme", "a:index", "{acme}"]),
)


@given(REQUESTS, REQUESTS)
def test_only_the_same_request_of_the_same_tenant_has_the_same_name(one, other):
    assert (NAMING.answer(one) == NAMING.answer(other)) == (one == other)


@given(REQUESTS, st.sampled_from([Naming(b"other", "world"), Naming(b"secret", "other")]))
def test_another_world_or_another_secret_has_other_names(request, naming):
    assert NAMING.answer(request) != naming.answer(request)


@given(REQUESTS)
def test_a_name_shows_neither_tenant_nor_question_and_is_no_index(request):
    name = NAMING.answer(replace(request, tenant="acme", model="confidential"))
    assert "acme" not in name
    assert "confidential" not in name
    assert name != NAMING.index("acme")
    assert len(name) < 200


@pytest.mark.parametrize(
    ("request_", "may"),
    [
        (Request(Prompt.of("Why?")), True),
        (Request(Prompt.of("Why?", Sampling(seed=7))), True),
        (Request(Prompt.of("Why?", Sampling(temperature=0.1))), False),
        (Request(Prompt.of("Why?"), control=Control(fresh=True)), False),
    ],
    ids=["greedy", "seeded", "sampled", "to be fresh"],
)
def test_what_is_drawn_or_wanted_fresh_is_not_taken_from_what_is_kept(request_, may):
    assert repeatable(request_) == may


def test_an_answer_for_want_of_a_better_one_is_not_kept():
    whole = verdict()
    assert complete(whole)
    lost = Failure("ada", Cause.TIMEOUT, "late")
    assert not complete(replace(whole, replies=(*whole.replies, lost)))
    assert not complete(replace(whole, notes=("the vote stands",)))
    assert not complete(replace(whole, age=3.0))
